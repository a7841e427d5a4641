// SPDX-License-Identifier: Apache-2.0
// What the embedding models of Amazon Bedrock take and give, as the user guide describes it ("Amazon Titan Text
// Embeddings V2", "Cohere Embed v3", "Cohere Embed v4").
import { z } from 'zod';
import { fail } from '../core/index.ts';
import type { ModelAnswer, TextUse } from './model-embedder.ts';

/** Models that are spoken to in one way. */
export type BedrockFamily = 'titan-v2' | 'cohere-v3' | 'cohere-v4';

/** How to speak to a family. */
export interface BedrockDialect {
  /** Dimensions that it gives by itself. */
  readonly ownDims: number;
  /** Dimensions that can be asked for. */
  readonly dims: readonly number[];
  /** Texts in one call. */
  readonly batch: number;
  readonly maxCharacters: number;
  request(texts: readonly string[], use: TextUse, dims: number): object;
  /** @returns null for an answer that is none of this family */
  answer(body: unknown): ModelAnswer | null;
}

const titanAnswer = z.object({
  embedding: z.array(z.unknown()),
  inputTextTokenCount: z.int().nonnegative(),
});
const vectors = z.array(z.unknown());
const cohereAnswer = z.object({ embeddings: z.union([vectors, z.object({ float: vectors })]) });

function cohere(body: unknown): ModelAnswer | null {
  const parsed = cohereAnswer.safeParse(body);
  if (!parsed.success) return null;
  const { embeddings } = parsed.data;
  return { vectors: Array.isArray(embeddings) ? embeddings : embeddings.float, tokens: null };
}

function cohereRequest(texts: readonly string[], use: TextUse): Record<string, unknown> {
  const input_type = use === 'query' ? 'search_query' : 'search_document';
  return { texts, input_type, truncate: 'END', embedding_types: ['float'] };
}

/** The families. */
export const BEDROCK: Readonly<Record<BedrockFamily, BedrockDialect>> = {
  'titan-v2': {
    ownDims: 1024,
    dims: [1024, 512, 256],
    batch: 1,
    maxCharacters: 50_000,
    request: ([inputText], _, dimensions) => ({ inputText, dimensions, normalize: true }),
    answer(body) {
      const parsed = titanAnswer.safeParse(body);
      if (!parsed.success) return null;
      return { vectors: [parsed.data.embedding], tokens: parsed.data.inputTextTokenCount };
    },
  },
  'cohere-v3': {
    ownDims: 1024,
    dims: [1024],
    batch: 96,
    maxCharacters: 2048,
    request: cohereRequest,
    answer: cohere,
  },
  'cohere-v4': {
    ownDims: 1536,
    dims: [1536, 1024, 512, 256],
    batch: 96,
    maxCharacters: 100_000,
    request: (texts, use, dims) => ({ ...cohereRequest(texts, use), output_dimension: dims }),
    answer: cohere,
  },
};

/**
 * The family of a model id, or of the ARN of a foundation model or inference profile.
 * @throws {USAGE} for an id that does not tell it: then it must be named
 */
export function familyOf(model: string): BedrockFamily {
  const id = model.slice(model.lastIndexOf('/') + 1).replace(/^(?:us|eu|apac|global)\./, '');
  if (/^amazon\.titan-embed-text-v2(?::|$)/.test(id)) return 'titan-v2';
  if (/^cohere\.embed-(?:english|multilingual)-v3(?::|$)/.test(id)) return 'cohere-v3';
  if (/^cohere\.embed-v4(?::|$)/.test(id)) return 'cohere-v4';
  throw fail('USAGE', 'the model is none of the known embedding models: name its family');
}

/** The ARN of a model in a Region; an ARN stays what it is. */
export function bedrockArn(model: string, region: string): string {
  if (model.startsWith('arn:')) return model;
  const partition = region.startsWith('cn-')
    ? 'aws-cn'
    : region.startsWith('us-gov-')
      ? 'aws-us-gov'
      : 'aws';
  return `arn:${partition}:bedrock:${region}::foundation-model/${model}`;
}
