// SPDX-License-Identifier: Apache-2.0
// What every index of passages must do, be it in this process or a service.
import { describe, expect, it } from 'vitest';
import type {
  Awaitable,
  Candidate,
  PassageDocument,
  PassageIndex,
  SearchCursor,
  SearchMode,
} from '../../src/index/index.ts';
import { decodeVector, similarity } from '../../src/provenance/index.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { expectRejection } from '../support/tampering.ts';
import { DIMS, documentOf, leafHashOf, rowOf, textOf, vectorOf } from './corpus.ts';
import { naiveHits, naiveRows } from './naive-search.ts';

const MODES: readonly SearchMode[] = ['hybrid', 'vector', 'bm25'];
const QUERY = { text: 'grant policy s3:GetObject 日本語', vector: vectorOf([1, 2, -1, 3]) };
const ALL = [0, 1, 2, 3];

/** Twelve documents in four classes, with repeated and shared words. */
function collection(): PassageDocument[] {
  const random = new SeededRandom('conformance');
  return Array.from({ length: 12 }, (_, at) => {
    const rows = Array.from({ length: 1 + random.below(4) }, (__, i) => {
      const words = Array.from({ length: 3 + random.below(12) }, () => random.below(15));
      const vector = Array.from({ length: DIMS }, () => random.below(15) - 7);
      return rowOf(i, textOf(words), vector);
    });
    return documentOf(`document ${at}`, at % 4, rows);
  });
}

/** Everything that a cursor gives, in portions of `n`. */
async function drain(cursor: SearchCursor, n: number): Promise<Candidate[]> {
  const all: Candidate[] = [];
  for (;;) {
    const found = await cursor.next(n);
    if (found.length === 0) return all;
    expect(found.length).toBeLessThanOrEqual(n);
    all.push(...found);
  }
}

const idOf = ({ leafHash, i }: { readonly leafHash: string; readonly i: number }): string =>
  `${leafHash}/${i}`;

/** A refusal may be thrown at once or come as a rejection. */
async function later<T>(work: () => Awaitable<T>): Promise<T> {
  return await work();
}

async function filled(make: () => Promise<PassageIndex>): Promise<PassageIndex> {
  const index = await make();
  for (const document of collection()) expect(await index.add(document)).toBe(true);
  return index;
}

