// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { hex, sha256, utf8 } from '../../src/core/index.ts';
import { BATCH_ENTRIES, Sequencer } from '../../src/provenance/sequencer.ts';
import { newTiles, partialTiles, tilePath } from '../../src/provenance/tiles.ts';
import { LogAuthor } from '../support/log-author.ts';
import { LogWorld, type Writer } from '../support/log-world.ts';
import { codeRejectedBy, expectRejection, flipBit } from '../support/tampering.ts';

const author = new LogAuthor();
const DAY = 24 * 3600;
const acls = (n: number, start = 0): Promise<Uint8Array[]> =>
  Promise.all(Array.from({ length: n }, (_, i) => author.acl(`class ${start + i}`)));

/** Appends class records until the log has exactly this many entries. */
async function growTo(writer: Writer, size: number): Promise<void> {
  while (writer.ledger.head.size < size) {
    const n = Math.min(BATCH_ENTRIES, size - writer.ledger.head.size - 1);
    await writer.sequencer.commit(await acls(n, writer.ledger.head.size));
  }
}

describe('committing', () => {
  it('appends entries and a state entry, and acknowledges when the head is published', async () => {
    const [world, writer] = await LogWorld.founded(author);
    const size = writer.ledger.head.size;
    const outcomes = await writer.sequencer.commit([
      await author.ingest('a'),
      await author.ingest('b'),
    ]);
    expect(outcomes).toMatchObject([
      { outcome: 'committed', index: size },
      { outcome: 'committed', index: size + 1 },
    ]);
    expect(writer.ledger.head.size).toBe(size + 3);
    expect(writer.ledger.view.state.last?.index).toBe(size + 2);
    expect(utf8(writer.ledger.head.note)).toEqual(await world.bytes('checkpoint'));
    expect(writer.trust.file.head?.size).toBe(size + 3);
    expect(world.locks.state).toMatchObject({ signed: { size: size + 3 }, pending: null });
    const reader = await world.open();
    expect(reader.ledger.lookup('doc', author.docId('a'))).toMatchObject({
      version: 1,
      entry: size,
    });
  });

  it('leaves out what the ledger would void and says why', async () => {
    const [world, writer] = await LogWorld.founded(author);
    const size = writer.ledger.head.size;
    const race = [await author.ingest('a'), await author.ingest('a', null, { chunks: 9 })];
    const outcomes = await writer.sequencer.commit([utf8('noise'), ...race]);
    expect(outcomes).toMatchObject([
      { outcome: 'refused', reason: 'FORMAT' },
      { outcome: 'committed', index: size },
      { outcome: 'refused', reason: 'CONFLICT' },
    ]);
    expect(await world.entries(writer.ledger.head)).toHaveLength(size + 2);
  });

  it('writes nothing when nothing is left', async () => {
    const [world, writer] = await LogWorld.founded(author);
    const { note } = writer.ledger.head;
    expect(await writer.sequencer.commit([])).toEqual([]);
    expect(await writer.sequencer.commit([utf8('noise')])).toMatchObject([{ outcome: 'refused' }]);
    expect(writer.ledger.head.note).toBe(note);
    expect(await world.paths('staging/')).toEqual([]);
  });

  it('refuses statements of another day, of the future, and of keys past their time', async () => {
    const [world, writer] = await LogWorld.founded(author);
    const at = async (time: number): Promise<unknown> => {
      const [outcome] = await writer.sequencer.commit([await author.acl(`at ${time}`, { time })]);
      return outcome?.outcome === 'refused' ? outcome.reason : outcome?.outcome;
    };
    const now = world.clock.seconds;
    expect(await at(now - DAY)).toBe('committed');
    expect(await at(now - DAY - 1)).toBe('TIME');
    expect(await at(now + 600)).toBe('committed');
    expect(await at(now + 601)).toBe('TIME');
    const short = await author.delegate('short', 'acl', { notAfter: now + 5 });
    await writer.sequencer.commit([short]);
    const inTime = await writer.sequencer.commit([await author.acl('in time', {}, 'short')]);
    expect(inTime).toMatchObject([{ outcome: 'committed' }]);
    world.clock.seconds += 6;
    const late = await writer.sequencer.commit([await author.acl('late', {}, 'short')]);
    expect(late).toMatchObject([{ outcome: 'refused', reason: 'TIME' }]);
    await writer.sequencer.commit([await author.acl('other')]);
    const ended = await writer.sequencer.commit([await author.acl('late', {}, 'short')]);
    expect(ended).toMatchObject([{ outcome: 'refused', reason: 'SIGNATURE' }]);
  });

  it('does not append what would stop every reader', async () => {
    const [, writer] = await LogWorld.founded(author);
    const type = 'https://strongroom.dev/attestations/future/v1';
    const entry = await author.loose(type, {}, 'acl', { name: 'x', digest: {} });
    await expectRejection(writer.sequencer.commit([entry]), 'UPGRADE_REQUIRED');
    expect(await codeRejectedBy(writer.sequencer.commit(await acls(1)))).toBeNull();
  });

  it('INV-SEQUENCER-CLOCK: writes nothing when its clock lies more than ten minutes behind the log', async () => {
    const [world, writer] = await LogWorld.founded(author);
    const everything = async (): Promise<unknown> => ({
      files: await Promise.all((await world.paths()).map((path) => world.bytes(path))),
      lock: world.locks.state,
      signed: world.signedTexts.length,
    });
    const before = await everything();
    const { seconds } = world.clock;
    world.clock.seconds = seconds - 601;
    const early = await author.acl('early', { time: seconds - 601 });
    await expectRejection(writer.sequencer.commit([early]), 'CLOCK_AHEAD');
    expect(await everything()).toEqual(before);
    world.clock.seconds = seconds - 600;
    expect(await writer.sequencer.commit([early])).toMatchObject([{ outcome: 'committed' }]);
    // The log never goes back in time: the state keeps the newer one.
    expect(writer.ledger.view.state.last?.time).toBe(seconds);
  });

  it('takes 63 entries a batch and keeps the order of concurrent callers', async () => {
    const [world, writer] = await LogWorld.founded(author);
    const size = writer.ledger.head.size;
    const [first, second] = await Promise.all([
      writer.sequencer.commit(await acls(70)),
      writer.sequencer.commit(await acls(1, 70)),
    ]);
    const indices = [...first, ...second].map((o) => (o.outcome === 'committed' ? o.index : -1));
    const expected = Array.from({ length: 71 }, (_, i) => size + i + (i < 63 ? 0 : i < 70 ? 1 : 2));
    expect(indices).toEqual(expected);
    expect(writer.ledger.head.size).toBe(size + 74);
    expect((await world.open()).ledger.head.size).toBe(size + 74);
  });

  it('signs the state with a sequencer key that is live there, though the batch revokes another', async () => {
    const [world, writer] = await LogWorld.founded(author);
    world.sequencerKeys = ['acl', 'sequencer', 'sequencer-2'];
    const { size } = writer.ledger.head;
    await writer.sequencer.commit([
      await author.delegate('sequencer-2', 'sequencer'),
      await author.revoke('sequencer', size + 1),
    ]);
    expect((await world.open()).ledger.head.size).toBe(size + 3);
    world.sequencerKeys = ['sequencer', 'acl'];
    await expectRejection(writer.sequencer.commit(await acls(1)), 'KEY_UNAVAILABLE');
    expect(await world.paths('staging/')).toEqual([]);
    expect(writer.ledger.head.size).toBe(size + 3);
  });

  it('gives a sealed snapshot its place in the state entry', async () => {
    const [world, writer] = await LogWorld.founded(author);
    const seen: [number, number][] = [];
    const options = {
      ...world.sequencerOptions(writer.ledger),
      snapshot: (state: { count: number }, index: number) => {
        seen.push([state.count, index]);
        return Promise.resolve({ digest: hex(sha256(utf8('snapshot'))), bytes: 8 });
      },
    };
    const sequencer = await Sequencer.start(options);
    await sequencer.commit(await acls(1));
    const { size } = writer.ledger.head;
    expect(seen).toEqual([[writer.ledger.view.state.count, size - 1]]);
    const entry = (await world.entries(writer.ledger.head)).at(-1) ?? utf8('');
    const { payload } = JSON.parse(Buffer.from(entry).toString()) as { payload: string };
    expect(Buffer.from(payload, 'base64').toString()).toContain('"snapshot":{"bytes":8,');
  });
});

