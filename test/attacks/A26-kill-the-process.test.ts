// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, it } from 'vitest';
import { onSmallVault } from '../support/attack-world.ts';
import { move, tried } from '../support/move.ts';
import { finds, OFFICE_ACCESS, type VaultWorld } from '../support/vault-world.ts';

const CHILD = path.resolve(import.meta.dirname, '../support/crash-child.ts');
const ADDED = ['news/x1.md', 'news/x2.md', 'news/x3.md'];

/** Ingests in a process of its own, which dies at its n-th write. @returns files acknowledged, or null when it finished */
function ingestAndDie(world: VaultWorld, n: number): number | null {
  const { vault, home, documents, clock } = world;
  const args = [vault, home, documents, JSON.stringify(OFFICE_ACCESS), String(n)];
  const child = spawnSync(process.execPath, [CHILD, ...args, String(clock.seconds)], {
    encoding: 'utf8',
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  });
  if (child.stdout.includes('finished')) return null;
  expect([child.signal, child.stderr]).toEqual(['SIGKILL', '']);
  return Number(child.stdout.trim().split('\n').at(-1) ?? 0);
}

move(
  {
    id: 'A26',
    title: 'kill the process anywhere in an ingestion',
    by: 'order of one write: object, key, staged rows, log batch; a sequencer finishes what was pending',
    codes: [],
  },
  () => {
    const target = onSmallVault();

    // Every call of every operation is failed in test/faults; these are real deaths of a real process.
    it.each([1, 2, 3, 5, 8, 11, 14])(
      'keeps what was acknowledged and nothing half when it dies at write %i',
      async (n) => {
        const world = await target.copy();
        for (const name of ADDED) await world.write(name, `# ${name}\n\nThe lift of ${name}.\n`);
        const acknowledged = ingestAndDie(world, n);
        expect(acknowledged).not.toBeNull();
        await world.use(async (vault) => {
          const found = await finds(vault, 'dan', 'lift', 1000);
          for (const name of target.documents.filter((each) => each.startsWith('news/'))) {
            expect(found).toContain(name);
          }
          const report = await vault.verifyAll();
          expect(report.failures).toEqual([]);
          expect(report.documents).toBe((await vault.documents()).length);
        });
        const again = await world.ingest();
        expect(again.failures).toEqual([]);
        await world.use(async (vault) => {
          const found = await finds(vault, 'dan', 'lift', 1000);
          for (const name of ADDED) expect(found).toContain(name);
          const { problems } = await vault.fsck();
          expect(problems).toEqual([]);
        });
        expect(world.codes.filter((code) => code === 'ROLLBACK')).toEqual([]);
        tried();
      },
    );

    it('finishes when nothing kills it', async () => {
      const world = await target.copy();
      for (const name of ADDED) await world.write(name, `# ${name}\n\nThe lift of ${name}.\n`);
      expect(ingestAndDie(world, 10_000)).toBeNull();
      expect(await world.finds('dan', 'lift', 1000)).toEqual(expect.arrayContaining(ADDED));
      tried();
    });
  },
);
