// SPDX-License-Identifier: Apache-2.0
// What holds for the chunks of every document.
import { expect } from 'vitest';
import { utf8 } from '../../../src/core/index.ts';
import {
  approximateTokens,
  type Chunk,
  type ChunkOptions,
} from '../../../src/ingest/chunk/index.ts';
import type { ParsedDocument } from '../../../src/ingest/parse/index.ts';

/** Checks everything that `chunkDocument` promises. */
export function expectChunks(
  document: ParsedDocument,
  chunks: readonly Chunk[],
  { maxTokens = 320, counter = approximateTokens }: ChunkOptions = {},
): void {
  const bytes = utf8(document.text);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let start = 0;
  let end = 0;
  for (const chunk of chunks) {
    expect(chunk.start).toBeGreaterThanOrEqual(start);
    expect(chunk.end).toBeGreaterThan(chunk.start);
    expect(chunk.end).toBeLessThanOrEqual(bytes.length);
    expect(chunk.end).toBeGreaterThan(end);
    expect(decoder.decode(bytes.subarray(chunk.start, chunk.end))).toBe(chunk.text);
    // A character may count more than the maximum by itself.
    const isSingle = Array.from(chunk.text).length === 1;
    if (!isSingle) expect(counter.count(chunk.text)).toBeLessThanOrEqual(maxTokens);
    if (chunk.start > end) expect(decoder.decode(bytes.subarray(end, chunk.start)).trim()).toBe('');
    expect(chunk.text).toMatch(/\S/);
    expect(chunk.page).toBe(null);
    [start, end] = [chunk.start, chunk.end];
  }
  expect(decoder.decode(bytes.subarray(end)).trim()).toBe('');
}