describe('the files of the log', () => {
  it.each([255, 256, 257, 300, 513])('at %d entries are the tiles of that size', async (size) => {
    const [world, writer] = await LogWorld.founded(author);
    await growTo(writer, size);
    const before = writer.ledger.head.size;
    await growTo(writer, before + 3);
    await growTo(writer, before + 6);
    const now = writer.ledger.head.size;
    const generation = partialTiles(before + 3).map(tilePath);
    const wanted = new Set([...newTiles(0, now).map(tilePath), ...generation]);
    expect(await world.paths('tile/')).toEqual([...wanted].sort());
    expect((await world.open()).ledger.head.size).toBe(now);
  });

  it('that differ from what was signed are replaced, kept as evidence and alarmed', async () => {
    const [world, writer] = await LogWorld.founded(author);
    const { size } = writer.ledger.head;
    const planted = utf8('planted');
    const [tile] = newTiles(size, size + 2).map(tilePath) as [string];
    await world.plant(tile, planted);
    await writer.sequencer.commit(await acls(1));
    expect(world.alarms.map((alarm) => alarm.code)).toEqual(['LOG_TAMPERED']);
    expect(await world.bytes(`evidence/${hex(sha256(planted))}`)).toEqual(planted);
    expect((await world.open()).ledger.head.size).toBe(size + 2);
  });
});

