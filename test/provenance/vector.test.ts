// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { concat, hex } from '../../src/core/index.ts';
import {
  decodeVector,
  dot,
  encodeVector,
  quantise,
  similarity,
  vectorBytes,
} from '../../src/provenance/vector.ts';
import { fc } from '../support/property.ts';
import { expectRefusal } from '../support/tampering.ts';

const bytesOf = (x: readonly number[]): string => hex(encodeVector(quantise(Float32Array.from(x))));

/**
 * Computed by another implementation of the definition (Python floats). The vectors with ties have length 128, so that
 * normalising them is exact and the ties are real.
 */
const FROZEN: readonly [string, readonly number[], string][] = [
  ['one direction', [1, 0, 0, 0], '0402013c7f000000'],
  ['its opposite', [-1, 0, 0, 0], '0402013c81000000'],
  ['minus zero becomes zero', [1, -0, 0, -0], '0402013c7f000000'],
  ['length does not count', [1e-30, 0, 0, 1e-30], 'd771b63b7f00007f'],
  ['nor when it is huge', [3e38, 0, 0, 3e38], 'd771b63b7f00007f'],
  ['nor when it is the smallest', [2 ** -149, 0, 0, 2 ** -149], 'd771b63b7f00007f'],
  [
    'ties go to the even neighbour',
    [127, 0.5, 1.5, 2.5, 15.5, 2, 1, 1],
    '0000003c7f00020210020101',
  ],
  ['below zero too', [-127, -0.5, -1.5, -2.5, -15.5, 2, 1, 1], '0000003c8100fefef0020101'],
  ['near ties go to the near neighbour', [127, 0.50001, 1.49999, 2.50001], '10f9003c7f010103'],
  ['the ends are 127 and -127', [1, -1, 0.5, -0.5], 'f92ea33b7f8140c0'],
];

describe('quantising', () => {
  it.each(FROZEN)('%s', (_name, x, expected) => {
    expect(bytesOf(x)).toBe(expected);
  });

  it.each([
    ['the zero vector', [0, 0]],
    ['minus zero alone', [-0, -0]],
    ['NaN', [1, Number.NaN]],
    ['infinity', [1, Number.POSITIVE_INFINITY]],
    ['minus infinity', [Number.NEGATIVE_INFINITY, 1]],
    ['a number that overflows float32', [1e39, 1]],
    ['a number that underflows float32 alone', [1e-50, 0]],
    ['nothing', []],
  ])('INV-VECTOR-FINITE: refuses %s', (_name, x) => {
    expectRefusal(() => quantise(Float32Array.from(x)), 'VECTOR_INVALID');
  });

  it('keeps direction: the quantised vector is within half a step of the normalised one', () => {
    const number = fc.float({ min: -100, max: 100, noNaN: true });
    fc.assert(
      fc.property(fc.array(number, { minLength: 1, maxLength: 32 }), (list) => {
        const x = Float32Array.from(list);
        const length = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
        fc.pre(length > 1e-3);
        const { scale, q } = quantise(x);
        expect(Math.max(...Array.from(q, Math.abs))).toBe(127);
        for (const [i, value] of x.entries()) {
          const error = Math.abs(value / length - scale * (q[i] as number));
          expect(error).toBeLessThanOrEqual(scale * 0.5 + 1e-6);
        }
      }),
    );
  });

  it('of the same numbers gives the same bytes, whatever they are scaled by a power of two', () => {
    const number = fc.float({ min: -2, max: 2, noNaN: true });
    fc.assert(
      fc.property(fc.array(number, { minLength: 1, maxLength: 16 }), (list) => {
        fc.pre(list.some((value) => Math.abs(value) > 1e-3));
        const kept = list.map((value) => (Math.abs(value) > 1e-3 ? value : 0));
        expect(bytesOf(kept.map((value) => value * 64))).toBe(bytesOf(kept));
      }),
    );
  });
});

describe('stored vectors', () => {
  const stored = encodeVector(quantise(Float32Array.of(3, -4, 0, 0)));

  it('give back what was stored, also from the middle of a buffer', () => {
    const { scale, q } = decodeVector(concat(Uint8Array.of(9), stored).subarray(1), 4);
    expect([...q]).toEqual([95, -127, 0, 0]);
    expect(scale).toBe(Math.fround(0.8 / 127));
    expect(encodeVector({ scale, q })).toEqual(stored);
    expect(vectorBytes(256)).toBe(260);
  });

  it.each([
    ['three dimensions', () => stored.subarray(0, 7)],
    ['five dimensions', () => concat(stored, Uint8Array.of(0))],
    ['nothing', () => new Uint8Array(0)],
    ['a scale alone', () => stored.subarray(0, 4)],
  ])('INV-VECTOR-DIMS: are refused with %s instead of four', (_name, bytes) => {
    expectRefusal(() => decodeVector(bytes(), 4), 'VECTOR_INVALID');
  });

  it.each([
    ['a scale of zero', [0, 0, 0, 0, 1, 1, 1, 1]],
    ['a scale of minus zero', [0, 0, 0, 0x80, 1, 1, 1, 1]],
    ['a negative scale', [0, 0, 0x80, 0xbf, 1, 1, 1, 1]],
    ['an infinite scale', [0, 0, 0x80, 0x7f, 1, 1, 1, 1]],
    ['a scale that is no number', [0, 0, 0xc0, 0x7f, 1, 1, 1, 1]],
    ['a number of -128', [0, 0, 0x80, 0x3f, 1, 0x80, 1, 1]],
  ])('INV-VECTOR-STORED: are refused with %s', (_name, bytes) => {
    expectRefusal(() => decodeVector(Uint8Array.from(bytes), 4), 'VECTOR_INVALID');
  });
});

describe('similarity', () => {
  it('is the product of the scales, then of the exact integer sum', () => {
    const [a, b] = [quantise(Float32Array.of(1, 2, 3)), quantise(Float32Array.of(-3, 1, 2))];
    expect(dot(a.q, b.q)).toBe(a.q.reduce((sum, x, i) => sum + x * (b.q[i] as number), 0));
    expect(similarity(a, b)).toBe(a.scale * b.scale * dot(a.q, b.q));
    expect(similarity(a, a)).toBeCloseTo(1, 2);
  });
});
