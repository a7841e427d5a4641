// SPDX-License-Identifier: Apache-2.0
// A log that goes on under another key: readers who follow it, and what does not make them.
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/core/index.ts';
import { signCheckpoint } from '../../src/provenance/checkpoint.ts';
import { parseVkey } from '../../src/provenance/note.ts';
import { LOG_KEY_PATH } from '../../src/provenance/recovery.ts';
import { Sequencer } from '../../src/provenance/sequencer.ts';
import { LogAuthor } from '../support/log-author.ts';
import { LogWorld, MemoryCache, MemoryTrust, type Writer } from '../support/log-world.ts';
import { expectRejection } from '../support/tampering.ts';

const author = new LogAuthor();

/** Has the root key name the next log key, and the log go on under it. @returns the statement */
async function rotate(
  world: LogWorld,
  { sequencer, ledger }: Writer,
  name: string,
): Promise<Uint8Array> {
  const entry = await author.recovery(ledger.head, ledger.head, name);
  await world.plant(LOG_KEY_PATH, entry);
  expect(await sequencer.commit([entry])).toMatchObject([{ outcome: 'committed' }]);
  return entry;
}

/** Publishes the present head once more, under another log key. */
async function signAgain(world: LogWorld, { ledger }: Writer, name: string): Promise<void> {
  const key = parseVkey(author.logVkeyOf(name))!;
  const sign = (text: Uint8Array): Promise<Uint8Array> => author.signer(name).sign(text);
  await world.plant('checkpoint', utf8(await signCheckpoint(author.log, ledger.head, key, sign)));
}

describe('a reader of a log whose key has changed', () => {
  it('follows when it opens, when it refreshes and as a newcomer, and remembers the key with the head', async () => {
    const [world, writer] = await LogWorld.founded(author);
    const [kept, open] = [await world.open(), await world.open()];
    await rotate(world, writer, 'log-2');
    await writer.sequencer.commit([await author.ingest('a')]);
    const { head } = writer.ledger;
    await open.ledger.refresh();
    for (const party of [await world.open(kept), open, await world.open(), writer]) {
      expect(party.ledger.head.note).toBe(head.note);
      expect(party.ledger.trust.file.logVkey).toBe(author.logVkeyOf('log-2'));
      expect(party.trust.file).toMatchObject({
        logVkey: author.logVkeyOf('log-2'),
        head: { size: head.size },
      });
    }
    await world.plant(LOG_KEY_PATH, null);
    expect((await world.open(kept)).ledger.head.size).toBe(head.size);
  });

  it('follows over several changes at once, and a writer takes over under the newest key', async () => {
    const [world, writer] = await LogWorld.founded(author);
    const kept = await world.open();
    await rotate(world, writer, 'log-2');
    await rotate(world, writer, 'log-3');
    const next = await world.write(kept);
    await next.sequencer.commit([await author.ingest('a')]);
    await writer.ledger.refresh();
    expect(writer.ledger.head.note).toBe(next.ledger.head.note);
  });

  it('finds a change that stopped half-way finished by the next writer', async () => {
    const [world, writer] = await LogWorld.founded(author);
    const { ledger } = writer;
    const entry = await author.recovery(ledger.head, ledger.head, 'log-2');
    await world.plant(LOG_KEY_PATH, entry);
    const options = world.sequencerOptions(ledger);
    const cosign = (): Promise<string> => Promise.reject(new Error('no witness'));
    const stopped = await Sequencer.start({ ...options, cosign });
    await expect(stopped.commit([entry])).rejects.toThrow('no witness');
    const { size } = ledger.head;
    await Sequencer.start(options);
    expect(ledger.head.size).toBe(size + 2);
    expect((await world.open()).ledger.trust.file.logVkey).toBe(author.logVkeyOf('log-2'));
  });

  it('INV-LOG-KEY-CURRENT: refuses the key that was replaced, however it goes on', async () => {
    const [world, writer] = await LogWorld.founded(author);
    const [kept, open] = [await world.open(), await world.open()];
    const first = await rotate(world, writer, 'log-2');
    await signAgain(world, writer, 'log');
    await expectRejection(world.open(kept), 'CHECKPOINT_INVALID');
    await expectRejection(open.ledger.refresh(), 'CHECKPOINT_INVALID');
    expect(open.trust.file.logVkey).toBe(author.logVkey);

    await rotate(world, writer, 'log-3');
    await signAgain(world, writer, 'log-2');
    await world.plant(LOG_KEY_PATH, first);
    await expectRejection(world.open(kept), 'CHECKPOINT_INVALID');
    await expectRejection(world.open(writer), 'CHECKPOINT_INVALID');
    expect(writer.trust.file.logVkey).toBe(author.logVkeyOf('log-3'));
  });

  it('INV-LOG-KEY-CURRENT: refuses a change that the log does not hold', async () => {
    const [world, writer] = await LogWorld.founded(author);
    const kept = await world.open();
    const { head } = writer.ledger;
    await writer.sequencer.commit([await author.ingest('a')]);
    await world.plant(LOG_KEY_PATH, await author.recovery(head, head, 'log-2'));
    await signAgain(world, writer, 'log-2');
    await expectRejection(world.open(kept), 'CHECKPOINT_INVALID');
  });

  it('is not led on by what the root key has not signed, or what is no such change', async () => {
    const [world, writer] = await LogWorld.founded(author);
    const kept = {
      trust: new MemoryTrust(world.trustFile(writer.ledger.head)),
      cache: new MemoryCache(),
    };
    const { head } = writer.ledger;
    await rotate(world, writer, 'log-2');
    for (const by of ['acl', 'stranger']) {
      await world.plant(LOG_KEY_PATH, await author.recovery(head, head, 'log-2', by));
      await expectRejection(world.open(kept), 'SIGNATURE_INVALID');
    }
    const fields = {
      old: { size: 1, root: 'ab'.repeat(32) },
      new: { size: 1, root: 'ab'.repeat(32) },
    };
    const of = (log: string, logVkey: string): Promise<Uint8Array> =>
      author.statement('recovery', { ...fields, log, logVkey, reason: 'x' }, 'root');
    const others = [
      null,
      utf8('noise'),
      await author.ingest('b'),
      await author.recovery(head, head),
      await of(`${author.log}x`, author.logVkeyOf('log-2')),
      await of(author.log, 'elsewhere+00000000+AAAA'),
    ];
    for (const bytes of others) {
      await world.plant(LOG_KEY_PATH, bytes);
      await expectRejection(world.open(kept), 'CHECKPOINT_INVALID');
    }
    expect(kept.trust.file.logVkey).toBe(author.logVkey);
  });

  it('is never asked to follow one that names another head', async () => {
    const [, writer] = await LogWorld.founded(author);
    const { head } = writer.ledger;
    await writer.sequencer.commit([await author.ingest('a')]);
    const entry = await author.recovery(head, head, 'log-2');
    expect(await writer.sequencer.commit([entry])).toEqual([
      { outcome: 'refused', reason: 'CONFLICT' },
    ]);
    expect(writer.ledger.trust.file.logVkey).toBe(author.logVkey);
  });
});
