// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { hashEmbedder, minilmEmbedder, staticEmbedder } from '../../src/embed/index.ts';
import { fusionWeights } from '../../src/index/fusion.ts';
import {
  type Candidate,
  MemoryIndex,
  type PassageDocument,
  type SearchMode,
} from '../../src/index/index.ts';
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
import { naiveHits, naiveRows } from './naive-search.ts';

const MODES: readonly SearchMode[] = ['hybrid', 'vector', 'bm25'];
const ALL = [0, 1, 2, 3, 4, 5];

function indexOf(all: readonly PassageDocument[], space = SPACE): MemoryIndex {
  const index = new MemoryIndex({ dims: DIMS, space });
  all.forEach((document) => index.add(document));
  return index;
}

/** Everything a cursor gives, in portions of `n`. */
function drain(cursor: ReturnType<MemoryIndex['search']>, n: number): Candidate[] {
  const all: Candidate[] = [];
  for (let batch = cursor.next(n); batch.length > 0; batch = cursor.next(n)) all.push(...batch);
  return all;
}

const hits = (candidates: readonly Candidate[]): object[] =>
  candidates.map(({ leafHash, i, score }) => ({ leafHash, i, score }));

/** More rows than the first pass takes, many with equal scores. */
const large = [0, 1, 2].map((classNo) =>
  longDocument(new SeededRandom(`search ${classNo}`), {
    name: `long ${classNo}`,
    classNo,
    rows: 150,
  }),
);
const largeQuery = { text: 'grant term1 term2 s3:GetObject', vector: vectorOf([1, -2, 0, 1]) };

