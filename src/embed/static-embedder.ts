// SPDX-License-Identifier: Apache-2.0
import { setImmediate } from 'node:timers/promises';
import { fail, hex, jcsBytes, sha256 } from '../core/index.ts';
import type { Embedder, EmbedderIdentity, EmbedOptions } from './embedder.ts';
import {
  STATIC_DIMS,
  STATIC_FILES,
  STATIC_SPACE,
  type StaticModel,
  staticModel,
} from './static-model.ts';

/** Tokens taken of one text. */
const MAX_TOKENS = 1024;
/** Texts between two turns of the event loop: some 10 ms. */
const SLICE = 64;

/** Everything that decides a vector. */
const PARAMETERS = {
  algorithm: 'sr/static-embedder/v1: sum of the rows of all tokens, in order, in float32',
  dims: STATIC_DIMS,
  maxTokens: MAX_TOKENS,
  tokeniser: 'wordpiece uncased, no control tokens, words of at most 100 code points',
  files: STATIC_FILES,
};

const IDENTITY: EmbedderIdentity = {
  space: STATIC_SPACE,
  model: { id: 'strongroom-static-256-v1', sha256: hex(sha256(jcsBytes(PARAMETERS))) },
  dims: STATIC_DIMS,
  dtype: 'i8',
};

/** Where the model lies. */
export interface StaticEmbedderOptions {
  /** Folder with the model's files; default the one in this package. */
  readonly folder?: string;
}

/**
 * The built-in model: a table with one vector of 256 signed bytes for each of 30,522 word pieces, trained so that the
 * sum over a text points where the sentence model all-MiniLM-L6-v2 puts it. Offline, without other packages, some
 * thousand passages a second on one core; finds meaning across words, which feature hashing cannot. models/static-256
 * holds the files and their model card, docs/quality.md what it is worth.
 *
 * The order of words does not count, nor do letters beyond the vocabulary: a text without any known or unknown word, as
 * the empty one, gets the last unit vector, which almost no text is near to. Words count alike in questions and
 * passages. The files are read and checked when the first text comes. All work is done on the calling thread, in slices
 * of 64 texts.
 *
 * Both calls also throw {@link MODEL_MISSING} and {@link MODEL_INVALID} when the model's files are absent or altered.
 */
export function staticEmbedder({ folder }: StaticEmbedderOptions = {}): Embedder {
  return {
    identity: IDENTITY,
    async embedDocuments(texts, { signal }: EmbedOptions = {}) {
      const model = await staticModel(folder);
      const vectors: Float32Array[] = [];
      for (const text of texts) {
        if (vectors.length % SLICE === 0) await setImmediate();
        if (signal?.aborted === true) throw fail('ABORTED', 'embedding was cancelled');
        vectors.push(embed(model, text));
      }
      return vectors;
    },
    async embedQuery(text, options) {
      if (options?.signal?.aborted === true) throw fail('ABORTED', 'embedding was cancelled');
      const [vector] = await this.embedDocuments([text], options);
      return vector as Float32Array;
    },
  };
}

function embed({ tokens, table, scales }: StaticModel, text: string): Float32Array {
  const sum = new Float32Array(STATIC_DIMS);
  for (const token of tokens.encode(text, MAX_TOKENS)) {
    const scale = scales[token] as number;
    const row = token * STATIC_DIMS;
    for (let at = 0; at < STATIC_DIMS; at++) {
      sum[at] = (sum[at] as number) + scale * (table[row + at] as number);
    }
  }
  if (sum.every((component) => component === 0)) sum[STATIC_DIMS - 1] = 1;
  return sum;
}
