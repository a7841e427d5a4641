// SPDX-License-Identifier: Apache-2.0
// What every built-in embedder promises, whatever it knows of a text.
import { describe, expect, it } from 'vitest';
import { hex, sha256 } from '../../src/core/index.ts';
import type { Embedder } from '../../src/embed/index.ts';
import { quantise, similarity } from '../../src/provenance/index.ts';
import { fc } from '../support/property.ts';
import { expectRejection } from '../support/tampering.ts';

const TEXTS = [
  'Encrypting buckets with s3:GetObject and customer managed keys, encrypting again.',
  'Žluťoučký kůň, नमस्ते, 東京都の天気',
  'what is the',
  '→ !!',
  '',
];

/** Similarity of two texts as an embedder's stored vectors have it. */
export async function likeness(embedder: Embedder, a: string, b: string): Promise<number> {
  const [x, y] = await embedder.embedDocuments([a, b]);
  return similarity(quantise(x as Float32Array), quantise(y as Float32Array));
}

/**
 * @param digests the first 16 hex digits of SHA-256 over the vector of each of five texts; null for a model whose low bits
 *   are the machine's
 * @param options `isMixed`: questions go through another model than passages
 */
export function describeEmbedder(
  name: string,
  embedder: Embedder,
  digests: readonly string[] | null,
  { isMixed = false }: { readonly isMixed?: boolean } = {},
): void {
  describe(`${name}, as every embedder,`, () => {
    it.skipIf(digests === null)('gives the vectors that its digest stands for', async () => {
      const vectors = await embedder.embedDocuments(TEXTS);
      const found = vectors.map((v) => hex(sha256(new Uint8Array(v.buffer))).slice(0, 16));
      expect(found).toEqual(digests);
    });

    it('gives the same vector alone, in a batch and as a question', async () => {
      const texts = Array.from({ length: 150 }, (_, at) => `text ${at % 75} of the batch`);
      const batch = await embedder.embedDocuments(texts);
      expect(batch.slice(0, 75)).toEqual(batch.slice(75));
      const question = await embedder.embedQuery(texts[149] as string);
      if (isMixed) expect(question).not.toEqual(batch[149]);
      else expect(question).toEqual(batch[149]);
      expect(await embedder.embedQuery(texts[149] as string)).toEqual(question);
      expect(await embedder.embedDocuments([])).toEqual([]);
    });

    it('gives every text a vector that can be stored', async () => {
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 100 }), async (text) => {
          const vector = await embedder.embedQuery(text);
          expect(vector).toHaveLength(embedder.identity.dims);
          expect(quantise(vector).scale).toBeGreaterThan(0);
        }),
      );
    });

    it('stops when it is told to', async () => {
      const signal = AbortSignal.abort();
      await expectRejection(embedder.embedDocuments(['a'], { signal }), 'ABORTED');
      await expectRejection(embedder.embedQuery('a', { signal }), 'ABORTED');
    });
  });
}
