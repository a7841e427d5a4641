// SPDX-License-Identifier: Apache-2.0
import { fc } from '../support/property.ts';
import { describe, expect, it } from 'vitest';
import {
  base32,
  base64,
  compareBytes,
  compareUtf8,
  concat,
  equalBytes,
  fromBase64,
  fromHex,
  fromUtf8,
  hex,
  lp,
  readU16,
  readU32,
  readU64,
  u16be,
  u32be,
  u64be,
  utf8,
} from '../../src/core/index.ts';
import { expectRefusal } from '../support/tampering.ts';

const bytes = fc.uint8Array({ maxLength: 64 });

describe('hex', () => {
  it('gives back every byte array', () => {
    fc.assert(
      fc.property(bytes, (x) => {
        expect(fromHex(hex(x))).toEqual(x);
      }),
    );
  });

  it.each(['A0', '0', 'a0 ', ' a0', '0x10', 'g0', 'a\n', '\u0661\u0661', 'a0\u0000'])(
    'refuses %j, which is not lower-case hex',
    (text) => {
      expect(fromHex(text)).toBeNull();
    },
  );

  it('reads the empty text as no bytes', () => {
    expect(fromHex('')).toEqual(new Uint8Array(0));
  });
});

describe('base64', () => {
  it('gives back every byte array', () => {
    fc.assert(
      fc.property(bytes, (x) => {
        expect(fromBase64(base64(x))).toEqual(x);
      }),
    );
  });

  it.each([
    ['url-safe letters', '-_-_'],
    ['missing padding', 'YQ'],
    ['half of the padding', 'YQ='],
    ['too much padding', 'YQ==='],
    ['padding in the middle', 'YQ==YQ=='],
    ['bits left over in the last letter', 'YR=='],
    ['a line break', 'YWJj\n'],
    ['a space', 'YW Jj'],
    ['other characters', 'YW*j'],
  ])('refuses %s', (_name, text) => {
    expect(fromBase64(text)).toBeNull();
  });

  it('accepts only one spelling of any bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii', maxLength: 12 }), (text) => {
        const decoded = fromBase64(text);
        expect(decoded === null || base64(decoded) === text).toBe(true);
      }),
    );
  });
});

describe('base32', () => {
  it.each([
    ['', ''],
    ['f', 'my'],
    ['fo', 'mzxq'],
    ['foo', 'mzxw6'],
    ['foob', 'mzxw6yq'],
    ['fooba', 'mzxw6ytb'],
    ['foobar', 'mzxw6ytboi'],
  ])('writes %j of RFC 4648 section 10 as %j', (text, encoded) => {
    expect(base32(utf8(text))).toBe(encoded);
  });

  it('is the bit string in groups of five', () => {
    const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
    const bitwise = (x: Uint8Array): string => {
      const bits = [...x].map((byte) => byte.toString(2).padStart(8, '0')).join('');
      const groups = bits.match(/.{1,5}/g) ?? [];
      return groups.map((group) => alphabet[Number.parseInt(group.padEnd(5, '0'), 2)]).join('');
    };
    fc.assert(
      fc.property(bytes, (x) => {
        expect(base32(x)).toBe(bitwise(x));
      }),
    );
  });
});

describe('integers', () => {
  it.each([
    [0, '0000000000000000'],
    [255, '00000000000000ff'],
    [2 ** 32 - 1, '00000000ffffffff'],
    [2 ** 32, '0000000100000000'],
    [Number.MAX_SAFE_INTEGER, '001fffffffffffff'],
  ])('writes %d as u64be and reads it back', (n, text) => {
    expect(hex(u64be(n))).toBe(text);
    expect(readU64(u64be(n), 0)).toBe(n);
  });

  it.each([-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])('has no u64be for %d', (n) => {
    expect(() => u64be(n)).toThrow(RangeError);
  });

  it('reads a u64be above 2^53 as NaN instead of rounding it', () => {
    expect(readU64(Uint8Array.of(0, 0x20, 0, 0, 0, 0, 0, 0), 0)).toBeNaN();
    expect(readU64(new Uint8Array(8).fill(0xff), 0)).toBeNaN();
  });

  it('reads at an offset of a view into a larger buffer', () => {
    const outer = concat(Uint8Array.of(9, 9, 9), u16be(258), u32be(0xfffefdfc), u64be(2 ** 40));
    const inner = outer.subarray(3);
    expect(readU16(inner, 0)).toBe(258);
    expect(readU32(inner, 2)).toBe(0xfffefdfc);
    expect(readU64(inner, 6)).toBe(2 ** 40);
  });

  it('does not read behind the end', () => {
    expect(() => readU32(new Uint8Array(3), 0)).toThrow(RangeError);
  });
});

describe('texts', () => {
  it('keeps a byte-order mark', () => {
    expect(fromUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa');
  });

  it.each([
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a code point above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a lonely continuation', [0x80]],
    ['a cut sequence', [0xe2, 0x82]],
  ])('refuses %s, which is not UTF-8', (_name, octets) => {
    expectRefusal(() => fromUtf8(Uint8Array.from(octets)), 'FORMAT_INVALID');
  });

  it('prefixes the length in bytes, not in characters', () => {
    expect(hex(lp('é'))).toBe('00000002c3a9');
    expect(lp(utf8('é'))).toEqual(lp('é'));
  });

  it('orders by UTF-8 bytes, which differs from UTF-16 order above the surrogates', () => {
    expect(compareUtf8('\uffff', '\u{10000}')).toBeLessThan(0);
    expect(['\uffff', '\u{10000}'].sort()).toEqual(['\u{10000}', '\uffff']);
  });
});

describe('comparison', () => {
  it('finds bytes equal only with equal length and content', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(equalBytes(a, b)).toBe(hex(a) === hex(b));
        expect(Math.sign(compareBytes(a, b))).toBe(hex(a) < hex(b) ? -1 : hex(a) > hex(b) ? 1 : 0);
      }),
    );
  });
});
