// SPDX-License-Identifier: Apache-2.0
import { equalBytes, fromUtf8, utf8 } from './bytes.ts';
import { fail } from './errors.ts';
import { need } from './need.ts';

/** What may stand in signed JSON: no floats, no undefined, no lone surrogates (docs/formats.md). */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** Deepest nesting of JSON that is signed or stored. */
export const MAX_JSON_DEPTH = 16;

/**
 * Canonical JSON (RFC 8785) under the closed rules of the formats: strings without lone surrogates, safe integers,
 * booleans, null, arrays and plain objects, depth at most 16.
 * @throws {FORMAT_INVALID} for any other value
 */
export function jcs(value: unknown): string {
  return write(value, 0);
}

/** The UTF-8 bytes of {@link jcs}. */
export function jcsBytes(value: unknown): Uint8Array {
  return utf8(jcs(value));
}

/**
 * Parses bytes that must be canonical JSON. Comparing with the re-encoding refuses duplicate keys, white space, other
 * number spellings and key orders in one step.
 * @throws {FORMAT_INVALID} when the bytes are anything but canonical
 */
export function parseJcs(bytes: Uint8Array): JsonValue {
  // Before the parser makes an object for every bracket.
  if (nesting(bytes) > MAX_JSON_DEPTH + 1) throw tooDeep();
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytes));
  } catch {
    throw fail('FORMAT_INVALID', 'the bytes are not JSON');
  }
  need(
    'INV-JCS-CANONICAL',
    equalBytes(jcsBytes(value), bytes),
    'FORMAT_INVALID',
    'the JSON is not in canonical form (RFC 8785)',
  );
  return value as JsonValue;
}

function write(value: unknown, depth: number): string {
  if (depth > MAX_JSON_DEPTH) throw tooDeep();
  if (value === null || value === true || value === false) return String(value);
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return integer(value);
  // `Array.from` visits holes, which `map` would leave out of the text.
  if (Array.isArray(value)) {
    return `[${Array.from(value, (item) => write(item, depth + 1)).join(',')}]`;
  }
  if (typeof value === 'object' && isPlain(value)) return object(value, depth);
  throw fail('FORMAT_INVALID', `a ${typeof value} cannot stand in canonical JSON`);
}

/** Containers inside each other at the deepest place, or one more than are allowed: no need to look further then. */
function nesting(bytes: Uint8Array): number {
  let [depth, deepest, inText] = [0, 0, false];
  for (let at = 0; at < bytes.length && deepest <= MAX_JSON_DEPTH + 1; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) inText = !inText;
    else if (inText) at += byte === BACKSLASH ? 1 : 0;
    else if (byte === BRACKET || byte === BRACE) deepest = Math.max(deepest, ++depth);
    else if (byte === BRACKET + 2 || byte === BRACE + 2) depth--;
  }
  return deepest;
}

const [QUOTE, BACKSLASH, BRACKET, BRACE] = [0x22, 0x5c, 0x5b, 0x7b];

function tooDeep(): Error {
  return fail('FORMAT_INVALID', `JSON is nested more than ${MAX_JSON_DEPTH} levels deep`);
}

function object(value: object, depth: number): string {
  const record = value as Record<string, unknown>;
  // RFC 8785 section 3.2.3: keys are ordered by UTF-16 code units, which is what `sort` does.
  const keys = Object.keys(record).sort();
  return `{${keys.map((key) => `${quote(key)}:${write(record[key], depth + 1)}`).join(',')}}`;
}

function quote(text: string): string {
  if (!text.isWellFormed()) throw fail('FORMAT_INVALID', 'a text holds a lone surrogate');
  return JSON.stringify(text);
}

function integer(value: number): string {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
    throw fail('FORMAT_INVALID', 'a number is not a safe integer');
  }
  return String(value);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
