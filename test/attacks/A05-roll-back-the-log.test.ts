// SPDX-License-Identifier: Apache-2.0
import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { expectAudited, expectStopped, eventsOf, onEachVault } from '../support/attack-world.ts';
import { LogWorld, MemoryTrust } from '../support/log-world.ts';
import { move, refused } from '../support/move.ts';
import { codeRejectedBy } from '../support/tampering.ts';
import { search, type VaultWorld } from '../support/vault-world.ts';

const LOG = path.join('store', 'log');

/** Puts the log of one vault in the place of another's. */
async function restoreLog(world: VaultWorld, older: VaultWorld): Promise<void> {
  await rm(path.join(world.vault, LOG), { recursive: true });
  await cp(path.join(older.vault, LOG), path.join(world.vault, LOG), { recursive: true });
}

move(
  {
    id: 'A05',
    title: 'roll the whole log back to an older checkpoint that is validly signed',
    by: 'newest head seen, kept outside the vault; consistency proofs; maximum age of the head',
    codes: ['ROLLBACK', 'HEAD_STALE'],
  },
  () => {
    onEachVault((target) => {
      it('is refused by a reader that starts, and by one that is running', async () => {
        const older = await target.copy();
        const world = await older.copy();
        await world.write('news/late.md', '# Late news\n\nThe lift is out of order.\n');
        await world.ingest();
        const running = await world.open();
        await search(running, 'ada', 'lift');
        await restoreLog(world, older);
        const before = (await eventsOf(world)).length;
        const code = await codeRejectedBy(search(running, 'ada', 'lift'));
        expect(code).toBe('ROLLBACK');
        running.close();
        expectAudited((await eventsOf(world)).slice(before), ['ROLLBACK']);
        refused(code);
        await expectStopped(target, world, { codes: ['ROLLBACK'], passages: 'none' });
      });

      it('is refused by whoever wants to write', async () => {
        const older = await target.copy();
        const world = await older.copy();
        await world.write('news/late.md', '# Late news\n\nThe lift is out of order.\n');
        await world.ingest();
        await restoreLog(world, older);
        refused(await codeRejectedBy(world.ingest()));
      });
    });

    it('fools a newcomer for at most the configured age', async () => {
      const [world, writer] = await LogWorld.founded();
      const newcomer = (): MemoryTrust => new MemoryTrust({ ...world.trustFile(), maxAge: 3600 });
      const { author, clock } = world;
      await world.open({ trust: newcomer() });
      clock.seconds += 3601;
      expect(await codeRejectedBy(world.open({ trust: newcomer() }))).toBe('HEAD_STALE');
      refused('HEAD_STALE');
      author.time = clock.seconds;
      await writer.sequencer.commit([await author.acl('another')]);
      await world.open({ trust: newcomer() });
    });

    it('is refused for every older head, whichever one is restored', async () => {
      const [world, writer] = await LogWorld.founded();
      const heads: { size: number; checkpoint: Uint8Array }[] = [];
      for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
        const checkpoint = (await world.bytes('checkpoint'))!;
        heads.push({ size: writer.ledger.head.size, checkpoint });
        await writer.sequencer.commit([await world.author.ingest(name)]);
      }
      const reader = await world.open();
      for (const { checkpoint } of heads) {
        await world.plant('checkpoint', checkpoint);
        expect(await codeRejectedBy(reader.ledger.refresh())).toBe('ROLLBACK');
        expect(await codeRejectedBy(world.open(reader))).toBe('ROLLBACK');
        refused('ROLLBACK');
      }
    });
  },
);
