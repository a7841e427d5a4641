// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { MemoryIndex, type PassageDocument, type SearchMode } from '../../src/index/index.ts';
import { documentOf, DIMS, rowOf, SPACE, vectorOf } from '../index/corpus.ts';
import { naiveHits, naiveRows } from '../index/naive-search.ts';
import { onEachVault } from '../support/attack-world.ts';
import { move, tried } from '../support/move.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { search } from '../support/vault-world.ts';

const MODES: readonly SearchMode[] = ['hybrid', 'vector', 'bm25'];

/** Documents of class 1 among near-duplicates of the query in class 0. */
function crowd(total: number, permitted: number): PassageDocument[] {
  const random = new SeededRandom(`A23 ${permitted}`);
  return Array.from({ length: total }, (_, at) => {
    const isMine = at < permitted;
    const body = isMine
      ? `grant word${random.below(9)} policy`
      : 'grant policy bucket key role audit';
    const vector = isMine
      ? Array.from({ length: DIMS }, () => random.below(7) - 3)
      : [1, 2, 3, random.below(2)];
    return documentOf(`document ${at}`, isMine ? 1 : 0, [rowOf(0, body, vector)]);
  });
}

move(
  {
    id: 'A23',
    title: 'crowd permitted passages out with forbidden near-duplicates',
    by: "search in the caller's classes alone: no foreign row is met on the way, and nothing is filtered out afterwards",
    codes: [],
  },
  () => {
    it('loses no hit at 0.1 % to 50 % of permitted rows', () => {
      const query = { text: 'grant policy bucket key role audit', vector: vectorOf([1, 2, 3, 1]) };
      for (const permitted of [3, 15, 30, 150, 300, 1500]) {
        const all = crowd(3000, permitted);
        const index = new MemoryIndex({ dims: DIMS, space: SPACE });
        all.forEach((document) => index.add(document));
        const mine = naiveRows(
          all.filter(({ classNo }) => classNo === 1),
          query,
        );
        for (const mode of MODES) {
          const exact = naiveHits(mine, mode).slice(0, 10);
          const found = index.search({ classes: [1], ...query, mode }).next(10);
          expect(found.map(({ leafHash }) => leafHash)).toEqual(
            exact.map(({ leafHash }) => leafHash),
          );
          tried();
        }
      }
    });

    onEachVault((target) => {
      it('still gives everything that a person may read', async () => {
        const world = await target.copy();
        const query = 'leave and travel';
        const text = `${query} `.repeat(20);
        for (let i = 0; i < 60; i++)
          await world.write(`board/crowd-${i}.md`, `# ${query}\n\n${text}${i}\n`);
        await world.ingest();
        const vault = await world.open();
        for (const k of [1, 3, 10, 1000]) {
          const { passages } = await search(vault, 'dan', query, k);
          expect(passages).toHaveLength(Math.min(k, target.readable('dan').length));
          tried();
        }
      });
    });
  },
);
