// SPDX-License-Identifier: Apache-2.0
import { type Embedder, hashEmbedder } from '../../src/embed/index.ts';

/** An embedder that counts the passages it is given. */
export interface CountingEmbedder extends Embedder {
  passages: number;
}

/** The embedder of hashed features, counting. */
export function countingEmbedder(): CountingEmbedder {
  const inner = hashEmbedder();
  return {
    identity: inner.identity,
    passages: 0,
    embedDocuments(texts, options) {
      this.passages += texts.length;
      return inner.embedDocuments(texts, options);
    },
    embedQuery: (text, options) => inner.embedQuery(text, options),
  };
}
