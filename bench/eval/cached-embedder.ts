// SPDX-License-Identifier: Apache-2.0
// Vectors of passages kept in a folder between evaluations: a transformer takes minutes for what is read in seconds.
import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { sha256, utf8 } from '../../src/core/index.ts';
import type { Embedder } from '../../src/embed/index.ts';

const KEY_BYTES = 16;

/**
 * The same embedder with the vectors of passages in a file of its model. Questions are embedded anew. The file is appended to
 * after every call, so an evaluation that was stopped goes on from there. One evaluation at a time.
 */
export function cachedEmbedder(embedder: Embedder, folder: string): Embedder {
  const { model, dims } = embedder.identity;
  const file = path.join(folder, `${model.id.replace(/[^a-z0-9.-]/gi, '_')}-${model.sha256}.f32`);
  const known = read(file, dims);
  return {
    ...embedder,
    async embedDocuments(texts, options) {
      const keys = texts.map(keyOf);
      const fresh = texts.filter((_, at) => !known.has(keys[at] as string));
      const made = await embedder.embedDocuments(fresh, options);
      mkdirSync(folder, { recursive: true });
      for (const [at, text] of fresh.entries()) {
        const vector = made[at] as Float32Array;
        known.set(keyOf(text), vector);
        appendFileSync(file, Buffer.concat([keyBytes(text), Buffer.from(vector.buffer)]));
      }
      return keys.map((key) => known.get(key) as Float32Array);
    },
  };
}

function read(file: string, dims: number): Map<string, Float32Array> {
  const known = new Map<string, Float32Array>();
  if (!existsSync(file)) return known;
  const bytes = readFileSync(file);
  const width = KEY_BYTES + 4 * dims;
  // What was being written when an evaluation was stopped.
  if (bytes.length % width > 0) truncateSync(file, bytes.length - (bytes.length % width));
  for (let at = 0; at + width <= bytes.length; at += width) {
    const key = bytes.subarray(at, at + KEY_BYTES).toString('hex');
    const vector = new Uint8Array(bytes.subarray(at + KEY_BYTES, at + width)).buffer;
    known.set(key, new Float32Array(vector));
  }
  return known;
}

function keyBytes(text: string): Uint8Array {
  return sha256(utf8(text.toWellFormed())).subarray(0, KEY_BYTES);
}

function keyOf(text: string): string {
  return Buffer.from(keyBytes(text)).toString('hex');
}
