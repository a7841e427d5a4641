// SPDX-License-Identifier: Apache-2.0
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { expectStopped, onEachVault, type Target } from '../support/attack-world.ts';
import { move, refused } from '../support/move.ts';
import { Replica } from '../support/replica.ts';
import { restoreKeyTable } from '../support/stored-keys.ts';
import { codeRejectedBy } from '../support/tampering.ts';
import { finds, type VaultWorld } from '../support/vault-world.ts';

/** A vault whose first document has a second version, and what the store held before. */
async function superseded(target: Target): Promise<{
  world: VaultWorld;
  name: string;
  before: VaultWorld;
}> {
  const before = await target.copy();
  const world = await before.copy();
  const name = target.documents[0]!;
  await world.write(name, '# Withdrawn\n\nThis page was withdrawn on the ninth of May.\n');
  await world.ingest();
  return { world, name, before };
}

move(
  {
    id: 'A04',
    title: 'roll one document back to a valid older version',
    by: 'the newest head seen; head and version per document in the state map; the chain of versions',
    codes: ['ROLLBACK', 'INTEGRITY', 'INDEX_TAMPERED'],
  },
  () => {
    it('is void in the log: an older version is not the next one', async () => {
      const replica = await Replica.founded();
      const first = await replica.author.ingest('a');
      replica.accept(first);
      const one = replica.doc('a');
      await replica.ingest('a');
      replica.refuse(first, 'CONFLICT');
      replica.refuse(await replica.author.ingest('a', one), 'CONFLICT');
      replica.refuse(await replica.author.ingest('a', null), 'CONFLICT');
      expect(replica.doc('a').version).toBe(2);
      refused();
    });

    onEachVault((target) => {
      it('is refused when the log that names the new version goes back with it', async () => {
        const { world, before } = await superseded(target);
        await restoreKeyTable(world, before);
        for (const part of ['store', 'ledger.sqlite', 'journal.sqlite']) {
          await rm(path.join(world.vault, part), { recursive: true });
          await cp(path.join(before.vault, part), path.join(world.vault, part), {
            recursive: true,
          });
        }
        await expectStopped(target, world, { codes: ['ROLLBACK'], passages: 'none' });
      });

      it('fails when the old object stands in the place of the new one', async () => {
        const { world, name, before } = await superseded(target);
        const old = await readFile(path.join(before.folder, await before.objectOf(name)));
        await writeFile(path.join(world.folder, await world.objectOf(name)), old);
        const code = await codeRejectedBy(world.use((vault) => vault.verifyAll().then(failing)));
        expect(code).toBeNull();
        await world.use(async (vault) => {
          expect(await finds(vault, 'ada', 'withdrawn page', 1000)).not.toContain(name);
        });
        expect(world.codes).toContain('INTEGRITY');
        refused('INTEGRITY');
      });

      it('does not come back with an older index', async () => {
        const { world, name, before } = await superseded(target);
        // Old segments and their table beside the new ones; the log names the new table.
        const folder = path.join('store', 'obj', 'snap', 'index');
        const [now] = await readdir(path.join(world.vault, folder));
        const [then] = await readdir(path.join(before.vault, folder));
        await cp(path.join(before.vault, folder, then!), path.join(world.vault, folder, now!));
        await restoreKeyTable(world, before);
        await world.use(async (vault) => {
          const shown = await vault.search({
            caller: { id: 'ada', identity: 'impersonated' },
            query: 'anything at all',
            k: 1000,
          });
          const versions = shown.passages.filter(({ source }) => source.uri === name);
          expect(versions.every(({ version }) => version === 2)).toBe(true);
        });
        expect(world.codes).toContain('INDEX_TAMPERED');
        refused('INDEX_TAMPERED');
      });
    });
  },
);

/** Demands that a verification finds exactly one failure. */
function failing({ failures }: { failures: readonly { code: string }[] }): void {
  expect(failures.map(({ code }) => code)).toEqual(['INTEGRITY']);
}
