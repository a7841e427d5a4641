// SPDX-License-Identifier: Apache-2.0
import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { expectStopped, onEachVault, type Target } from '../support/attack-world.ts';
import { move, refused, tried } from '../support/move.ts';
import { Replica } from '../support/replica.ts';
import { codeRejectedBy } from '../support/tampering.ts';
import type { VaultWorld } from '../support/vault-world.ts';

/** A vault that went on, and then had its whole directory restored from a copy that was good in its day. */
async function restored(target: Target): Promise<VaultWorld> {
  const old = await target.copy();
  const world = await old.copy();
  await world.write('news/late.md', '# Late news\n\nThe lift is out of order.\n');
  await world.ingest();
  await rm(world.vault, { recursive: true });
  await cp(old.vault, world.vault, { recursive: true });
  return world;
}

move(
  {
    id: 'A32',
    title: 'restore the whole vault from an older copy, its local state included',
    by: 'trust file and lock record outside the vault: newest head seen, newest head signed',
    codes: ['ROLLBACK', 'TRUST_UNKNOWN', 'VAULT_MISSING'],
  },
  () => {
    onEachVault((target) => {
      it('is refused to readers and writers', async () => {
        const world = await restored(target);
        await expectStopped(target, world, { codes: ['ROLLBACK'], passages: 'none' });
        refused(await codeRejectedBy(world.ingest()));
      });

      it('is refused also when the trust file goes with it: the vault vouches for nothing', async () => {
        const world = await restored(target);
        await rm(path.join(world.home, 'trust'), { recursive: true });
        refused(await codeRejectedBy(world.open()));
        expect(world.codes).toEqual(['TRUST_UNKNOWN']);
      });

      it('is refused to the sequencer even when only the lock record remembers', async () => {
        const old = await target.copy();
        const world = await restored(target);
        await cp(path.join(old.home, 'trust'), path.join(world.home, 'trust'), { recursive: true });
        // A reader without any memory of the newer head accepts it: that is what witnesses and maximum ages are for.
        const code = await codeRejectedBy(world.ingest());
        expect(code).toBe('ROLLBACK');
        expect(world.codes).toContain('ROLLBACK');
        refused(code);
      });

      it('is nothing that a vault without its directory answers', async () => {
        const world = await target.copy();
        await rm(world.vault, { recursive: true });
        refused(await codeRejectedBy(world.open()));
      });
    });

    it('needs a statement of the root key that names both heads', async () => {
      const replica = await Replica.founded();
      const { author } = replica;
      const head = (size: number): { size: number; root: string } => ({
        size,
        root: 'ab'.repeat(32),
      });
      const fields = { old: head(9), new: head(5), logVkey: null, reason: 'restored from a copy' };
      for (const by of [
        'ingest',
        'acl',
        'sequencer',
        'indexer',
        'retriever',
        'directory',
        'eraser',
      ]) {
        replica.refuse(await author.statement('recovery', fields, by), 'SCOPE');
        tried();
      }
      replica.refuse(await author.statement('recovery', fields, 'nobody'), 'SIGNATURE');
      replica.accept(await author.statement('recovery', fields, 'root'));
      tried();
    });
  },
);