describe('a search', () => {
  it.each(MODES)('in mode %s ranks like the definition, to the last bit', (mode) => {
    fc.assert(
      fc.property(documents, callers, queries, (all, classes, query) => {
        const index = indexOf(all);
        const mine = all.filter(({ classNo }) => classes.includes(classNo));
        const found = index.search({ classes, ...query, mode }).next(1000);
        expect(hits(found)).toEqual(naiveHits(naiveRows(mine, query), mode));
      }),
    );
  });

  it.each(['vector', 'bm25'] as const)(
    'in mode %s ranks many rows like the definition, past the first pass',
    (mode) => {
      const found = drain(indexOf(large).search({ classes: [0, 2], ...largeQuery, mode }), 7);
      const mine = large.filter(({ classNo }) => classNo !== 1);
      expect(hits(found)).toEqual(naiveHits(naiveRows(mine, largeQuery), mode));
    },
  );

  it('in mode hybrid fuses the first hundred of both rankings, then doubles', () => {
    const rows = naiveRows(large, largeQuery);
    const [words, vectors] = [naiveHits(rows, 'bm25'), naiveHits(rows, 'vector')];
    const expected: object[] = [];
    for (const depth of [100, 200, 400, 800]) {
      const top = [...words.slice(0, depth), ...vectors.slice(0, depth)];
      const keys = new Set(top.map(({ leafHash, i }) => `${leafHash} ${i}`));
      const known = new Set(expected);
      const fused = allFused.filter(({ leafHash, i }) => keys.has(`${leafHash} ${i}`));
      expected.push(...fused.filter((hit) => !known.has(hit)));
    }
    expect(hits(drain(indexOf(large).search({ classes: ALL, ...largeQuery }), 64))).toEqual(
      expected,
    );
    expect(expected).toHaveLength(450);
  });
  const allFused = naiveHits(naiveRows(large, largeQuery), 'hybrid');

  it('finds by words of title and headings', () => {
    const text = { title: 'Bucket guide', headings: ['Part', 'Audit'], body: 'nothing else' };
    const document = documentOf('one', 0, [{ ...rowOf(0, '', [1]), text }]);
    const index = indexOf([document]);
    for (const word of ['buckets', 'auditing', 'nothing']) {
      const cursor = index.search({
        classes: [0],
        text: word,
        vector: vectorOf([1]),
        mode: 'bm25',
      });
      expect(cursor.next(9)).toHaveLength(1);
    }
  });

  it('scores the same words alike in whatever class they stand', () => {
    const both = ['a', 'b'].map((name, classNo) =>
      documentOf(name, classNo, [rowOf(0, 'grant policy', [1]), rowOf(1, 'deny', [1])]),
    );
    const found = indexOf(both)
      .search({ classes: [0, 1], text: 'grant', vector: vectorOf([1]), mode: 'bm25' })
      .next(9);
    expect(found.map(({ leafHash }) => leafHash)).toEqual(both.map((d) => d.leafHash).sort());
    expect(found[0]?.score).toBe(found[1]?.score);
  });

  it('breaks ties by leaf hash, then by chunk number', () => {
    const same = ['c', 'a', 'b', 'd'].map((name, at) =>
      documentOf(
        name,
        at,
        [3, 5, 200].map((i) => rowOf(i, 'grant', [1])),
      ),
    );
    for (const mode of MODES) {
      const found = indexOf(same)
        .search({ classes: ALL, text: 'grant', vector: vectorOf([1]), mode })
        .next(99);
      const expected = same
        .map(({ leafHash }) => leafHash)
        .sort()
        .flatMap((leafHash) => [3, 5, 200].map((i) => [leafHash, i]));
      expect(found.map(({ leafHash, i }) => [leafHash, i])).toEqual(expected);
    }
  });

  it('finds rows without words by their vectors', () => {
    const index = indexOf([documentOf('symbols', 0, [rowOf(0, '→ !!', [1])])]);
    index.add(documentOf('gone', 0, [rowOf(0, 'grant', [1])]));
    index.remove(leafHashOf('gone'));
    const request = { classes: [0], text: 'grant', vector: vectorOf([1]) };
    expect(index.search({ ...request, mode: 'bm25' }).next(9)).toEqual([]);
    expect(
      index
        .search(request)
        .next(9)
        .map(({ score }) => score),
    ).toEqual([1]);
  });

  it('of a caller without classes, and of an empty index, finds nothing', () => {
    const index = indexOf(large);
    const cursor = index.search({ classes: [], ...largeQuery });
    expect([cursor.next(5), cursor.next(5)]).toEqual([[], []]);
    expect(index.search({ classes: [77], ...largeQuery }).next(5)).toEqual([]);
    expect(
      indexOf([])
        .search({ classes: ALL, ...largeQuery })
        .next(5),
    ).toEqual([]);
  });

  it('INV-SEARCH-CLASSES: refuses classes that do not strictly ascend', () => {
    const index = indexOf(large);
    for (const classes of [
      [1, 1],
      [2, 1],
    ]) {
      expectRefusal(() => index.search({ classes, ...largeQuery }), 'USAGE');
    }
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 32])('refuses class %s', (classNo) => {
    expectRefusal(() => indexOf([]).search({ classes: [classNo], ...largeQuery }), 'USAGE');
  });

  it('INV-SEARCH-VECTOR: refuses a query vector of other dimensions or with a broken scale', () => {
    const { scale, q } = vectorOf([1]);
    const vectors = [
      { scale, q: q.slice(1) },
      { scale: Number.NaN, q },
      { scale: 0, q },
      { scale: Number.POSITIVE_INFINITY, q },
    ];
    for (const vector of vectors) {
      expectRefusal(() => indexOf([]).search({ classes: [], text: '', vector }), 'VECTOR_INVALID');
    }
  });
});

