// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { MemoryIndex, type PassageDocument } from '../../src/index/index.ts';
import { fc } from '../support/property.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { expectRefusal } from '../support/tampering.ts';
import {
  callers,
  DIMS,
  documentOf,
  documents,
  leafHashOf,
  longDocument,
  queries,
  rowOf,
  SPACE,
  vectorOf,
} from './corpus.ts';

const newIndex = (): MemoryIndex => new MemoryIndex({ dims: DIMS, space: SPACE });
const one = documentOf('one', 7, [rowOf(0, 'grant policy', [1]), rowOf(2, 'deny', [0, 1])]);
const two = documentOf('two', 7, [rowOf(0, 'audit log', [0, 0, 1])]);

describe('an index', () => {
  it('tells what it holds', () => {
    const index = newIndex();
    expect(index.add(two)).toBe(true);
    expect(index.add(one)).toBe(true);
    index.add(documentOf('three', 9, [rowOf(0, 'role', [1])]));
    expect([index.has(one.leafHash), index.has(leafHashOf('none'))]).toEqual([true, false]);
    expect(index.get(one.leafHash)).toEqual({
      docId: one.docId,
      leafHash: one.leafHash,
      classNo: 7,
      name: { sourceUri: 'test:?one', title: null },
      rows: 2,
    });
    expect(index.get(leafHashOf('none'))).toBeNull();
    expect(index.documents(7).map(({ leafHash }) => leafHash)).toEqual(
      [one.leafHash, two.leafHash].sort(),
    );
    expect(index.documents(8)).toEqual([]);
    expect(index.counts()).toEqual({ classes: 2, documents: 3, rows: 4 });
    expect(index.counts([7, 8])).toEqual({ classes: 1, documents: 2, rows: 3 });
  });

  it('names what decides its rankings', () => {
    expect(newIndex().format).toBe('sr/index/v1 sr/words/2 bm25(1.2,0.75) fusion(1,1)');
    const hashed = new MemoryIndex({ dims: 256, space: 'sr/hash-256/v1' });
    expect(hashed.format).toBe('sr/index/v1 sr/words/2 bm25(1.2,0.75) fusion(1,0.1)');
  });

  it('takes a known document for added, whatever its class', () => {
    const index = newIndex();
    index.add(one);
    expect(index.add(one)).toBe(false);
    expect(index.add({ ...one, classNo: 8 })).toBe(false);
    expect(index.get(one.leafHash)?.classNo).toBe(7);
    expect(index.counts().rows).toBe(2);
  });

  it('removes a document once', () => {
    const index = newIndex();
    index.add(one);
    index.add(two);
    expect([index.remove(one.leafHash), index.remove(one.leafHash)]).toEqual([true, false]);
    expect(index.counts()).toEqual({ classes: 1, documents: 1, rows: 1 });
    expect(search(index, [7], 'grant policy deny').map(({ leafHash }) => leafHash)).toEqual([
      two.leafHash,
    ]);
    index.remove(two.leafHash);
    expect(index.counts()).toEqual({ classes: 0, documents: 0, rows: 0 });
    expect(index.add(one)).toBe(true);
  });

  it('moves a document, also to where it is', () => {
    const index = newIndex();
    index.add(one);
    expect(index.moveClass(leafHashOf('none'), 1)).toBe(false);
    expect([index.moveClass(one.leafHash, 7), index.moveClass(one.leafHash, 8)]).toEqual([
      true,
      true,
    ]);
    expect(index.get(one.leafHash)?.classNo).toBe(8);
    expect([index.documents(7), index.documents(8).length]).toEqual([[], 1]);
    expect(search(index, [7], 'grant')).toEqual([]);
    expect(search(index, [8], 'grant').map(({ i, classNo }) => [i, classNo])).toEqual([
      [0, 8],
      [2, 8],
    ]);
  });

  it('is the same, after any removals and moves, as one that was filled with what is left', () => {
    const steps = fc.array(
      fc.record({
        at: fc.nat({ max: 13 }),
        to: fc.option(fc.nat({ max: 5 })),
        vacuum: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(documents, steps, callers, queries, (initial, changes, classes, query) => {
        const index = newIndex();
        initial.forEach((document) => index.add(document));
        const left = new Map(initial.map((document) => [document.leafHash, document]));
        for (const { at, to, vacuum } of changes) {
          const document = initial[at];
          const current = document && left.get(document.leafHash);
          if (current === undefined) continue;
          if (to === null) left.delete(current.leafHash);
          else left.set(current.leafHash, { ...current, classNo: to });
          if (to === null) index.remove(current.leafHash);
          else index.moveClass(current.leafHash, to);
          if (vacuum) index.vacuum();
        }
        const fresh = newIndex();
        [...left.values()].reverse().forEach((document) => fresh.add(document));
        expect(index.counts()).toEqual(fresh.counts());
        for (const classNo of [0, 1, 2, 3, 4, 5]) {
          expect(index.documents(classNo)).toEqual(fresh.documents(classNo));
          expect(index.encode(classNo)).toEqual(fresh.encode(classNo));
        }
        expect(index.search({ classes, ...query }).next(99)).toEqual(
          fresh.search({ classes, ...query }).next(99),
        );
      }),
    );
  });

  it('finds the same before and after a vacuum, also with settled postings', () => {
    const random = new SeededRandom('vacuum');
    const index = newIndex();
    const names = ['a', 'b', 'c', 'd'];
    for (const name of names) index.add(longDocument(random, { name, classNo: 1, rows: 60 }));
    search(index, [1], 'grant term1 term2 term3');
    index.remove(leafHashOf('b'));
    const before = search(index, [1], 'grant term1 term2 term3');
    index.vacuum();
    expect(search(index, [1], 'grant term1 term2 term3')).toEqual(before);
    expect(before).toHaveLength(180);
  });
});

describe('malformed documents', () => {
  const row = rowOf(0, 'grant', [1]);
  const broken = (change: Partial<PassageDocument>): PassageDocument => ({ ...one, ...change });

  it.each<[string, PassageDocument]>([
    ['a document id of another form', broken({ docId: 'one' })],
    ['a leaf hash in capitals', broken({ leafHash: one.leafHash.toUpperCase() })],
    ['a short leaf hash', broken({ leafHash: 'ab' })],
    ['a negative class', broken({ classNo: -1 })],
    ['a class of more than 32 bits', broken({ classNo: 2 ** 32 })],
    ['a class that is no integer', broken({ classNo: 1.5 })],
    ['no rows', broken({ rows: [] })],
    ['two rows of one number', broken({ rows: [row, row] })],
    ['rows out of order', broken({ rows: [{ ...row, i: 1 }, row] })],
    ['a negative row number', broken({ rows: [{ ...row, i: -1 }] })],
    ['a row number past the limit of the formats', broken({ rows: [{ ...row, i: 2 ** 20 }] })],
    ['a source name with a lone surrogate', broken({ name: { sourceUri: '\ud800', title: null } })],
    ['a title without end', broken({ name: { sourceUri: 'a', title: 'a'.repeat(65537) } })],
  ])('are refused: %s', (_, document) => {
    const index = newIndex();
    expectRefusal(() => index.add(document), 'USAGE');
    expect(index.counts()).toEqual({ classes: 0, documents: 0, rows: 0 });
  });

  it.each([
    ['another dimension', new Uint8Array(4 + DIMS + 1)],
    ['a scale of zero', new Uint8Array(4 + DIMS)],
    ['no bytes', new Uint8Array(0)],
  ])('are refused: a vector with %s', (_, vector) => {
    const index = newIndex();
    expectRefusal(
      () => index.add(broken({ rows: [row, { ...row, i: 1, vector }] })),
      'VECTOR_INVALID',
    );
    expect(index.counts()).toEqual({ classes: 0, documents: 0, rows: 0 });
  });

  it('are refused: moves to what is no class', () => {
    const index = newIndex();
    index.add(one);
    expectRefusal(() => index.moveClass(one.leafHash, -1), 'USAGE');
    expect(index.get(one.leafHash)?.classNo).toBe(7);
  });

  it.each([0, -1, 1.5, 65537, Number.NaN])('need an index of %s dimensions', (dims) => {
    expectRefusal(() => new MemoryIndex({ dims, space: SPACE }), 'USAGE');
  });

  it('do not lend the index their memory', () => {
    const index = newIndex();
    const vector = Uint8Array.from(row.vector);
    const name = { sourceUri: 'one.md', title: null };
    index.add({ ...one, name, rows: [{ ...row, vector }] });
    vector.fill(9);
    name.sourceUri = 'other';
    expect(index.get(one.leafHash)?.name.sourceUri).toBe('one.md');
    const [candidate] = search(index, [7], 'grant');
    expect(candidate?.vector).toEqual(row.vector);
    candidate?.vector.fill(9);
    expect(search(index, [7], 'grant')[0]?.vector).toEqual(row.vector);
  });
});

function search(
  index: MemoryIndex,
  classes: readonly number[],
  text: string,
): ReturnType<ReturnType<MemoryIndex['search']>['next']> {
  return index.search({ classes, text, vector: vectorOf([1]) }).next(1000);
}
