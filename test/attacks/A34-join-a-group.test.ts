// SPDX-License-Identifier: Apache-2.0
import { copyFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { objectPath, putList } from '../../src/store/index.ts';
import { directoryRef } from '../../src/vault/inside.ts';
import { expectStopped, onEachVault, type Target } from '../support/attack-world.ts';
import { withDataKeys } from '../support/insider.ts';
import { move, tried } from '../support/move.ts';
import { Replica } from '../support/replica.ts';
import { OFFICE_ACCESS, type VaultWorld } from '../support/vault-world.ts';

/** Path of the sealed directory that the log names, on disk. */
async function directoryFile(world: VaultWorld): Promise<string> {
  return world.use(({ session }) => {
    const dir = session.ledger.lookup('dir', 'people')!;
    const name = objectPath(directoryRef('default', dir.epoch), dir.objectDigest);
    return Promise.resolve(path.join(world.vault, 'store', name));
  });
}

/** A vault in which dan was among the staff, and is not any more; and its directory of then. */
async function dismissed(target: Target): Promise<{ world: VaultWorld; oldFile: string }> {
  const world = await target.copy();
  const groups = { ...OFFICE_ACCESS.groups, staff: ['ben', 'dan', 'people-ops'] };
  await world.use((vault) => vault.setAccess(world.setAccess({ ...OFFICE_ACCESS, groups })));
  const old = await world.copy();
  await world.use((vault) => vault.setAccess(world.setAccess(OFFICE_ACCESS)));
  return { world, oldFile: await directoryFile(old) };
}

move(
  {
    id: 'A34',
    title: 'add oneself to a group: edit, replace, replay or delete the directory',
    by: 'the directory is sealed, committed to in the log and signed by the directory key, epoch by epoch',
    codes: ['POLICY_TAMPERED'],
  },
  () => {
    onEachVault((target) => {
      const stopped = { codes: ['POLICY_TAMPERED'], person: 'dan', passages: 'none' } as const;

      it('is refused with the directory of an older epoch, or without one', async () => {
        const { world, oldFile } = await dismissed(target);
        const gone = await world.copy();
        await copyFile(oldFile, await directoryFile(world));
        await expectStopped(target, world, stopped);
        await rm(await directoryFile(gone));
        await expectStopped(target, gone, stopped);
      });

      it('is refused when an insider with the data keys seals another one', async () => {
        const damaged = await target.copy();
        const file = await directoryFile(damaged);
        await withDataKeys(damaged, async ({ stores, session }) => {
          const { epoch, objectDigest } = session.ledger.lookup('dir', 'people')!;
          const people = session.access.directory.records.map((record) => ({
            ...record,
            groups: ['board', 'people-ops', 'staff'],
            clearance: 9,
          }));
          const ref = directoryRef('default', epoch);
          const forged = await putList(stores, ref, people);
          expect(forged.objectDigest).not.toBe(objectDigest);
          const name = path.join(damaged.vault, 'store', objectPath(ref, forged.objectDigest));
          await copyFile(name, file);
        });
        await expectStopped(target, damaged, stopped);
      });

      it('names the epoch that a decision was made from', async () => {
        const { world } = await dismissed(target);
        await world.use(async (vault) => {
          const name = target.documents.find((each) => each.startsWith('staff/'))!;
          const explained = await vault.explain(name, 'dan');
          expect(explained).toMatchObject({ allowed: false, directoryEpoch: 3 });
          tried();
        });
      });
    });

    it('is void in the log with an old epoch, a skipped one, or another key', async () => {
      const replica = await Replica.founded();
      const { author } = replica;
      replica.accept(await author.list('directory', 1));
      for (const epoch of [0, 1, 3, 2 ** 40]) {
        replica.refuse(await author.list('directory', epoch), 'EPOCH');
        tried();
      }
      for (const by of ['root', 'acl', 'ingest', 'sequencer', 'retriever', 'indexer', 'eraser']) {
        replica.refuse(await author.list('directory', 2, by), 'SCOPE');
        tried();
      }
      replica.refuse(await author.list('directory', 2, 'nobody'), 'SIGNATURE');
      tried();
    });
  },
);
