// SPDX-License-Identifier: Apache-2.0
import { fail } from '../../core/index.ts';
import { type ByteIndex, utf16Index, utf8Index } from './byte-index.ts';
import { MAX_SOURCE_BYTES } from './document.ts';

/** A decoded file, without its byte-order mark. */
export interface SourceText {
  /** Well-formed Unicode with the file's own line ends. */
  readonly text: string;
  /** Byte offset in the file of an offset in `text`. */
  readonly byteAt: ByteIndex;
}

// A tenth: text with terminal escapes or form feeds stays far below it.
const MAX_CONTROL_SHARE = 0.1;

/**
 * Decodes a file: UTF-8, with or without byte-order mark, or UTF-16 with one.
 * @throws {SOURCE_TOO_LARGE} when it has more than `maxBytes` bytes
 * @throws {SOURCE_EMPTY} when it holds nothing or white space only
 * @throws {SOURCE_BINARY} when it is not valid in its encoding, holds a NUL, or is a tenth of control characters
 */
export function decodeSource(bytes: Uint8Array, maxBytes = MAX_SOURCE_BYTES): SourceText {
  if (bytes.length > maxBytes) {
    throw fail('SOURCE_TOO_LARGE', 'a file is larger than the limit', {
      bytes: bytes.length,
      limit: maxBytes,
    });
  }
  const encoding = encodingOf(bytes);
  const text = decode(bytes.subarray(encoding.lead), encoding.name);
  if (isBinary(text)) throw fail('SOURCE_BINARY', 'a file holds control bytes as binary files do');
  if (!/\S/.test(text)) throw fail('SOURCE_EMPTY', 'a file holds no text');
  const byteAt = encoding.name === 'utf-8' ? utf8Index(text, encoding.lead) : utf16Index;
  return { text, byteAt };
}

interface Encoding {
  readonly name: 'utf-8' | 'utf-16le' | 'utf-16be';
  /** Bytes of the byte-order mark. */
  readonly lead: number;
}

function encodingOf(bytes: Uint8Array): Encoding {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { name: 'utf-16le', lead: 2 };
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return { name: 'utf-16be', lead: 2 };
  const isMarked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return { name: 'utf-8', lead: isMarked ? 3 : 0 };
}

function decode(bytes: Uint8Array, encoding: Encoding['name']): string {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw fail('SOURCE_BINARY', 'a file is not text in UTF-8, or in UTF-16 with a byte-order mark');
  }
}

function isBinary(text: string): boolean {
  let controls = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0) return true;
    if (unit < 0x20 && (unit < 0x09 || unit > 0x0d)) controls++;
  }
  return controls > text.length * MAX_CONTROL_SHARE;
}
