// SPDX-License-Identifier: Apache-2.0
import { concat } from '../core/index.ts';

/** Numbers up to which a chunk is a list; with more it is a bitmap, which is then shorter. */
const LIST = 4096;
/** "No run containers" (RoaringFormatSpec, section "Cookie header"). */
const COOKIE = 12346;

/**
 * Numbers of 32 bits, strictly ascending, in the portable Roaring format (RoaringFormatSpec of the Roaring bitmap
 * project): for each upper half in use its lower halves, as a list of 16-bit numbers or as a bitmap of 8 KiB.
 */
export function roaring(numbers: readonly number[]): Uint8Array {
  const chunks = [...Map.groupBy(numbers, (n) => n >>> 16)];
  const head = new DataView(new ArrayBuffer(8 + 8 * chunks.length));
  head.setUint32(0, COOKIE, true);
  head.setUint32(4, chunks.length, true);
  let offset = head.byteLength;
  const bodies = chunks.map(([key, members], at) => {
    const body = members.length > LIST ? bitmapOf(members) : listOf(members);
    head.setUint16(8 + 4 * at, key, true);
    head.setUint16(10 + 4 * at, members.length - 1, true);
    head.setUint32(8 + 4 * chunks.length + 4 * at, offset, true);
    offset += body.length;
    return body;
  });
  return concat(new Uint8Array(head.buffer), ...bodies);
}

function listOf(numbers: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * numbers.length));
  numbers.forEach((n, at) => view.setUint16(2 * at, n & 0xffff, true));
  return new Uint8Array(view.buffer);
}

function bitmapOf(numbers: readonly number[]): Uint8Array {
  const bits = new Uint8Array(8192);
  for (const n of numbers) {
    const at = (n & 0xffff) >>> 3;
    bits[at] = (bits[at] as number) | (1 << (n & 7));
  }
  return bits;
}
