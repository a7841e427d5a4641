// SPDX-License-Identifier: Apache-2.0
import { hex, sha256, utf8 } from '../../src/core/index.ts';
import type { Embedder } from '../../src/embed/index.ts';

const DIMS = 8;

/** Vectors of eight components from a digest of the text: enough for tests in which ranking does not matter. */
export function tinyEmbedder(): Embedder {
  const vector = (text: string): Float32Array =>
    Float32Array.from(sha256(utf8(text)).subarray(0, DIMS), (byte) => byte - 127.5);
  return {
    identity: {
      space: 'test/tiny/v1',
      model: { id: 'tiny', sha256: hex(sha256(utf8('tiny'))) },
      dims: DIMS,
      dtype: 'i8',
    },
    embedDocuments: (texts) => Promise.resolve(texts.map(vector)),
    embedQuery: (text) => Promise.resolve(vector(text)),
  };
}
