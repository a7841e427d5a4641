// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { halfSipHash, newTermHashKey } from '../../src/index/term-hash.ts';
import { hashTerm, NO_TERM, TermTable } from '../../src/index/term-table.ts';
import { fc } from '../support/property.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const key = newTermHashKey(new SeededRandom('terms'));

describe('HalfSipHash-2-4', () => {
  // First and last of the vectors of the reference code: key 00..07, message 00 01 02 .. of each length.
  it.each([
    [0, 'a9359f5b'],
    [1, '27475ab8'],
    [2, 'fa62a603'],
    [3, '8afee704'],
    [4, '2a6e4689'],
    [5, 'c5fab669'],
    [7, '8bcf63c5'],
    [8, 'd0b8848f'],
    [63, '59ea4a74'],
  ])('gives the published value for %i bytes', (length, expected) => {
    const message = Uint8Array.from({ length }, (_, at) => at);
    const hash = halfSipHash({ k0: 0x03020100, k1: 0x07060504 }, message);
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(hash);
    expect(bytes.toString('hex')).toBe(expected);
  });

  it('depends on the key', () => {
    const other = newTermHashKey(new SeededRandom('other'));
    expect(hashTerm(key, 'policy').hash).not.toBe(hashTerm(other, 'policy').hash);
  });
});

describe('a term table', () => {
  it('numbers terms in order of arrival and finds exactly those', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.string(), (terms, other) => {
        const table = new TermTable();
        const distinct = [...new Set(terms.map((term) => term.toWellFormed()))];
        for (const term of terms) table.intern(hashTerm(key, term));
        expect(table.size).toBe(distinct.length);
        expect(distinct.map((_, id) => table.textOf(id))).toEqual(distinct);
        expect(distinct.map((term) => table.find(hashTerm(key, term)))).toEqual(
          distinct.map((_, id) => id),
        );
        const known = distinct.indexOf(other.toWellFormed());
        expect(table.find(hashTerm(key, other))).toBe(known < 0 ? NO_TERM : known);
      }),
    );
  });

  it('keeps many terms apart', () => {
    const table = new TermTable();
    const terms = Array.from({ length: 5000 }, (_, at) => hashTerm(key, `term${at}`));
    terms.forEach((term, id) => expect(table.intern(term)).toBe(id));
    terms.forEach((term, id) => expect(table.find(term)).toBe(id));
    terms.forEach((term, id) => expect(table.intern(term)).toBe(id));
  });

  it('tells terms of one hash apart by their bytes', () => {
    const table = new TermTable();
    const [a, b, c] = ['ab', 'cd', 'cde'].map((term) => ({ ...hashTerm(key, term), hash: 7 }));
    expect([a, b, c].map((term) => table.intern(term!))).toEqual([0, 1, 2]);
    expect([c, b, a].map((term) => table.find(term!))).toEqual([2, 1, 0]);
  });

  it('counts the rows of each term', () => {
    const table = new TermTable();
    const [a, b] = ['a', 'b'].map((term) => table.intern(hashTerm(key, term)));
    table.countRow(a!, 1);
    table.countRow(b!, 1);
    table.countRow(b!, 1);
    table.countRow(a!, -1);
    expect([table.rowsWith(a!), table.rowsWith(b!)]).toEqual([0, 2]);
  });
});