/** Runs the suite against indexes that `make` gives out empty, for vectors of {@link DIMS} dimensions in the space SPACE. */
export function describePassageIndex(name: string, make: () => Promise<PassageIndex>): void {
  describe(`${name} searches`, () => {
    it.each(MODES)('in mode %s, and finds exactly the rows of the classes', async (mode) => {
      const index = await filled(make);
      for (const classes of [[], [0], [1, 3], ALL, [2, 77]]) {
        const mine = collection().filter(({ classNo }) => classes.includes(classNo));
        const expected = naiveHits(naiveRows(mine, QUERY), mode);
        const found = await drain(index.search({ classes, ...QUERY, mode }), 7);
        expect(found.map(idOf).sort()).toEqual(expected.map(idOf).sort());
        const scores = new Map(expected.map((hit) => [idOf(hit), hit.score]));
        found.forEach((hit, at) => {
          // A service may compute words in float32; nothing is coarser than that.
          expect(hit.score).toBeCloseTo(scores.get(idOf(hit))!, 5);
          if (at > 0) expect(hit.score).toBeLessThanOrEqual(found[at - 1]!.score);
          expect(classes).toContain(hit.classNo);
        });
      }
    });

    it('and gives the signed vector of each row, by which similar rows come first', async () => {
      const index = await filled(make);
      const found = await drain(index.search({ classes: ALL, ...QUERY, mode: 'vector' }), 50);
      const rows = new Map(
        collection().flatMap(({ leafHash, rows }) =>
          rows.map(({ i, vector }) => [idOf({ leafHash, i }), vector]),
        ),
      );
      expect(found).toHaveLength(rows.size);
      for (const hit of found) {
        expect(hit.vector).toEqual(rows.get(idOf(hit)));
        expect(hit.score).toBe(similarity(QUERY.vector, decodeVector(hit.vector, DIMS)));
      }
    });

    it('and gives the same in whatever portions', async () => {
      const index = await filled(make);
      for (const mode of MODES) {
        const [one, other] = [1, 1000].map((n) =>
          drain(index.search({ classes: ALL, ...QUERY, mode }), n),
        );
        expect(await one).toEqual(await other);
      }
    });

    it('and counts what it did', async () => {
      const index = await filled(make);
      const cursor = index.search({ classes: [0, 1, 77], ...QUERY });
      expect(cursor.explanation).toMatchObject({ classes: 0, depth: 0 });
      await cursor.next(3);
      expect(cursor.explanation).toMatchObject({ classes: 2, depth: 100, plan: 'all' });
    });

    it('and neither finds nor counts anything of other classes', async () => {
      const index = await filled(make);
      const ask = async (): Promise<unknown> => {
        const answers = [];
        for (const mode of MODES) {
          const cursor = index.search({ classes: [0, 2], ...QUERY, mode });
          answers.push(await drain(cursor, 5), cursor.explanation);
        }
        return answers;
      };
      const before = await ask();
      for (let at = 0; at < 20; at++) {
        const rows = [0, 1].map((i) => rowOf(i, 'grant grant policy 日本語', [1, 2, -1, 3]));
        await index.add(documentOf(`foreign ${at}`, 1 + 2 * (at % 2), rows));
      }
      expect(await ask()).toEqual(before);
    });
  });

  describe(`${name} keeps documents`, () => {
    it('once, under their leaf hash', async () => {
      const index = await filled(make);
      const [first] = collection();
      expect(await index.add({ ...first!, classNo: 3 })).toBe(false);
      const { docId, leafHash, classNo, rows } = first!;
      expect(await index.get(leafHash)).toMatchObject({
        docId,
        leafHash,
        classNo,
        rows: rows.length,
      });
      expect(await index.has(leafHash)).toBe(true);
      expect(await index.get(leafHashOf('nobody'))).toBeNull();
      expect(await index.has(leafHashOf('nobody'))).toBe(false);
    });

    it('until they are removed', async () => {
      const index = await filled(make);
      const [first] = collection();
      expect(await index.remove(first!.leafHash)).toBe(true);
      expect(await index.remove(first!.leafHash)).toBe(false);
      expect(await index.has(first!.leafHash)).toBe(false);
      const found = await drain(index.search({ classes: ALL, ...QUERY, mode: 'vector' }), 50);
      expect(found.map(({ leafHash }) => leafHash)).not.toContain(first!.leafHash);
      expect(await index.add(first!)).toBe(true);
    });

    it('in one class, from which they can be moved', async () => {
      const index = await filled(make);
      const [{ leafHash }] = collection() as [PassageDocument];
      expect(await index.moveClass(leafHash, 9)).toBe(true);
      expect(await index.moveClass(leafHash, 9)).toBe(true);
      expect(await index.moveClass(leafHashOf('nobody'), 9)).toBe(false);
      expect(await index.get(leafHash)).toMatchObject({ classNo: 9 });
      const request = { ...QUERY, mode: 'vector' } as const;
      const before = await drain(index.search({ classes: ALL, ...request }), 50);
      expect(before.map((hit) => hit.leafHash)).not.toContain(leafHash);
      const after = await drain(index.search({ classes: [9], ...request }), 50);
      expect(new Set(after.map((hit) => hit.leafHash))).toEqual(new Set([leafHash]));
    });

    it('and counts them', async () => {
      const index = await make();
      expect(await index.counts()).toEqual({ classes: 0, documents: 0, rows: 0 });
      const all = collection();
      for (const document of all) await index.add(document);
      const sum = (of: readonly PassageDocument[]): number =>
        of.reduce((rows, document) => rows + document.rows.length, 0);
      expect(await index.counts()).toEqual({ classes: 4, documents: 12, rows: sum(all) });
      const some = all.filter(({ classNo }) => classNo === 1);
      expect(await index.counts([1, 77])).toEqual({
        classes: 1,
        documents: some.length,
        rows: sum(some),
      });
    });

    it('and refuses malformed ones', async () => {
      const index = await make();
      const [first] = collection();
      const refuse = (
        changes: Partial<PassageDocument>,
        code: 'USAGE' | 'VECTOR_INVALID',
      ): Promise<void> =>
        expectRejection(
          later(() => index.add({ ...first!, ...changes })),
          code,
        );
      await refuse({ classNo: -1 }, 'USAGE');
      await refuse({ leafHash: 'x' }, 'USAGE');
      await refuse({ rows: [] }, 'USAGE');
      await refuse({ rows: [rowOf(1, 'a', [1]), rowOf(1, 'b', [1])] }, 'USAGE');
      const [row] = first!.rows;
      await refuse({ rows: [{ ...row!, vector: row!.vector.subarray(1) }] }, 'VECTOR_INVALID');
      await expectRejection(
        later(() => index.moveClass(first!.leafHash, 0.5)),
        'USAGE',
      );
      expect(await index.counts()).toEqual({ classes: 0, documents: 0, rows: 0 });
    });
  });

  describe(`${name} refuses a search`, () => {
    it('INV-SEARCH-CLASSES: whose classes do not ascend', async () => {
      const index = await make();
      for (const classes of [[1, 1], [2, 1], [-1], [0.5]]) {
        const ask = later(() => index.search({ classes, ...QUERY }).next(1));
        await expectRejection(ask, 'USAGE');
      }
    });

    it('INV-SEARCH-VECTOR: whose vector is malformed', async () => {
      const index = await make();
      const { scale, q } = QUERY.vector;
      for (const vector of [
        { scale, q: q.subarray(1) },
        { scale: Number.NaN, q },
        { scale: 0, q },
      ]) {
        const ask = later(() => index.search({ classes: ALL, ...QUERY, vector }).next(1));
        await expectRejection(ask, 'VECTOR_INVALID');
      }
    });
  });
}
