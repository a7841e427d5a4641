// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto';
import { concat } from './bytes.ts';

/** SHA-256, 32 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(32);
  setDigest('sha256', data, out, 0);
  return out;
}

/** HMAC-SHA-256 (RFC 2104), 32 bytes. */
export function hmac(key: Uint8Array, data: Uint8Array): Uint8Array {
  return mac('sha256', key, data);
}

/**
 * HKDF-Expand alone (RFC 5869 section 2.3). Node's `hkdfSync` always extracts first, so it cannot be used here.
 * @param length wanted bytes, at most 255 hash lengths
 * @throws {RangeError} above
 */
export function hkdfExpand(
  algorithm: MacAlgorithm,
  key: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const hashLength = algorithm === 'sha256' ? 32 : 64;
  if (length > 255 * hashLength) throw new RangeError('HKDF-Expand: too many bytes wanted');
  const out = new Uint8Array(length);
  let block: Uint8Array = new Uint8Array(0);
  for (let offset = 0, i = 1; offset < length; offset += hashLength, i++) {
    block = mac(algorithm, key, concat(block, info, Uint8Array.of(i)));
    out.set(block.subarray(0, Math.min(hashLength, length - offset)), offset);
  }
  return out;
}

type MacAlgorithm = 'sha256' | 'sha512';

/**
 * HMAC from two one-shot hashes. Node's `createHmac` makes a key object for every call, which costs three times as much
 * as the hashing of a short message; ingestion computes four for each chunk. Wycheproof's vectors check this one.
 */
function mac(algorithm: MacAlgorithm, key: Uint8Array, data: Uint8Array): Uint8Array {
  const width = algorithm === 'sha256' ? 64 : 128;
  const length = algorithm === 'sha256' ? 32 : 64;
  let short = key;
  if (key.length > width) setDigest(algorithm, key, (short = new Uint8Array(length)), 0);
  const inner = new Uint8Array(width + data.length).fill(0x36, 0, width);
  const outer = new Uint8Array(width + length).fill(0x5c, 0, width);
  for (let i = 0; i < short.length; i++) {
    inner[i] = 0x36 ^ (short[i] as number);
    outer[i] = 0x5c ^ (short[i] as number);
  }
  inner.set(data, width);
  setDigest(algorithm, inner, outer, width);
  const out = new Uint8Array(length);
  setDigest(algorithm, outer, out, 0);
  return out;
}

/** Hashes into an array: a digest as text and its copy cost half of the buffer that Node makes for one. */
function setDigest(algorithm: MacAlgorithm, data: Uint8Array, out: Uint8Array, at: number): void {
  const digest = hash(algorithm, data, 'binary');
  for (let i = 0; i < digest.length; i++) out[at + i] = digest.charCodeAt(i);
}
