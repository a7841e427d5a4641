// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { isStrongroomError } from '../../src/core/index.ts';
import { onEachVault } from '../support/attack-world.ts';
import { move, refused, tried } from '../support/move.ts';
import { caller, type VaultWorld } from '../support/vault-world.ts';

const QUERIES = [
  'leave',
  'salary of an engineer',
  'the merger with Bluebird',
  'zebra',
  'travel overtime',
];
const MODES = ['hybrid', 'vector', 'bm25'] as const;

/** Forbidden documents of every kind: like what the person may read, unlike it, long, short, many. */
async function addForbidden(world: VaultWorld, readable: readonly string[]): Promise<void> {
  await world.write('board/copy.md', readable.join('\n\n'));
  await world.write('board/short.md', 'Leave.');
  for (let i = 0; i < 12; i++) {
    await world.write(
      `people/${i}.md`,
      `# Salary ${i}\n\nThe salary of person ${i}, on leave, zebra.\n`,
    );
  }
  await world.ingest();
}

/** Everything that a person can get out of a vault, byte for byte: results, scores, counts, citations, errors. */
async function everything(world: VaultWorld, person: string): Promise<string> {
  return world.use(async (vault) => {
    const seen: unknown[] = [];
    for (const query of QUERIES) {
      for (const mode of MODES) {
        for (const k of [1, 5, 1000]) {
          seen.push(await vault.search({ caller: caller(person), query, mode, k }));
        }
      }
      seen.push(await vault.context({ caller: caller(person), query, budget: 400 }));
    }
    const wrong = [
      { query: '', k: 1 },
      { query: 'leave', k: 0 },
      { query: 'leave', k: 1001 },
    ];
    for (const request of wrong) {
      try {
        seen.push(await vault.context({ caller: caller(person), ...request }));
      } catch (error) {
        if (!isStrongroomError(error)) throw error;
        const { code, message, details } = error;
        seen.push({ code, message, details });
        refused(code);
      }
    }
    return JSON.stringify(seen);
  });
}

move(
  {
    id: 'A21',
    title: 'learn of forbidden documents from counts, order, scores, citations or errors',
    by: "only the caller's classes are read, and statistics are theirs; denied looks absent",
    codes: ['USAGE'],
  },
  () => {
    onEachVault((target) => {
      it('is the same to the last byte, with and without forbidden documents', async () => {
        const without = await target.copy();
        const withMore = await without.copy();
        await addForbidden(
          withMore,
          target.readable('dan').map(({ text }) => text),
        );
        for (const person of ['dan', 'nobody']) {
          const [mine, theirs] = [
            await everything(without, person),
            await everything(withMore, person),
          ];
          expect(theirs).toBe(mine);
          expect(mine).not.toMatch(/board\/|people\/|staff\//);
          tried();
        }
        // The comparison can see a difference: to ada the new documents are there.
        expect(await everything(withMore, 'ada')).not.toBe(await everything(without, 'ada'));
      });

      it('shows no number of the log, of a class or of an entry in results and contexts', async () => {
        const world = await target.copy();
        await world.use(async (vault) => {
          const { ledger } = vault.session;
          const hidden = new Set(['classNo', 'aclDigest', 'leafHash', 'entry', 'logSize', 'index']);
          const names = new Set<string>();
          const request = { caller: caller('ada'), query: 'leave' };
          const { passages } = await vault.search(request);
          const context = await vault.context(request);
          const collect = (value: unknown): void => {
            if (typeof value !== 'object' || value === null) return;
            for (const [name, inner] of Object.entries(value)) {
              if (!Array.isArray(value)) names.add(name);
              collect(inner);
            }
          };
          collect([passages, context]);
          expect([...names].filter((name) => hidden.has(name))).toEqual([]);
          const shown = JSON.stringify([passages, context]);
          for (const doc of ledger.documents()) {
            expect(shown).not.toContain(doc.entryLeafHash);
            expect(shown).not.toContain(doc.aclDigest);
          }
          tried();
        });
      });
    });
  },
);
