// SPDX-License-Identifier: Apache-2.0
// A newcomer may start from a sealed copy of the state instead of the beginning of the log.
import { describe, expect, it } from 'vitest';
import { base64, fromUtf8, jcsBytes } from '../../src/core/index.ts';
import { Ledger } from '../../src/provenance/ledger.ts';
import { LogReader } from '../../src/provenance/log-reader.ts';
import type { ClaimedState } from '../../src/provenance/replay.ts';
import { type Role, ROLE_KINDS } from '../../src/provenance/roles.ts';
import { type DocValue, type StateRecord, withRecords } from '../../src/provenance/state.ts';
import { digestOf, LogAuthor } from '../support/log-author.ts';
import {
  LogWorld,
  MemoryCache,
  MemoryTrust,
  type Party,
  type Writer,
} from '../support/log-world.ts';
import { Replica } from '../support/replica.ts';
import { expectRejection } from '../support/tampering.ts';

const author = new LogAuthor();

/** A log with two documents, its writer, and a reader of it. */
async function written(): Promise<[LogWorld, Writer, Party]> {
  const [world, writer] = await LogWorld.founded(author);
  await writer.sequencer.commit([await author.ingest('a'), await author.ingest('b')]);
  return [world, writer, await world.open()];
}

/** A reader that notes from where the log was replayed. */
class NotingReader extends LogReader {
  from = -1;

  override entries(from: number, size: number): AsyncGenerator<[number, Uint8Array]> {
    this.from = from;
    return super.entries(from, size);
  }
}

/** The ledger of a newcomer who is offered this snapshot, and from where the log was replayed. */
async function opened(
  world: LogWorld,
  snapshot: ClaimedState | null,
): Promise<{ ledger: Ledger; from: number }> {
  const reader = new NotingReader(world.store, LogWorld.prefix);
  const party = { reader, trust: new MemoryTrust(world.trustFile()), cache: new MemoryCache() };
  const options = { ...world.ledgerOptions(party), snapshot: () => Promise.resolve(snapshot) };
  const ledger = await Ledger.open(options);
  expect(party.cache.claim?.records).toHaveLength(ledger.view.state.count);
  return { ledger, from: reader.from };
}

const claimOf = (party: Party): ClaimedState => party.cache.claim ?? { size: 0, records: [] };
const fail = (): never => {
  throw new Error('the test expects this to be there');
};
const editDocs = (records: readonly StateRecord[], change: Partial<DocValue>): StateRecord[] =>
  records.map((record) =>
    record.kind === 'doc' ? { kind: 'doc', value: { ...record.value, ...change } } : record,
  );

describe('a sealed state snapshot', () => {
  it('is a starting point when a proven state entry agrees with it, and else is passed over', async () => {
    const [world, writer, reader] = await written();
    const claim = claimOf(reader);
    await writer.sequencer.commit([await author.ingest('c')]);
    const edited = { ...claim, records: editDocs(claim.records, { version: 7 }) };
    for (const snapshot of [claim, edited, null]) {
      const { ledger, from } = await opened(world, snapshot);
      expect(from).toBe(snapshot === claim ? claim.size : 0);
      expect(ledger.view.state.count).toBe(writer.ledger.view.state.count);
      expect(ledger.lookup('doc', author.docId('a'))?.version).toBe(1);
    }
  });

  it('INV-STATE-SIGNER: is not believed on the word of a state entry that no sequencer key signed', async () => {
    // The holder of the log key appends a state entry that agrees with the edited rows, but cannot sign it.
    const [world, writer, reader] = await written();
    const replica = new Replica(author);
    for (const entry of await world.entries(writer.ledger.head)) replica.accept(entry);
    const edited = editDocs(claimOf(reader).records, { aclDigest: digestOf('wide') });
    const evil = new Replica(author);
    evil.state = withRecords(
      author.idKey,
      replica.state,
      edited.filter((record) => record.kind === 'doc'),
    );
    evil.entries.push(...replica.entries);
    const right = JSON.parse(fromUtf8(await evil.stateEntry())) as {
      signatures: [{ sig: string }];
    };
    right.signatures[0].sig = 'A'.repeat(86) + '==';
    await world.forge([...replica.entries, jcsBytes(right)]);
    const snapshot = { size: replica.next + 1, records: edited };
    await expectRejection(opened(world, snapshot), 'STATE_MISSING');
  });

  it('INV-STATE-SIGNER: is not believed on the word of an older state entry that stands in the log again', async () => {
    const [world, writer, reader] = await written();
    const old = claimOf(reader);
    await writer.sequencer.commit([
      await author.tombstone('a', reader.ledger.lookup('doc', author.docId('a')) ?? fail()),
    ]);
    const entries = await world.entries(writer.ledger.head);
    await world.forge([...entries, entries[old.size - 1] ?? fail()]);
    const snapshot = { size: entries.length + 1, records: old.records };
    await expectRejection(opened(world, snapshot), 'STATE_MISMATCH');
  });
});

