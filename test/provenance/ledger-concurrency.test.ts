// SPDX-License-Identifier: Apache-2.0
// One ledger object serves searches and the sequencer of its process at the same time; slow reads must not confuse it.
import { describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../src/core/index.ts';
import { Ledger } from '../../src/provenance/ledger.ts';
import { LogReader } from '../../src/provenance/log-reader.ts';
import { Sequencer } from '../../src/provenance/sequencer.ts';
import { LogAuthor } from '../support/log-author.ts';
import { LogWorld, MemoryCache, MemoryTrust, type Writer } from '../support/log-world.ts';
import { expectRejection } from '../support/tampering.ts';

const author = new LogAuthor();

/** A store of which one answer can be held back after it was read. */
class SlowStore {
  readonly store: ObjectStore;
  #held: { readonly path: string; readonly gate: Promise<void> } | null = null;

  constructor(inner: ObjectStore) {
    this.store = new Proxy(inner, {
      get: (object, name) => {
        const value: unknown = Reflect.get(object, name, object);
        if (typeof value !== 'function') return value;
        if (name !== 'get') return value.bind(object) as unknown;
        return async (path: string) => {
          const held = this.#held?.path === path ? this.#held : null;
          if (held !== null) this.#held = null;
          const answer = await object.get(path);
          await held?.gate;
          return answer;
        };
      },
    });
  }

  /** Holds back the next answer for a path until the returned function is called. */
  hold(path: string): () => void {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    this.#held = { path: LogWorld.prefix + path, gate };
    return release;
  }
}

/** A log with a document, its writer, and a reader of the same process or another one whose store is slow. */
async function slowReader(): Promise<[LogWorld, Writer, Ledger, SlowStore]> {
  const [world, writer] = await LogWorld.founded(author);
  await writer.sequencer.commit([await author.ingest('a')]);
  const slow = new SlowStore(world.store);
  const reader = new LogReader(slow.store, LogWorld.prefix);
  const party = { reader, trust: new MemoryTrust(world.trustFile()), cache: new MemoryCache() };
  return [world, writer, await Ledger.open(world.ledgerOptions(party)), slow];
}

describe('a refresh that is overtaken', () => {
  it('does not take its own old answer for a rollback', async () => {
    const [, writer, ledger, slow] = await slowReader();
    const release = slow.hold('checkpoint');
    const late = ledger.refresh();
    await writer.sequencer.commit([await author.ingest('b')]);
    await ledger.refresh();
    release();
    await late;
    expect(ledger.head.note).toBe(writer.ledger.head.note);
    expect(ledger.takeChanges().filter((record) => record.kind === 'doc')).toHaveLength(1);
  });

  it('does not take its own old answer for a rollback when the sequencer of its process was faster', async () => {
    const [world, , ledger, slow] = await slowReader();
    const sequencer = await Sequencer.start(world.sequencerOptions(ledger));
    const release = slow.hold('checkpoint');
    const late = ledger.refresh();
    await sequencer.commit([await author.ingest('b')]);
    const { note } = ledger.head;
    release();
    await late;
    expect(ledger.head.note).toBe(note);
  });

  it('while it replays never takes the ledger back to an older head', async () => {
    const [, writer, ledger, slow] = await slowReader();
    await writer.sequencer.commit([await author.ingest('b')]);
    const { size } = writer.ledger.head;
    const release = slow.hold(`tile/entries/000.p/${size}`);
    const late = ledger.refresh();
    await new Promise((resolve) => setImmediate(resolve));
    await writer.sequencer.commit([await author.ingest('c')]);
    await ledger.refresh();
    release();
    await late;
    expect(ledger.takeChanges()).toHaveLength(2);
    expect(ledger.head.note).toBe(writer.ledger.head.note);
    expect(ledger.lookup('doc', author.docId('c'))?.version).toBe(1);
  });

  it('still refuses a head that really is older', async () => {
    const [world, writer, ledger] = await slowReader();
    const old = await world.bytes('checkpoint');
    await writer.sequencer.commit([await author.ingest('b')]);
    await ledger.refresh();
    await world.plant('checkpoint', old);
    await expectRejection(ledger.refresh(), 'ROLLBACK');
  });
});

describe('a ledger that its own sequencer writes to', () => {
  it('collects what the sequencer of its process and other writers changed, in their order', async () => {
    const [world, writer] = await LogWorld.founded(author);
    const { ledger, sequencer } = writer;
    const names = (): string[] =>
      ledger.takeChanges().map((record) => (record.kind === 'doc' ? record.value.docId : 'none'));
    ledger.takeChanges();
    await sequencer.commit([await author.ingest('b')]);
    await sequencer.commit([await author.ingest('c')]);
    await ledger.refresh();
    expect(names()).toEqual(['b', 'c'].map((uri) => author.docId(uri)));
    const other = await world.write();
    await other.sequencer.commit([await author.ingest('d')]);
    await ledger.refresh();
    expect(names()).toEqual([author.docId('d')]);
    expect(names()).toEqual([]);
  });
});