describe('a cursor', () => {
  it.each(MODES)('in mode %s gives the same in portions of any size', (mode) => {
    const index = indexOf(large);
    const request = { classes: ALL, ...largeQuery, mode };
    const whole = index.search(request).next(10_000);
    for (const n of [1, 3, 100, 250]) expect(drain(index.search(request), n)).toEqual(whole);
    const distinct = new Set(whole.map(({ leafHash, i }) => `${leafHash} ${i}`));
    expect(distinct.size).toBe(whole.length);
  });

  it('reads no deeper than it must', () => {
    const cursor = indexOf(large).search({ classes: ALL, ...largeQuery, mode: 'vector' });
    expect(cursor.explanation).toEqual({
      ...{ classes: 0, rowsScanned: 0, postingsRead: 0, depth: 0 },
      ...{ plan: 'none', lists: 0 },
    });
    cursor.next(100);
    expect(cursor.explanation).toEqual({
      classes: 3,
      rowsScanned: 450,
      postingsRead: 0,
      depth: 100,
      plan: 'all',
      lists: 0,
    });
    cursor.next(1);
    expect(cursor.explanation.depth).toBe(200);
    cursor.next(10_000);
    const end = cursor.explanation;
    expect([end.depth, end.rowsScanned]).toEqual([800, 4 * 450]);
    cursor.next(1);
    expect(cursor.explanation).toEqual(end);
  });

  it('counts a posting for each row and term', () => {
    const index = indexOf([
      documentOf('one', 1, [rowOf(0, 'grant grant policy', [1]), rowOf(1, 'grant', [1])]),
      documentOf('two', 2, [rowOf(0, 'grant', [1])]),
    ]);
    const cursor = index.search({ classes: [1], text: 'grant policies', vector: vectorOf([1]) });
    cursor.next(1);
    expect(cursor.explanation).toEqual({
      ...{ classes: 1, rowsScanned: 2, postingsRead: 3, depth: 100 },
      ...{ plan: 'all', lists: 0 },
    });
  });

  it('passes over rows that were removed, or left the classes, since', () => {
    const index = indexOf(
      ['a', 'b', 'c', 'd', 'e'].map((name) => documentOf(name, 1, [rowOf(0, 'grant', [1])])),
    );
    const cursor = index.search({ classes: [1, 2], text: 'grant', vector: vectorOf([1]) });
    const [first] = cursor.next(1);
    const rest = ['a', 'b', 'c', 'd', 'e'].map(leafHashOf).filter((h) => h !== first?.leafHash);
    const [removed, left, moved, stays] = rest as [string, string, string, string];
    index.remove(removed);
    index.moveClass(left, 3);
    index.moveClass(moved, 2);
    index.vacuum();
    const given = cursor.next(9).map(({ leafHash, classNo }) => `${classNo} ${leafHash}`);
    expect(given.sort()).toEqual([`1 ${stays}`, `2 ${moved}`].sort());
  });

  it('keeps to the classes that were checked, whatever becomes of the list', () => {
    const classes = [0];
    const cursor = indexOf(large).search({ classes, ...largeQuery });
    classes.push(1, 2);
    expect(new Set(drain(cursor, 50).map(({ classNo }) => classNo))).toEqual(new Set([0]));
    expect(cursor.explanation).toMatchObject({ classes: 1, rowsScanned: 2 * 150 });
  });
});

describe('fusion', () => {
  it('weighs by the space of the embedder', () => {
    expect(fusionWeights(SPACE)).toEqual({ words: 1, vectors: 1 });
    expect(fusionWeights('toString')).toEqual({ words: 1, vectors: 1 });
    const weights = fusionWeights(hashEmbedder().identity.space);
    expect(weights).toEqual({ words: 1, vectors: 0.1 });
    const found = indexOf(large, hashEmbedder().identity.space)
      .search({ classes: ALL, ...largeQuery })
      .next(10);
    const expected = naiveHits(naiveRows(large, largeQuery), 'hybrid', weights);
    expect(hits(found)).toEqual(expected.slice(0, 10));
  });

  it('count more for a question by the transformer, and the rest of the index does not change', () => {
    const { space, model } = staticEmbedder().identity;
    const questions = minilmEmbedder().identity.model.id;
    const weights = fusionWeights(space, questions);
    expect(weights).toEqual({ words: 1, vectors: 1 });
    expect(fusionWeights(space, model.id)).toEqual(fusionWeights(space));
    expect(fusionWeights(space).vectors).toBeLessThan(1);
    const index = indexOf(large, space);
    const search = (by?: string): unknown =>
      hits(
        index
          .search({ classes: ALL, ...largeQuery, ...(by !== undefined && { questions: by }) })
          .next(10),
      );
    const rows = naiveRows(large, largeQuery);
    expect(search(questions)).toEqual(naiveHits(rows, 'hybrid', weights).slice(0, 10));
    expect(search(model.id)).toEqual(search());
    expect(index.format).toContain('fusion(1,0.6)');
  });
});
