// SPDX-License-Identifier: Apache-2.0
import { copyFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { objectPath, putRecord } from '../../src/store/index.ts';
import {
  memoryStateOf,
  encodeTable,
  openNewestTable,
  snapshotRef,
} from '../../src/vault/inside.ts';
import { expectStopped, onEachVault, PEOPLE, type Target } from '../support/attack-world.ts';
import { withDataKeys } from '../support/insider.ts';
import { move } from '../support/move.ts';
import { VaultWorld } from '../support/vault-world.ts';

/** The one file of a folder of the store. */
async function only(world: VaultWorld, folder: string): Promise<string> {
  const files = await readdir(path.join(world.vault, 'store', folder));
  expect(files).toHaveLength(1);
  return path.join(world.vault, 'store', folder, files[0]!);
}

/** Everybody gets what he got before, read from the documents. */
async function expectRebuilt(target: Target, damaged: VaultWorld): Promise<void> {
  for (const person of PEOPLE) {
    const copy = await damaged.copy();
    await expectStopped(target, copy, { codes: ['INDEX_TAMPERED'], passages: 'all', person });
  }
}

move(
  {
    id: 'A14',
    title: "replace the index: an older one, another class's, another vault's",
    by: 'the snapshot statement in the log names size, state root, table and every segment',
    codes: ['INDEX_TAMPERED'],
  },
  () => {
    onEachVault((target) => {
      it('is refused when segments or table are those of an older snapshot', async () => {
        const before = await target.copy();
        const damaged = await before.copy();
        const pack = await only(before, 'obj/pack');
        const table = await only(before, 'obj/snap/index');
        // A snapshot of the same documents, sealed anew.
        await damaged.use(async ({ session }) => {
          const { index, markDirty } = await dirtyAll(session);
          expect(index).toBeGreaterThan(0);
          markDirty();
          await session.seal();
        });
        const withPack = await damaged.copy();
        await copyFile(pack, await only(withPack, 'obj/pack'));
        await expectRebuilt(target, withPack);
        const withTable = await damaged.copy();
        await copyFile(table, await only(withTable, 'obj/snap/index'));
        await expectRebuilt(target, withTable);
      });

      it("is refused when it is another vault's", async () => {
        const other = await VaultWorld.ingested();
        const damaged = await target.copy();
        await copyFile(await only(other, 'obj/pack'), await only(damaged, 'obj/pack'));
        await expectRebuilt(target, damaged);
      });

      it('is refused when an insider with the data keys gives classes the segments of others', async () => {
        const damaged = await target.copy();
        await withDataKeys(damaged, async ({ stores, session }) => {
          const table = await openNewestTable(session);
          const [first, ...rest] = table;
          const moved = table.map((entry, i) => ({
            ...(rest[i] ?? first!),
            classNo: entry.classNo,
            segment: entry.segment,
          }));
          const snap = session.ledger.lookup('snap', 'index')!;
          const ref = snapshotRef('default', snap.size);
          const digest = await putRecord(stores, ref, 'table', encodeTable(moved));
          const file = (name: string): string =>
            path.join(damaged.vault, 'store', objectPath(ref, name));
          await copyFile(file(digest), file(snap.objectDigest));
        });
        await expectRebuilt(target, damaged);
      });
    });
  },
);

/** Counts the classes of a session's index and lets all of them be sealed again. */
async function dirtyAll(
  session: Parameters<typeof memoryStateOf>[0],
): Promise<{ index: number; markDirty: () => void }> {
  const state = await memoryStateOf(session);
  const classes = state.table.map(({ classNo }) => classNo);
  return { index: classes.length, markDirty: () => state.markDirty(classes) };
}