describe('taking over', () => {
  it('raises the fence, and the former sequencer can write no more', async () => {
    const [world, first] = await LogWorld.founded(author);
    const second = await world.write();
    expect(world.locks.state.fence).toBe(2);
    await expectRejection(first.sequencer.commit(await acls(1)), 'VAULT_LOCKED');
    await second.sequencer.commit(await acls(1));
    await expectRejection(first.sequencer.commit(await acls(1)), 'VAULT_LOCKED');
    await first.ledger.refresh();
    expect(first.ledger.head.note).toBe(second.ledger.head.note);
    expect(await world.forks(second.ledger.head)).toEqual([]);
  });

  it('follows what another sequencer has published since this process read the log', async () => {
    const [world, first] = await LogWorld.founded(author);
    const late = await world.open();
    await first.sequencer.commit(await acls(1));
    const sequencer = await Sequencer.start(world.sequencerOptions(late.ledger));
    expect(late.ledger.head.note).toBe(first.ledger.head.note);
    await sequencer.commit(await acls(1, 1));
    expect(await world.forks(late.ledger.head)).toEqual([]);
  });

  it('loses to another takeover at the same moment', async () => {
    const [world] = await LogWorld.founded(author);
    const codes = await Promise.all([codeRejectedBy(world.write()), codeRejectedBy(world.write())]);
    expect(codes.sort()).toEqual(['VAULT_LOCKED', null].sort());
  });

  it('INV-SEQUENCER-HEAD: is refused when the store shows an older head than the log key has signed', async () => {
    const [world, writer] = await LogWorld.founded(author);
    const old = await world.bytes('checkpoint');
    await writer.sequencer.commit(await acls(1));
    await world.plant('checkpoint', old);
    // A machine that has never seen the newer head is stopped by the lock record alone.
    await expectRejection(world.write(), 'ROLLBACK');
    expect(world.locks.state.fence).toBe(1);
  });

  it('INV-SEQUENCER-HEAD: is refused for another log of the same size', async () => {
    const [world, writer] = await LogWorld.founded(author);
    const fork = new LogWorld(author);
    await fork.forge(await world.entries(writer.ledger.head));
    await writer.sequencer.commit([await author.acl('one')]);
    const forked = await fork.write();
    await forked.sequencer.commit([await author.acl('other')]);
    fork.locks.state = world.locks.state;
    await expectRejection(fork.write(), 'ROLLBACK');
  });

  it('INV-SEQUENCER-TAIL: is refused when the partial bundle was altered since it was replayed', async () => {
    const [world, writer] = await LogWorld.founded(author);
    const { size } = writer.ledger.head;
    const path = `tile/entries/000.p/${size}`;
    const bundle = (await world.bytes(path)) ?? utf8('');
    await world.plant(path, flipBit(bundle, bundle.length * 8 - 1));
    writer.reader.forget();
    const start = Sequencer.start(world.sequencerOptions(writer.ledger));
    await expectRejection(start, 'INTEGRITY');
  });
});

describe('a batch that failed half-way in a process that also reads', () => {
  it('leaves a sequencer that goes on with the entries that a reader has meanwhile followed', async () => {
    const [world, writer] = await LogWorld.founded(author);
    const size = writer.ledger.head.size;
    // The checkpoint is out, the lock record could not be written.
    world.faults.arm(7, 'after');
    expect(await codeRejectedBy(writer.sequencer.commit(await acls(2)))).toBe('STORE_FAILED');
    expect(world.faults.calls.at(-1)).toBe('compareAndSwap');
    world.faults.arm(null);
    await writer.ledger.refresh();
    expect(writer.ledger.head.size).toBe(size + 3);
    await writer.sequencer.commit(await acls(2, 2));
    const reader = await world.open();
    expect(reader.ledger.head.size).toBe(size + 6);
    expect(await world.forks(reader.ledger.head)).toEqual([]);
  });
});
