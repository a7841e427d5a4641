// SPDX-License-Identifier: Apache-2.0
// What an attacker does to stored bytes, and what a test expects of the refusal.
import { expect } from 'vitest';
import { type ErrorCode, isStrongroomError } from '../../src/core/index.ts';

/** The bytes with one bit turned over; bit 0 is the least significant bit of byte 0. */
export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const out = Uint8Array.from(bytes);
  out[bit >> 3] = (out[bit >> 3] as number) ^ (1 << (bit & 7));
  return out;
}

/** Every version of the bytes with one bit turned over. */
export function* everyBitFlip(bytes: Uint8Array): Generator<Uint8Array> {
  for (let bit = 0; bit < bytes.length * 8; bit++) yield flipBit(bytes, bit);
}

/** Every proper prefix. */
export function* everyTruncation(bytes: Uint8Array): Generator<Uint8Array> {
  for (let length = 0; length < bytes.length; length++) yield bytes.slice(0, length);
}

/** The code of the error that `work` throws, or null when it returns. Errors of other kinds are bugs and pass through. */
export function codeThrownBy(work: () => unknown): ErrorCode | null {
  try {
    work();
  } catch (error) {
    if (isStrongroomError(error)) return error.code;
    throw error;
  }
  return null;
}

/** {@link codeThrownBy} for promises. */
export async function codeRejectedBy(work: Promise<unknown>): Promise<ErrorCode | null> {
  try {
    await work;
  } catch (error) {
    if (isStrongroomError(error)) return error.code;
    throw error;
  }
  return null;
}

/** Expects a typed refusal with exactly this code. */
export function expectRefusal(work: () => unknown, code: ErrorCode): void {
  expect(codeThrownBy(work)).toBe(code);
}

/** Expects a typed rejection with exactly this code. */
export async function expectRejection(work: Promise<unknown>, code: ErrorCode): Promise<void> {
  expect(await codeRejectedBy(work)).toBe(code);
}
