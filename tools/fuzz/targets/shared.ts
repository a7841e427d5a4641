// SPDX-License-Identifier: Apache-2.0
import { compareBytes, concat, lp, readU32, utf8 } from '../../../src/core/index.ts';
import { Broken, type Target } from '../engine.ts';
import { PARSERS, type TargetName } from '../parsers.ts';

/** A target without what is known from its name. */
export type TargetOf = Omit<Target, 'name' | 'parser'>;

/** A target of a name. */
export function target(name: TargetName, rest: TargetOf): Target {
  return { name, parser: PARSERS[name], ...rest };
}

/** Demands something of a value that was accepted. */
export function promise(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Broken(what);
}

/** Demands that what was parsed is written as it was read. */
export function promiseSame(written: Uint8Array, read: Uint8Array): void {
  promise(compareBytes(written, read) === 0, 'accepted bytes are not written again as they were');
}

/** JSON as a seed. */
export function jsonSeed(value: unknown): Uint8Array {
  return utf8(JSON.stringify(value));
}

/** Several byte strings in one input. */
export function packed(...parts: readonly Uint8Array[]): Uint8Array {
  return concat(...parts.map((part) => lp(part)));
}

/** The byte strings of an input, however damaged: a length that is too long ends with the input. */
export function unpacked(input: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < input.length;) {
    const length = at + 4 <= input.length ? readU32(input, at) : 0;
    parts.push(input.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return parts;
}

/** Text of an input; invalid UTF-8 becomes U+FFFD. */
export function textOf(input: Uint8Array): string {
  return new TextDecoder().decode(input);
}
