// SPDX-License-Identifier: Apache-2.0
import { cp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { hex } from '../../src/core/index.ts';
import { RECOVERY_PATH, signStatement } from '../../src/provenance/index.ts';
import { recoverVault } from '../../src/vault/index.ts';
import { expectStopped, onEachVault, type Target } from '../support/attack-world.ts';
import { LogAuthor } from '../support/log-author.ts';
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

/** Plants a recovery from the head that was seen to the one that is shown, signed by whoever holds no root key. */
async function forgeRecovery(world: VaultWorld, old: VaultWorld): Promise<void> {
  const seen = await old.use(({ session }) => Promise.resolve(session.ledger.head));
  const stranger = new LogAuthor('stranger').signer('root');
  const origin = seen.origin;
  const head = { size: seen.size, root: hex(seen.root) };
  const entry = await signStatement(
    'recovery',
    { log: origin, time: 1, old: head, new: head, logVkey: null, reason: 'disk lost' },
    stranger,
  );
  await writeFile(path.join(world.vault, 'store', 'log', 'default', RECOVERY_PATH), entry);
}

move(
  {
    id: 'A32',
    title: 'restore the whole vault from an older copy, its local state included',
    by: 'newest head seen and newest head signed, outside the vault; going back needs the root key for exactly that head',
    codes: ['ROLLBACK', 'TRUST_UNKNOWN', 'VAULT_MISSING', 'SIGNATURE_INVALID'],
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

      it('is not excused by a recovery statement that another key has signed', async () => {
        const world = await restored(target);
        const old = await target.copy();
        await forgeRecovery(world, old);
        await expectStopped(target, world, { codes: ['SIGNATURE_INVALID'], passages: 'none' });
      });

      it('is not excused by the recovery of another day: it speaks of one head', async () => {
        const world = await restored(target);
        const options = { ...world.place, embedder: world.embedder };
        const plan = await recoverVault(options, 'disk lost');
        expect(plan.new.size).toBeLessThan(plan.old.size);
        await world.write('news/after.md', '# After\n\nThe lift works again.\n');
        await world.ingest();
        const after = await world.copy();
        await world.write('news/more.md', '# More\n\nThe lift stands still again.\n');
        await world.ingest();
        await rm(world.vault, { recursive: true });
        await cp(after.vault, world.vault, { recursive: true });
        const code = await codeRejectedBy(world.open());
        expect(code).toBe('ROLLBACK');
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
      const recovery = (by: string): Promise<Uint8Array> => {
        const heads = { old: head(replica.next + 4), new: head(replica.next) };
        const fields = { ...heads, logVkey: null, reason: 'restored from a copy' };
        return author.statement('recovery', fields, by);
      };
      for (const by of [
        'ingest',
        'acl',
        'sequencer',
        'indexer',
        'retriever',
        'directory',
        'eraser',
      ]) {
        replica.refuse(await recovery(by), 'SCOPE');
        tried();
      }
      replica.refuse(await recovery('nobody'), 'SIGNATURE');
      replica.accept(await recovery('root'));
      tried();
    });
  },
);
