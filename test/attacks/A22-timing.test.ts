// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { welchT } from '../../bench/welch.ts';
import { onSmallVault } from '../support/attack-world.ts';
import { move, tried } from '../support/move.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { search, type VaultWorld } from '../support/vault-world.ts';

/** The work that a search counts, and everything that it reads from the store. */
async function work(world: VaultWorld, query: string): Promise<unknown> {
  return world.use(async (vault) => {
    const { explanation, stats } = await search(vault, 'dan', query, 1000);
    return [explanation, stats];
  });
}

move(
  {
    id: 'A22',
    title: 'learn of forbidden documents from how long a search takes',
    by: "a search reads and compares the rows of the caller's classes and nothing else: equal work",
    codes: [],
  },
  () => {
    // Time itself is measured by `npm run bench:timing`, which prints its own power and never decides a test.
    const target = onSmallVault();

    it('does the same counted work with and without forbidden documents', async () => {
      const without = await target.copy();
      const withMore = await without.copy();
      for (let i = 0; i < 40; i++) {
        await withMore.write(
          `board/${i}.md`,
          `# Leave ${i}\n\nThe soup and the leave of board ${i}.\n`,
        );
      }
      await withMore.ingest();
      for (const query of ['soup', 'leave', 'board leave', 'zebra']) {
        expect(await work(withMore, query)).toEqual(await work(without, query));
        tried();
      }
    });

    it('has a statistic that sees a leak of two percent and no leak where there is none', () => {
      const random = new SeededRandom('A22');
      const noise = (mean: number): number[] =>
        Array.from({ length: 10_000 }, () => {
          const sum = Array.from({ length: 12 }, () => random.below(1000) / 1000).reduce(
            (a, b) => a + b,
          );
          return mean * (1 + (sum - 6) / 5);
        });
      expect(Math.abs(welchT(noise(100), noise(102)))).toBeGreaterThan(4.5);
      expect(Math.abs(welchT(noise(100), noise(100)))).toBeLessThan(4.5);
      tried(2);
    });
  },
);
