// SPDX-License-Identifier: Apache-2.0
// What a caller gets, and the work that is counted, must not depend on documents that the caller may not read.
import { beforeEach, describe, expect, it } from 'vitest';
import {
  type Candidate,
  centroidsOf,
  MemoryIndex,
  type MemoryIndexOptions,
  type PassageDocument,
  type SearchExplanation,
  type SearchMode,
} from '../../src/index/index.ts';
import type { QuantisedVector } from '../../src/provenance/index.ts';
import { fc } from '../support/property.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import {
  callers,
  DIMS,
  documentOf,
  documents,
  longDocument,
  queries,
  rowOf,
  SPACE,
  vectorOf,
} from './corpus.ts';

const MODES: readonly SearchMode[] = ['hybrid', 'vector', 'bm25'];

interface Query {
  readonly text: string;
  readonly vector: QuantisedVector;
}

/** Every candidate in portions, with the explanation after each. */
function observe(index: MemoryIndex, classes: readonly number[], query: Query): unknown {
  return MODES.map((mode) => {
    const cursor = index.search({ classes, ...query, mode });
    const seen: (readonly [Candidate[], SearchExplanation])[] = [];
    let batch: Candidate[];
    do {
      batch = cursor.next(33);
      seen.push([batch, cursor.explanation]);
    } while (batch.length > 0);
    return seen;
  });
}

/** Directions that say nothing about any document. */
const CENTROIDS = [
  [1, 1, 1, 1],
  [1, -1, 0, 0],
  [0, 0, 1, -1],
  [-1, 0, 0, 1],
  [0, -1, -1, 0],
  [-1, 1, -1, 1],
].map(vectorOf);

/** Each way in which an index can be made to compare vectors. */
const ENGINES: readonly (readonly [string, Partial<MemoryIndexOptions>])[] = [
  ['kernels', {}],
  ['plain TypeScript', { simd: false }],
  ['lists', { allRows: 0, centroids: centroidsOf(CENTROIDS) }],
];
let engine: Partial<MemoryIndexOptions> = {};

function indexOf(all: readonly PassageDocument[]): MemoryIndex {
  const index = new MemoryIndex({ dims: DIMS, space: SPACE, ...engine });
  all.forEach((document) => index.add(document));
  return index;
}

const readable = (all: readonly PassageDocument[], classes: readonly number[]): PassageDocument[] =>
  all.filter(({ classNo }) => classes.includes(classNo));

describe.each(ENGINES)('a search with %s', (_name, options) => {
  beforeEach(() => (engine = options));

  it('is byte for byte the same whether or not unreadable documents exist', () => {
    fc.assert(
      fc.property(documents, callers, queries, (all, classes, query) => {
        const withAll = observe(indexOf(all), classes, query);
        expect(withAll).toEqual(observe(indexOf(readable(all, classes)), classes, query));
      }),
    );
  });

  it('is the same however unreadable documents came, went and moved', () => {
    const changes = fc.array(
      fc.record({ at: fc.nat({ max: 13 }), to: fc.option(fc.nat({ max: 5 })) }),
    );
    fc.assert(
      fc.property(documents, changes, callers, queries, (all, steps, classes, query) => {
        const index = indexOf(all);
        const left = new Map(all.map((document) => [document.leafHash, document]));
        for (const { at, to } of steps) {
          const current = left.get(all[at]?.leafHash ?? '');
          if (current === undefined) continue;
          observe(index, classes, query);
          if (to === null) {
            index.remove(current.leafHash);
            left.delete(current.leafHash);
          } else {
            index.moveClass(current.leafHash, to);
            left.set(current.leafHash, { ...current, classNo: to });
          }
        }
        const mine = readable([...left.values()], classes);
        expect(observe(index, classes, query)).toEqual(observe(indexOf(mine), classes, query));
      }),
      { numRuns: 50 },
    );
  });

  it('is the same with many rows, settled postings and several passes', () => {
    const random = new SeededRandom('non-interference');
    const all = Array.from({ length: 12 }, (_, at) =>
      longDocument(random, { name: `long ${at}`, classNo: at % 4, rows: 40 }),
    );
    const query = { text: 'grant policy term1 term2 term3', vector: vectorOf([1, 2, -1, 0]) };
    const index = indexOf(all);
    for (const classes of [[0], [1, 3], [0, 1, 2, 3]]) {
      const mine = indexOf(readable(all, classes).reverse());
      expect(observe(index, classes, query)).toEqual(observe(mine, classes, query));
    }
    // Half of class 1 goes elsewhere and a stranger comes in, after postings were settled.
    index.moveClass(all[1]!.leafHash, 2);
    index.moveClass(all[4]!.leafHash, 1);
    index.remove(all[5]!.leafHash);
    const mine = indexOf([all[9]!, all[4]!].map((document) => ({ ...document, classNo: 1 })));
    expect(observe(index, [1], query)).toEqual(observe(mine, [1], query));
  });

  it('is the same for callers of thousands of rows, after many changes to others', () => {
    const random = new SeededRandom('wide callers');
    const all = Array.from({ length: 160 }, (_, at) =>
      documentOf(
        `wide ${at}`,
        at % 4,
        Array.from({ length: 30 }, (_row, i) =>
          rowOf(
            i,
            'grant',
            Array.from({ length: DIMS }, () => random.below(2001) - 1000),
          ),
        ),
      ),
    );
    const index = indexOf(all);
    const classOf = new Map(all.map(({ leafHash, classNo }) => [leafHash, classNo]));
    for (const { leafHash, classNo } of all.filter((_, at) => at % 3 === 0)) {
      // Class 3 loses documents to class 2, and class 1 some for good; class 0 gets a few of class 1.
      const to = [0, random.below(2) === 0 ? null : 0, 2, 2][classNo] ?? null;
      if (to === null) index.remove(leafHash);
      else index.moveClass(leafHash, to);
      if (to === null) classOf.delete(leafHash);
      else classOf.set(leafHash, to);
    }
    const now = all.flatMap((document) => {
      const classNo = classOf.get(document.leafHash);
      return classNo === undefined ? [] : [{ ...document, classNo }];
    });
    for (const classes of [
      [0, 1],
      [0, 1, 3],
    ]) {
      const mine = indexOf(readable(now, classes).reverse());
      for (let round = 0; round < 8; round++) {
        const vector = vectorOf(Array.from({ length: DIMS }, () => random.below(2001) - 1000));
        const request = { classes, text: 'grant', vector, mode: 'vector' } as const;
        const [one, other] = [index.search(request), mine.search(request)];
        expect(one.next(10)).toEqual(other.next(10));
        expect(one.explanation).toEqual(other.explanation);
      }
    }
  });

  it('does not touch the memory of an unreadable class', () => {
    fc.assert(
      fc.property(documents, callers, queries, (all, classes, query) => {
        const index = indexOf(all);
        const before = observe(index, classes, query);
        for (const { leafHash, classNo } of all) {
          if (!classes.includes(classNo)) index.remove(leafHash);
        }
        expect(observe(index, classes, query)).toEqual(before);
      }),
    );
  });

  it('writes the same segments of a class whether or not others exist', () => {
    fc.assert(
      fc.property(documents, fc.nat({ max: 5 }), (all, classNo) => {
        const alone = indexOf(readable(all, [classNo]).reverse());
        expect(indexOf(all).encode(classNo)).toEqual(alone.encode(classNo));
      }),
    );
  });
});