/** A log whose state is signed by a key that a chain of delegated root keys leads to. */
async function underRoots(length: number): Promise<[LogWorld, ClaimedState]> {
  const [world, writer] = await LogWorld.founded(author);
  const roots = Array.from({ length }, (_, i) => `root ${i + 1}`);
  const by = ['root', ...roots];
  const chain = await Promise.all(roots.map((name, i) => author.delegate(name, 'root', {}, by[i])));
  const last = await author.delegate('late sequencer', 'sequencer', {}, by.at(-1));
  await writer.sequencer.commit([...chain, last]);
  world.sequencerKeys = ['late sequencer'];
  await writer.sequencer.commit([await author.ingest('a')]);
  return [world, claimOf(await world.open())];
}

describe('a snapshot under delegated root keys', () => {
  it.each([0, 1, 4])(
    'is a starting point when %d of them lead to its sequencer',
    async (length) => {
      const [world, claim] = await underRoots(length);
      expect((await opened(world, claim)).from).toBe(claim.size);
    },
  );

  it('is passed over when more than four lead to it, and the log is replayed instead', async () => {
    const [world, claim] = await underRoots(5);
    const { ledger, from } = await opened(world, claim);
    expect(from).toBe(0);
    expect(ledger.lookup('doc', author.docId('a'))?.version).toBe(1);
  });
});

/** A key as forged rows may describe it. */
function keyRow(name: string, role: Role, firstIndex: number): StateRecord {
  const { keyid, spki } = author.signer(name);
  const window = { namespaces: null, firstIndex, endIndex: null, notAfter: null, reason: null };
  const value = { keyid, spki: base64(spki), role, kinds: ROLE_KINDS[role], ...window };
  return { kind: 'key', value };
}

/**
 * What the holder of the log key can publish: entries of their own behind the right ones, and behind them a state entry
 * by a key of their own that agrees with rows of their own.
 */
async function forgedSnapshot(
  own: readonly Uint8Array[],
  rows: (firstOwn: number) => readonly StateRecord[],
): Promise<[LogWorld, ClaimedState]> {
  const [world, writer, reader] = await written();
  const evil = new Replica(author);
  for (const entry of await world.entries(writer.ledger.head)) evil.accept(entry);
  const firstOwn = evil.next;
  for (const entry of own) evil.append(entry);
  const records = [
    ...editDocs(claimOf(reader).records, { aclDigest: digestOf('wide') }),
    ...rows(firstOwn),
  ];
  evil.state = withRecords(author.idKey, evil.state, records);
  const { payload } = JSON.parse(fromUtf8(await evil.stateEntry())) as { payload: string };
  const statement = JSON.parse(Buffer.from(payload, 'base64').toString()) as object;
  await world.forge([...evil.entries, await author.raw(statement, 'evil')]);
  return [world, { size: evil.next + 1, records }];
}

describe('a snapshot of whoever holds the log key alone', () => {
  const evilRow = (at: number): StateRecord => keyRow('evil', 'sequencer', at);
  const lies: readonly [string, string | null, (at: number) => readonly StateRecord[]][] = [
    ['no delegation at all', null, () => [evilRow(0)]],
    ['the delegation of the honest sequencer', null, () => [evilRow(2)]],
    ['an entry of another kind', null, () => [evilRow(9)]],
    ['a delegation by itself', 'evil', (at) => [evilRow(at + 1)]],
    ['a delegation by itself, called a root key', 'evil', (at) => [keyRow('evil', 'root', at + 1)]],
    [
      'a delegation by a key that only the rows call a root key',
      'evil root',
      (at) => [evilRow(at + 1), keyRow('evil root', 'root', at + 1)],
    ],
    [
      'a delegation by a root key from nowhere',
      'evil root',
      (at) => [evilRow(at + 1), keyRow('evil root', 'root', 0)],
    ],
    [
      'a delegation by a root key from beyond the log',
      'evil root',
      (at) => [evilRow(at + 1), keyRow('evil root', 'root', 2 ** 40)],
    ],
    ['a delegation by a live key that is no root key', 'acl', (at) => [evilRow(at + 1)]],
  ];

  it.each(lies)('INV-SNAPSHOT-DELEGATED: is refused with %s', async (_name, by, rows) => {
    const own = by === null ? [] : [await author.delegate('evil', 'sequencer', {}, by)];
    const [world, snapshot] = await forgedSnapshot(own, rows);
    // The full replay finds the forged entries void, so that nothing valid ends the log.
    await expectRejection(opened(world, snapshot), 'STATE_MISSING');
  });
});
