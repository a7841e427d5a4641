// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { concat, fromHex, u32be, utf8 } from '../../src/core/index.ts';
import {
  decodeClass,
  type EncodedSegment,
  MemoryIndex,
  type PassageDocument,
} from '../../src/index/index.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { fc } from '../support/property.ts';
import { expectRefusal } from '../support/tampering.ts';
import { DIMS, documentOf, documents, longDocument, queries, rowOf, SPACE } from './corpus.ts';
import {
  decode,
  encodeSmall,
  first,
  indexOf,
  nameRecord,
  one,
  PARTS,
  PLACE,
  second,
  segmentOf,
  two,
} from './segment-fixture.ts';

const rowBytes = 32 + 4 + 4 + DIMS;
const inClass1 = (all: readonly PassageDocument[]): PassageDocument[] =>
  all.map((document) => ({ ...document, classNo: 1 }));
const sizeOf = (segment: EncodedSegment): number =>
  PARTS.reduce((sum, part) => sum + segment[part].length, 0);

describe('segments', () => {
  it('have the documented layout', () => {
    const segment = segmentOf({ ...one, rows: one.rows.slice(0, 1) });
    const entry = (term: number, occurrences: number): Uint8Array =>
      u32be(term * 256 + occurrences);
    expect(segment).toEqual({
      rows: concat(fromHex(one.leafHash)!, u32be(0), one.rows[0]!.vector),
      postings: concat(u32be(2), Uint8Array.of(0, 2), entry(0, 1), entry(1, 1)),
      dict: concat(Uint8Array.of(5), utf8('grant'), Uint8Array.of(6), utf8('polici')),
      names: nameRecord(one),
    });
  });

  it('of an empty class are none', () => {
    expect(indexOf([]).encode(1)).toEqual([]);
    expect(decodeClass([], PLACE).documents).toEqual([]);
  });

  it('give the class back, in any order of insertion, and search alike', () => {
    fc.assert(
      fc.property(documents, queries, (all, query) => {
        const index = indexOf(inClass1(all));
        const segments = index.encode(1);
        expect(indexOf(inClass1(all).reverse()).encode(1)).toEqual(segments);
        const loaded = indexOf([]);
        expect(loaded.load(decodeClass(segments, PLACE))).toBe(all.length);
        expect(loaded.documents(1)).toEqual(index.documents(1));
        expect(loaded.encode(1)).toEqual(segments);
        const search = (of: MemoryIndex): unknown => of.search({ classes: [1], ...query }).next(99);
        expect(search(loaded)).toEqual(search(index));
      }),
    );
  });

  it('order terms by bytes and not by code units', () => {
    const rows = [rowOf(0, '\u{1d538}z \uff21z \u{20000}\u{20001} \uffdc', [1])];
    const segments = indexOf([
      documentOf('one', 1, [...rows, rowOf(1, '\u{2f800} \ufb00 é e', [1])]),
    ]).encode(1);
    expect(indexOf([]).load(decodeClass(segments, PLACE))).toBe(1);
  });

  it('are cut at the limit, in the middle of a document too', () => {
    const all = Array.from({ length: 3 }, (_, at) =>
      longDocument(new SeededRandom(`cut ${at}`), { name: `long ${at}`, classNo: 1, rows: 20 }),
    );
    const segments = encodeSmall(all, 5000);
    expect(segments.length).toBeGreaterThan(3);
    const sizes = segments.map(sizeOf);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(5000);
    // A row with its terms takes less than 600 bytes, so none is turned away too early.
    expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(4400);
    expect(encodeSmall(all.toReversed(), 5000)).toEqual(segments);
    const decoded = decodeClass(segments, PLACE);
    expect(decoded.documents.map(({ rows }) => rows.length)).toEqual([20, 20, 20]);
    const loaded = indexOf([]);
    loaded.load(decoded);
    expect(loaded.encode(1)).toEqual(indexOf(all).encode(1));
  });

  it('hold one row each when a row alone is over the limit', () => {
    const segments = encodeSmall([one, two], 1);
    expect(segments.map(({ rows }) => rows.length)).toEqual([rowBytes, rowBytes, rowBytes]);
    const loaded = indexOf([]);
    expect(loaded.load(decodeClass(segments, PLACE))).toBe(2);
    expect(loaded.encode(1)).toEqual([segmentOf(one, two)]);
  });

  it('show the rows before anything is searched, and load what the loader leaves in', () => {
    const decoded = decode(segmentOf(one, two));
    expect(decoded.documents.map(({ leafHash }) => leafHash)).toEqual([
      first.leafHash,
      second.leafHash,
    ]);
    expect(decoded.documents[0]?.rows.map(({ i, vector }) => ({ i, vector }))).toEqual(
      first.rows.map(({ i, vector }) => ({ i, vector })),
    );
    const index = indexOf([]);
    expect(index.load({ ...decoded, documents: decoded.documents.slice(1) })).toBe(1);
    expect([index.has(first.leafHash), index.has(second.leafHash)]).toEqual([false, true]);
    expect(index.load(decoded)).toBe(1);
    expect(index.load(decoded)).toBe(0);
  });

  it('of other dimensions are not loaded', () => {
    expectRefusal(
      () => new MemoryIndex({ dims: 8, space: SPACE }).load(decode(segmentOf(one, two))),
      'USAGE',
    );
  });

  it('count 255 occurrences of a term at most, and every one towards the length', () => {
    const { documents: decoded } = decode(
      segmentOf(documentOf('one', 1, [rowOf(0, 'grant '.repeat(1000), [1])])),
    );
    expect(decoded[0]?.rows[0]?.bag).toEqual({
      lexicon: ['grant'],
      entries: Uint32Array.of(255),
      length: 1000,
    });
  });
});
