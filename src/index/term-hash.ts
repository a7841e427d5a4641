// SPDX-License-Identifier: Apache-2.0
import type { Random } from '../core/index.ts';

/** The secret of one index's hash tables. Documents are hostile: with a public hash they could make tables crawl. */
export interface TermHashKey {
  readonly k0: number;
  readonly k1: number;
}

/** A fresh key. It decides where a term stands in a table and nothing that is ever visible. */
export function newTermHashKey(random: Random): TermHashKey {
  const bytes = random.bytes(8);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  return { k0: view.getUint32(0, true), k1: view.getUint32(4, true) };
}

/**
 * HalfSipHash-2-4 with 32 bits of output (Aumasson and Bernstein, "SipHash: a fast short-input PRF", and its reference
 * code): the keyed hash for hash tables on 32-bit words. Unsigned.
 */
export function halfSipHash({ k0, k1 }: TermHashKey, bytes: Uint8Array): number {
  let v0 = k0;
  let v1 = k1;
  let v2 = 0x6c796765 ^ k0;
  let v3 = 0x74656462 ^ k1;
  const words = bytes.length >>> 2;
  // Each step takes in one word and mixes twice: all words, the last bytes with the length, two empty steps to finish.
  for (let step = 0; step < words + 3; step++) {
    const m = step < words ? wordAt(bytes, step * 4) : step === words ? lastWord(bytes) : 0;
    if (step === words + 1) v2 ^= 0xff;
    v3 ^= m;
    for (let round = 0; round < 2; round++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    v0 ^= m;
  }
  return (v1 ^ v3) >>> 0;
}

/** Four bytes from an offset, little endian; bytes past the end count as zero. */
function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}

/** The bytes that fill no word, below the length modulo 256. */
function lastWord(bytes: Uint8Array): number {
  return wordAt(bytes, bytes.length & ~3) | (bytes.length << 24);
}
