// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { concat, isStrongroomError, utf8 } from '../../../src/core/index.ts';
import { utf8Index } from '../../../src/ingest/parse/byte-index.ts';
import { decodeSource } from '../../../src/ingest/parse/decode.ts';
import { fc } from '../../support/property.ts';

const codeOf = (bytes: Uint8Array, limit?: number) => {
  try {
    return decodeSource(bytes, limit).text;
  } catch (error) {
    return isStrongroomError(error) ? error.code : error;
  }
};
const utf16 = (text: string, order: 'le' | 'be') => {
  const bytes = new Uint8Array(Buffer.from(`\ufeff${text}`, 'utf16le'));
  return order === 'le' ? bytes : new Uint8Array(Buffer.from(bytes).swap16());
};

describe('decoding', () => {
  it('reads UTF-8 with or without byte-order mark', () => {
    expect(decodeSource(utf8('naïve 😀')).text).toBe('naïve 😀');
    const marked = decodeSource(utf8('\ufeffnaïve 😀'));
    expect(marked.text).toBe('naïve 😀');
    expect([0, 2, 3, 5, 6, 8].map(marked.byteAt)).toEqual([3, 5, 7, 9, 10, 14]);
  });

  it('reads UTF-16 of either byte order when it has a byte-order mark', () => {
    for (const order of ['le', 'be'] as const) {
      const { text, byteAt } = decodeSource(utf16('naïve 😀', order));
      expect(text).toBe('naïve 😀');
      expect([0, 3, 8].map(byteAt)).toEqual([2, 8, 18]);
    }
  });

  it.each([
    ['a truncated sequence', Uint8Array.of(0x61, 0xc3)],
    ['an overlong form', Uint8Array.of(0xc0, 0xaf)],
    ['an encoded surrogate', Uint8Array.of(0xed, 0xa0, 0x80)],
    ['Latin-1', Uint8Array.of(0x63, 0x61, 0x66, 0xe9)],
    ['a NUL', utf8('a\0b')],
    ['UTF-16 without byte-order mark', utf16('abc', 'le').subarray(2)],
    ['half a unit of UTF-16', utf16('abc', 'le').subarray(0, 5)],
    ['a lone surrogate of UTF-16', concat(utf16('a', 'le'), Uint8Array.of(0, 0xd8))],
    ['UTF-32', Uint8Array.of(0xff, 0xfe, 0, 0, 0x61, 0, 0, 0)],
    ['a tenth of control bytes', utf8('12345678\x01\x02')],
    ['a PNG header', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)],
  ])('refuses %s as binary', (_, bytes) => {
    expect(codeOf(bytes)).toBe('SOURCE_BINARY');
  });

  it('accepts text with a few control characters', () => {
    expect(codeOf(utf8('a line with \x1b[31mcolour\x1b[0m in it'))).toContain('colour');
  });

  it.each([
    ['nothing', ''],
    ['a byte-order mark', '\ufeff'],
    ['white space', ' \t\r\n\f\u00a0\u2003\n'],
  ])('refuses a file of %s as empty', (_, text) => {
    expect(codeOf(utf8(text))).toBe('SOURCE_EMPTY');
  });

  it('refuses more bytes than the limit, and no fewer', () => {
    expect(codeOf(utf8('12345'), 5)).toBe('12345');
    expect(codeOf(utf8('123456'), 5)).toBe('SOURCE_TOO_LARGE');
  });

  it('finds the byte of every offset', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => {
        const byteAt = utf8Index(text, 3);
        for (let offset = 0; offset <= text.length; offset += 7) {
          const before = text.slice(0, offset);
          const isInPair = /[\ud800-\udbff]$/.test(before);
          if (!isInPair) expect(byteAt(offset)).toBe(3 + utf8(before).length);
        }
      }),
    );
  });
});
