// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { ndcg, recall, reciprocalRank } from '../../../bench/eval/metrics.ts';

/** a is highly relevant, b and c are relevant, d was judged useless, e harmful. */
const judged = new Map([
  ['a', 3],
  ['b', 1],
  ['c', 2],
  ['d', 0],
  ['e', -1],
]);
// Discounts of ranks 1 to 4: 1, 1/log2(3) = 0.6309298, 1/2, 1/log2(5) = 0.4306766.
const IDEAL = 3 + 2 * 0.6309298 + 1 * 0.5;

describe('nDCG', () => {
  it.each([
    [['a', 'c', 'b'], 1],
    [['d', 'a', 'x', 'b'], (3 * 0.6309298 + 1 * 0.4306766) / IDEAL],
    [['e', 'c'], (2 * 0.6309298) / IDEAL],
    [['x', 'd', 'e'], 0],
    [[], 0],
  ])('of %j is as computed by hand', (ranked, expected) => {
    expect(ndcg(ranked, judged, 10)).toBeCloseTo(expected, 6);
  });

  it('sees the first k documents only, in the ranking and in the ideal', () => {
    expect(ndcg(['x', 'a'], judged, 1)).toBe(0);
    expect(ndcg(['c', 'a'], judged, 1)).toBeCloseTo(2 / 3, 12);
    expect(ndcg(['a', 'b'], judged, 2)).toBeCloseTo((3 + 0.6309298) / (3 + 2 * 0.6309298), 6);
  });

  it('is 0 when nothing is relevant', () => {
    expect(ndcg(['d'], new Map([['d', 0]]), 10)).toBe(0);
  });
});

describe('recall', () => {
  it('is the share of relevant documents found', () => {
    expect(recall(['d', 'a', 'x', 'b'], judged, 10)).toBeCloseTo(2 / 3, 12);
    expect(recall(['d', 'a', 'x', 'b'], judged, 2)).toBeCloseTo(1 / 3, 12);
    expect(recall(['e', 'd'], judged, 10)).toBe(0);
    expect(recall(['d'], new Map(), 10)).toBe(0);
  });
});

describe('reciprocal rank', () => {
  it('looks at the first relevant document', () => {
    expect(reciprocalRank(['a', 'b'], judged, 10)).toBe(1);
    expect(reciprocalRank(['d', 'e', 'b', 'a'], judged, 10)).toBeCloseTo(1 / 3, 12);
    expect(reciprocalRank(['d', 'e', 'b'], judged, 2)).toBe(0);
    expect(reciprocalRank([], judged, 10)).toBe(0);
  });
});
