// SPDX-License-Identifier: Apache-2.0
import { fail } from '../core/index.ts';

/** NaN, above all, must not pass for no limit. @throws {USAGE} unless a value is a whole number in 1..max */
export function checkRange(name: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return;
  throw fail('USAGE', `${name} must be a whole number in 1..${max}`);
}

/** Whatever was thrown, as an error. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
