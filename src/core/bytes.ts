// SPDX-License-Identifier: Apache-2.0
import { timingSafeEqual } from 'node:crypto';
import { fail } from './errors.ts';

/** Lower-case hexadecimal text. */
export type Hex = string;

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8 bytes of a text; lone surrogates become U+FFFD, so check with `isWellFormed` first where that matters. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/**
 * Text of UTF-8 bytes; a byte-order mark is kept as U+FEFF.
 * @throws {FORMAT_INVALID} when the bytes are not valid UTF-8
 */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    throw fail('FORMAT_INVALID', 'the bytes are not valid UTF-8');
  }
}

/** One array holding all parts in order. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/** `u16be(n)`: two bytes, big endian. */
export function u16be(n: number): Uint8Array {
  return Uint8Array.of(n >>> 8, n);
}

/** `u32be(n)`: four bytes, big endian. */
export function u32be(n: number): Uint8Array {
  return Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n);
}

/** `u64be(n)`: eight bytes, big endian, of a safe integer >= 0. @throws {RangeError} for any other number */
export function u64be(n: number): Uint8Array {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError('u64be needs a safe integer >= 0');
  return concat(u32be(Math.floor(n / 2 ** 32)), u32be(n % 2 ** 32));
}

/** Reads a `u16be` at an offset. */
export function readU16(bytes: Uint8Array, offset: number): number {
  return view(bytes).getUint16(offset);
}

/** Reads a `u32be` at an offset. */
export function readU32(bytes: Uint8Array, offset: number): number {
  return view(bytes).getUint32(offset);
}

/** Reads a `u64be` at an offset; values above 2^53 are not representable and give `NaN`. */
export function readU64(bytes: Uint8Array, offset: number): number {
  const value = view(bytes).getBigUint64(offset);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : Number.NaN;
}

/** `LP(x)` = u32be(len) || x, the length prefix of every keyed or hashed field (docs/formats.md). */
export function lp(x: Uint8Array | string): Uint8Array {
  return (typeof x === 'string' ? prefixedAscii(x) : null) ?? prefixed(x);
}

/** Labels and ids are short and ASCII: for these a loop is faster than an encoder, and hashing begins with many. */
function prefixedAscii(text: string): Uint8Array | null {
  if (text.length > 128) return null;
  const out = new Uint8Array(4 + text.length);
  out[3] = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return null;
    out[4 + i] = code;
  }
  return out;
}

function prefixed(x: Uint8Array | string): Uint8Array {
  const bytes = typeof x === 'string' ? utf8(x) : x;
  const { length } = bytes;
  const out = new Uint8Array(4 + length);
  out[0] = length >>> 24;
  out[1] = length >>> 16;
  out[2] = length >>> 8;
  out[3] = length;
  out.set(bytes, 4);
  return out;
}

/** Lower-case hex of bytes. */
export function hex(bytes: Uint8Array): Hex {
  return view8(bytes).toString('hex');
}

/** Bytes of lower-case hex, or null when the text is not exactly that. */
export function fromHex(text: string): Uint8Array | null {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) return null;
  return new Uint8Array(Buffer.from(text, 'hex'));
}

/** Standard base64 with padding. */
export function base64(bytes: Uint8Array): string {
  return view8(bytes).toString('base64');
}

/** Bytes of standard, padded, canonical base64, or null; the url-safe alphabet is refused. */
export function fromBase64(text: string): Uint8Array | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? new Uint8Array(bytes) : null;
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** RFC 4648 base32, lower case, without padding. */
export function base32(bytes: Uint8Array): string {
  let out = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += BASE32.charAt((value >>> bits) & 31);
    }
  }
  return bits > 0 ? out + BASE32.charAt((value << (5 - bits)) & 31) : out;
}

/** Equality in constant time for equal lengths; false for different lengths. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Bytewise order: negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}

/** Order of two strings by their UTF-8 bytes. */
export function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function view8(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
