// SPDX-License-Identifier: Apache-2.0
// When a ledger may go by the head that it has, and when it must read what is published.
import { describe, expect, it } from 'vitest';
import { Ledger } from '../../src/provenance/ledger.ts';
import { MemoryStore } from '../../src/store/index.ts';
import { FixedClock } from '../support/fixed-clock.ts';
import { LogAuthor } from '../support/log-author.ts';
import { LogWorld, type Party, type Writer } from '../support/log-world.ts';
import { expectRejection } from '../support/tampering.ts';

const author = new LogAuthor();

/** A store that may say what it likes about changes. */
class TellingStore extends MemoryStore {
  told: ((honest: string | null) => string | null) | null = null;

  override changeToken(path: string): string | null {
    const honest = super.changeToken(path);
    return this.told === null ? honest : this.told(honest);
  }
}

/** A log in such a store, its writer, and a reader that has read the published head. */
async function followed(followInterval = 0): Promise<{
  store: TellingStore;
  world: LogWorld;
  writer: Writer;
  reader: Party;
}> {
  const store = new TellingStore(new FixedClock());
  const [world, writer] = await LogWorld.founded(author, store);
  await writer.sequencer.commit([await author.ingest('a')]);
  const party = await world.open();
  const ledger = await Ledger.open({ ...world.ledgerOptions(party), followInterval });
  await ledger.refresh();
  return { store, world, writer, reader: { ...party, ledger } };
}

describe('a ledger goes by the head that it has', () => {
  it('only after it has read what is published', async () => {
    const { world, reader } = await followed();
    expect(reader.ledger.isPublished).toBe(true);
    expect((await world.open()).ledger.isPublished).toBe(false);
  });

  it('until the store tells of a change, whatever it is', async () => {
    const { world, writer, reader } = await followed();
    const old = await world.bytes('checkpoint');
    await writer.sequencer.commit([await author.ingest('b')]);
    expect(reader.ledger.isPublished).toBe(false);
    await reader.ledger.refresh();
    expect(reader.ledger.isPublished).toBe(true);
    await world.plant('checkpoint', old);
    expect(reader.ledger.isPublished).toBe(false);
    await expectRejection(reader.ledger.refresh(), 'ROLLBACK');
    expect(reader.ledger.isPublished).toBe(false);
    await world.plant('checkpoint', null);
    expect(reader.ledger.isPublished).toBe(false);
  });

  it('never when the store cannot tell', async () => {
    const { store, reader } = await followed();
    store.told = () => null;
    expect(reader.ledger.isPublished).toBe(false);
    await reader.ledger.refresh();
    expect(reader.ledger.isPublished).toBe(false);
  });

  it('for less than a second when the store hides its changes, and not when time goes back', async () => {
    const { store, world, writer, reader } = await followed();
    store.told = () => 'as ever';
    await reader.ledger.refresh();
    await writer.sequencer.commit([await author.ingest('b')]);
    expect(reader.ledger.isPublished).toBe(true);
    world.clock.seconds += 1;
    expect(reader.ledger.isPublished).toBe(false);
    await reader.ledger.refresh();
    expect(reader.ledger.lookup('doc', author.docId('b'))?.status).toBe('live');
    world.clock.seconds -= 1;
    expect(reader.ledger.isPublished).toBe(false);
  });

  it('but not when it was published while it read', async () => {
    const { store, writer, reader } = await followed();
    const next = await author.ingest('b');
    // The token is asked for first, so what lands after that shows at the next look.
    store.told = (honest) => {
      store.told = null;
      void writer.sequencer.commit([next]);
      return honest;
    };
    await reader.ledger.refresh();
    await writer.sequencer.commit([await author.ingest('c')]);
    expect(reader.ledger.isPublished).toBe(false);
  });

  it('for as long as it was told to, and what its own process signs ends that', async () => {
    const { store, world, writer, reader } = await followed(2000);
    store.told = () => null;
    await writer.sequencer.commit([await author.ingest('b')]);
    world.clock.seconds += 1;
    expect(reader.ledger.isPublished).toBe(true);
    world.clock.seconds += 1;
    expect(reader.ledger.isPublished).toBe(false);
    await writer.ledger.refresh();
    const before = writer.ledger.head;
    await writer.sequencer.commit([await author.ingest('c')]);
    expect(writer.ledger.head).not.toBe(before);
    expect(writer.ledger.isPublished).toBe(false);
  });
});

describe('what a ledger remembers of look-ups', () => {
  it('ends with the state that they were made in', async () => {
    const { writer, reader } = await followed();
    const { ledger } = reader;
    const [a, b] = [author.docId('a'), author.docId('b')];
    const look = (): (number | undefined)[] =>
      [a, b].map((id) => ledger.lookup('doc', id)?.version);
    expect(look()).toEqual([1, undefined]);
    expect(look()).toEqual([1, undefined]);
    expect(ledger.lookup('acl', a)).toBeNull();
    await writer.sequencer.commit([
      await author.ingest('a', ledger.lookup('doc', a)),
      await author.ingest('b'),
    ]);
    await ledger.refresh();
    expect(look()).toEqual([2, 1]);
  });
});
