// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { idOf, occurrencesOf, packed } from '../../src/index/bags.ts';
import { Postings } from '../../src/index/postings.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const TERMS = 50;

/** Postings of `rows` random rows, and the same as plain maps. */
function randomPostings(rows: number): { postings: Postings; plain: Map<number, number>[] } {
  const random = new SeededRandom(`postings ${rows}`);
  const postings = new Postings();
  const plain: Map<number, number>[] = [];
  for (let row = 0; row < rows; row++) {
    const bag = new Map<number, number>();
    for (let term = 0; term < TERMS; term++) {
      if (random.below(2) === 0) bag.set(term, 1 + random.below(255));
    }
    plain.push(bag);
    postings.add(Uint32Array.from(bag, ([term, n]) => packed(term, n)));
  }
  return { postings, plain };
}

/** What both forms say of a term: settled rows by term, the others by row. */
function rowsOfTerm(postings: Postings, rows: number, term: number): [number, number][] {
  const found: [number, number][] = [];
  for (const posting of postings.ofTerm(term)) found.push([idOf(posting), occurrencesOf(posting)]);
  for (let row = postings.settledRows; row < rows; row++) {
    const entry = [...postings.ofRow(row)].find((e) => idOf(e) === term && occurrencesOf(e) > 0);
    if (entry !== undefined) found.push([row, occurrencesOf(entry)]);
  }
  return found.filter(([, occurrences]) => occurrences > 0);
}

function expectSame(postings: Postings, plain: readonly ReadonlyMap<number, number>[]): void {
  for (let term = 0; term < TERMS; term++) {
    const expected = plain.flatMap((bag, row) => (bag.has(term) ? [[row, bag.get(term)]] : []));
    expect(rowsOfTerm(postings, plain.length, term)).toEqual(expected);
  }
}

describe('postings', () => {
  it.each([0, 1, 30, 200])('say the same of %i rows by row and by term', (rows) => {
    const { postings, plain } = randomPostings(rows);
    expectSame(postings, plain);
    postings.settle(TERMS);
    expectSame(postings, plain);
  });

  it('do not invert a tiny class, and do invert a larger one', () => {
    const settled = [10, 200].map((rows) => {
      const { postings } = randomPostings(rows);
      postings.settle(TERMS);
      return postings.settledRows;
    });
    expect(settled).toEqual([0, 200]);
  });

  it('leave a few new rows by row and take many in', () => {
    const { postings } = randomPostings(1000);
    postings.settle(TERMS);
    const row = Uint32Array.from({ length: 25 }, (_, term) => packed(term, 1));
    for (let added = 0; added < 40; added++) postings.add(row);
    postings.settle(TERMS);
    expect(postings.settledRows).toBe(1000);
    for (let added = 0; added < 40; added++) postings.add(row);
    postings.settle(TERMS);
    expect(postings.settledRows).toBe(1080);
  });

  it('forget an erased row in both forms at once, before and after settling', () => {
    const { postings, plain } = randomPostings(200);
    const erase = (row: number): void => {
      postings.erase(row);
      plain[row] = new Map();
      expect([...postings.ofRow(row)].filter((entry) => entry !== 0)).toEqual([]);
    };
    [0, 3, 199].forEach(erase);
    postings.settle(TERMS);
    expectSame(postings, plain);
    [1, 4, 198].forEach(erase);
    expectSame(postings, plain);
  });

  it('have nothing for a term that came after settling', () => {
    const { postings } = randomPostings(200);
    postings.settle(TERMS);
    expect(postings.ofTerm(TERMS)).toHaveLength(0);
    expect(postings.ofTerm(TERMS + 7)).toHaveLength(0);
  });
});
