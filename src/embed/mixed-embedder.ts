// SPDX-License-Identifier: Apache-2.0
import { fail } from '../core/index.ts';
import type { Embedder } from './embedder.ts';

/**
 * Two models of one space: one for passages, which are many, and one for questions, which are short. Its identity is that
 * of the model for passages, whose vectors are signed.
 * @throws {USAGE} when their vectors do not compare
 */
export function mixedEmbedder(documents: Embedder, queries: Embedder): Embedder {
  const [a, b] = [documents.identity, queries.identity];
  if (a.space !== b.space || a.dims !== b.dims) {
    throw fail('USAGE', 'the models for passages and for questions have different spaces');
  }
  return {
    identity: a,
    ...(documents.runtime !== undefined && { runtime: documents.runtime }),
    questionsBy: () => b.model.id,
    embedDocuments: (texts, options) => documents.embedDocuments(texts, options),
    embedQuery: (text, options) => queries.embedQuery(text, options),
  };
}
