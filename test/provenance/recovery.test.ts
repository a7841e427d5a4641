// SPDX-License-Identifier: Apache-2.0
// Readers before a log that was taken back: with the root key's word, and without.
import { describe, expect, it } from 'vitest';
import { hex, utf8 } from '../../src/core/index.ts';
import { LOG_KEY_PATH, openRecovery, RECOVERY_PATH } from '../../src/provenance/recovery.ts';
import type { TreeHead } from '../../src/provenance/merkle.ts';
import { LogAuthor } from '../support/log-author.ts';
import { LogWorld, type Party, type Writer } from '../support/log-world.ts';
import { expectRefusal, expectRejection } from '../support/tampering.ts';

const author = new LogAuthor();
const named = ({ size, root }: TreeHead): { size: number; root: string } => ({
  size,
  root: hex(root),
});

interface Heads {
  readonly old: TreeHead;
  readonly new: TreeHead;
}

const recoveryEntry = ({ old, new: next }: Heads, by = 'root'): Promise<Uint8Array> =>
  author.recovery(old, next, null, by);

interface Lost {
  /** The log as it was restored, in a store of its own. */
  readonly world: LogWorld;
  readonly writer: Writer;
  /** A reader who has seen the lost head. */
  readonly reader: Party;
  readonly heads: Heads;
}

/** A log of which two batches were lost, and a reader who has seen them. */
async function lost(): Promise<Lost> {
  const [world, writer] = await LogWorld.founded(author);
  await writer.sequencer.commit([await author.ingest('a')]);
  const older = writer.ledger.head;
  const [restored, next] = await world.copied(writer);
  await writer.sequencer.commit([await author.ingest('b')]);
  await writer.sequencer.commit([await author.ingest('c')]);
  const reader = await world.open();
  return { world: restored, writer: next, reader, heads: { old: writer.ledger.head, new: older } };
}

/** Publishes a recovery as the next entry of the restored log. */
async function recovered(at: Lost, entry: Uint8Array, first = entry): Promise<void> {
  await at.world.plant(RECOVERY_PATH, entry);
  await at.writer.sequencer.commit([first, await author.ingest('d')]);
}

const reopen = (at: Lost): Promise<Party> => at.world.open(at.reader);

describe('a reader who has seen a head that was lost', () => {
  it('refuses the older log, and goes on from it when the root key says so', async () => {
    const at = await lost();
    await expectRejection(reopen(at), 'ROLLBACK');
    const entry = await recoveryEntry(at.heads);
    await recovered(at, entry);
    const { ledger, trust } = await reopen(at);
    expect(ledger.lookup('doc', author.docId('d'))?.version).toBe(1);
    expect(ledger.lookup('doc', author.docId('b'))).toBeNull();
    expect(trust.file.head).toEqual(named(at.writer.ledger.head));
    expect(at.world.alarms.map(({ code }) => code)).toContain('ROLLBACK');
    await at.writer.sequencer.commit([await author.ingest('e')]);
    expect((await reopen(at)).ledger.head.size).toBe(at.writer.ledger.head.size);
  });

  it('goes back also when the new history has outgrown the lost one', async () => {
    const at = await lost();
    const entry = await recoveryEntry(at.heads);
    await recovered(at, entry);
    for (let i = 0; at.writer.ledger.head.size <= at.heads.old.size; i++) {
      await at.writer.sequencer.commit([await author.ingest(`x${i}`)]);
    }
    expect((await reopen(at)).ledger.head.size).toBe(at.writer.ledger.head.size);
  });

  it('goes back and follows another log key in one step', async () => {
    const at = await lost();
    await recovered(at, await recoveryEntry(at.heads));
    const { head } = at.writer.ledger;
    const change = await author.recovery(head, head, 'log-2');
    await at.world.plant(LOG_KEY_PATH, change);
    await at.writer.sequencer.commit([change]);
    const { trust } = await reopen(at);
    expect(trust.file.head).toEqual(named(at.writer.ledger.head));
    expect(trust.file.logVkey).toBe(author.logVkeyOf('log-2'));
  });

  it('INV-RECOVERY-SIGNED: refuses a recovery that another key has signed', async () => {
    for (const by of ['acl', 'stranger']) {
      const at = await lost();
      const entry = await recoveryEntry(at.heads, by);
      const trust = await at.world.readTrust();
      expectRefusal(() => openRecovery(entry, trust), 'SIGNATURE_INVALID');
      await at.world.forge([...(await at.world.entries(at.writer.ledger.head)), entry]);
      await at.world.plant(RECOVERY_PATH, entry);
      await expectRejection(reopen(at), 'SIGNATURE_INVALID');
    }
  });

  it('INV-RECOVERY-HEADS: refuses a recovery that does not speak of the head it has seen', async () => {
    const at = await lost();
    const { old, new: next } = at.heads;
    const wrong: Heads[] = [
      { old: { ...old, size: old.size - 1 }, new: next },
      { old: { ...old, root: next.root }, new: next },
    ];
    for (const heads of wrong) {
      const again = await lost();
      await recovered(again, await recoveryEntry(heads));
      await expectRejection(reopen(again), 'ROLLBACK');
    }
    const later = await lost();
    const beyond = { ...old, size: old.size + 5 };
    await recovered(later, await recoveryEntry({ old: beyond, new: next }));
    await expectRejection(reopen(later), 'ROLLBACK');
  });

  it('INV-RECOVERY-HEADS: does not let a recovery take back what came after it', async () => {
    const at = await lost();
    // The lost history was longer than the new one will be for a while.
    const old = { ...at.heads.old, size: at.heads.old.size + 50 };
    await recovered(at, await recoveryEntry({ ...at.heads, old }));
    const short = await at.world.bytes('checkpoint');
    await at.writer.sequencer.commit([await author.ingest('e')]);
    const reader = await at.world.open();
    expect(reader.ledger.head.size).toBeLessThan(old.size);
    await at.world.plant('checkpoint', short);
    await expectRejection(at.world.open(reader), 'ROLLBACK');
  });

  it('INV-RECOVERY-LOGGED: refuses a recovery that is not the first entry after the older head', async () => {
    const at = await lost();
    const entry = await recoveryEntry(at.heads);
    await recovered(at, entry, await author.ingest('first'));
    await expectRejection(reopen(at), 'PROOF_INVALID');
    const unlogged = await lost();
    await unlogged.world.plant(RECOVERY_PATH, await recoveryEntry(unlogged.heads));
    await expectRejection(reopen(unlogged), 'PROOF_INVALID');
  });

  it('takes nothing else for a recovery', async () => {
    const at = await lost();
    const fields = { old: named(at.heads.old), new: named(at.heads.new), reason: 'disk lost' };
    const elsewhere = { log: `${author.log}x`, logVkey: null };
    const foreign = await author.statement('recovery', { ...fields, ...elsewhere }, 'root');
    for (const bytes of [utf8('noise'), await author.ingest('z'), foreign]) {
      await at.world.plant(RECOVERY_PATH, bytes);
      await expectRejection(reopen(at), 'ROLLBACK');
    }
  });
});
