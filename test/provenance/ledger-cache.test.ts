// SPDX-License-Identifier: Apache-2.0
// The ledger's own database lies in the hostile directory: it is used only when a proven state entry agrees with it.
import { describe, expect, it } from 'vitest';
import { base64, fromUtf8 } from '../../src/core/index.ts';
import type { ClaimedState } from '../../src/provenance/replay.ts';
import { ROLE_KINDS } from '../../src/provenance/roles.ts';
import { type DocValue, type StateRecord, withRecords } from '../../src/provenance/state.ts';
import { digestOf, LogAuthor } from '../support/log-author.ts';
import { LogWorld, MemoryCache, type Party, type Writer } from '../support/log-world.ts';
import { Replica } from '../support/replica.ts';
import { expectRejection } from '../support/tampering.ts';

const author = new LogAuthor();

/** A log, and a reader that has kept its cache. */
async function written(): Promise<[LogWorld, Writer, Party]> {
  const [world, writer] = await LogWorld.founded(author);
  await writer.sequencer.commit([await author.ingest('a'), await author.ingest('b')]);
  return [world, writer, await world.open()];
}

const cacheWith = (claim: ClaimedState | null): MemoryCache => {
  const cache = new MemoryCache();
  cache.claim = claim;
  return cache;
};
const claimOf = (party: Party): ClaimedState => party.cache.claim ?? { size: 0, records: [] };
const editDocs = (records: readonly StateRecord[], change: Partial<DocValue>): StateRecord[] =>
  records.map((record) =>
    record.kind === 'doc' ? { kind: 'doc', value: { ...record.value, ...change } } : record,
  );

describe('a ledger cache', () => {
  it('saves the replay of what it holds, and is kept up to date', async () => {
    const [world, writer, { cache, trust }] = await written();
    const size = writer.ledger.head.size;
    expect(cache.claim?.size).toBe(size);
    await writer.sequencer.commit([await author.ingest('c')]);
    const again = await world.open({ cache, trust });
    expect(again.ledger.lookup('doc', author.docId('c'))?.version).toBe(1);
    expect(again.ledger.view.state.count).toBe(writer.ledger.view.state.count);
    expect(cache.claim?.size).toBe(size + 2);
    expect(world.alarms).toEqual([]);
  });

  it('at any earlier size is replayed from there', async () => {
    const [world, writer, { cache }] = await written();
    const { trust } = writer;
    const claims = [cache.claim];
    for (const name of ['c', 'd', 'e']) {
      await writer.sequencer.commit([await author.ingest(name)]);
      claims.push(writer.cache.claim);
    }
    for (const claim of claims) {
      const { ledger } = await world.open({ cache: cacheWith(claim), trust });
      expect(ledger.head.note).toBe(writer.ledger.head.note);
      expect(ledger.lookup('doc', author.docId('e'))?.version).toBe(1);
    }
    expect(world.alarms).toEqual([]);
  });

  const edits: readonly [string, (claim: ClaimedState) => ClaimedState][] = [
    [
      'a status',
      ({ size, records }) => ({ size, records: editDocs(records, { status: 'tombstone' }) }),
    ],
    [
      'a class',
      ({ size, records }) => ({ size, records: editDocs(records, { aclDigest: digestOf('x') }) }),
    ],
    ['a version', ({ size, records }) => ({ size, records: editDocs(records, { version: 9 }) })],
    ['a record removed', ({ size, records }) => ({ size, records: records.slice(1) })],
    [
      'a record twice',
      ({ size, records }) => ({ size, records: [...records, ...records.slice(0, 1)] }),
    ],
    ['no record', ({ size }) => ({ size, records: [] })],
    ['a smaller size', ({ size, records }) => ({ size: size - 1, records })],
    ['the size of the former state', ({ records }) => ({ size: 11, records })],
    ['size 0', ({ records }) => ({ size: 0, records })],
    [
      'a version that is no integer',
      ({ size, records }) => ({ size, records: editDocs(records, { version: 1.5 }) }),
    ],
    [
      'a text that is no text',
      ({ size, records }) => ({ size, records: editDocs(records, { seq: '\ud800' }) }),
    ],
    [
      'a record of an unknown kind',
      ({ size, records }) => ({
        size,
        records: [...records, { kind: 'x', value: {} } as unknown as StateRecord],
      }),
    ],
    [
      'a key that is no key',
      ({ size, records }) => ({
        size,
        records: records.map((record) =>
          record.kind === 'key'
            ? { kind: 'key', value: { ...record.value, spki: 5 as unknown as string } }
            : record,
        ),
      }),
    ],
    [
      'a record of nothing',
      ({ size, records }) => ({
        size,
        records: [...records, { kind: 'doc', value: null } as unknown as StateRecord],
      }),
    ],
  ];

  it.each(edits)(
    'INV-LEDGER-CACHE: edited (%s) is refused, alarmed and rebuilt',
    async (_name, edit) => {
      const [world, writer, reader] = await written();
      const cache = cacheWith(edit(claimOf(reader)));
      const { ledger } = await world.open({ cache, trust: reader.trust });
      expect(world.alarms.map((alarm) => alarm.code)).toEqual(['LEDGER_TAMPERED']);
      expect(ledger.lookup('doc', author.docId('a'))?.status).toBe('live');
      expect(ledger.view.state.count).toBe(writer.ledger.view.state.count);
      expect(cache.claim?.records).toHaveLength(ledger.view.state.count);
      await world.open({ cache, trust: reader.trust });
      expect(world.alarms).toHaveLength(1);
    },
  );

  it('INV-LEDGER-CACHE-SEEN: for more entries than this machine has replayed is passed over', async () => {
    const [world, writer, reader] = await written();
    const { size, records } = claimOf(reader);
    const ahead = cacheWith({ size: size + 1, records });
    const { ledger } = await world.open({ cache: ahead, trust: reader.trust });
    expect(ledger.head.note).toBe(writer.ledger.head.note);
    expect(ahead.claim?.size).toBe(size);
    expect(ahead.claim?.records).toHaveLength(records.length);
    await world.open({ cache: cacheWith({ size, records: [] }) });
    expect(world.alarms).toEqual([]);
  });

  it('that belongs to a fork is refused', async () => {
    const [world, , reader] = await written();
    const replica = await Replica.founded(author);
    await replica.ingest('evil');
    await replica.seal();
    const forged = new LogWorld(author);
    await forged.forge(replica.entries);
    const evil = await forged.open();
    const cache = cacheWith({ size: claimOf(reader).size, records: claimOf(evil).records });
    const { ledger } = await world.open({ cache, trust: reader.trust });
    expect(world.alarms.map((alarm) => alarm.code)).toEqual(['LEDGER_TAMPERED']);
    expect(ledger.lookup('doc', author.docId('evil'))).toBeNull();
  });

  it('INV-LEDGER-CACHE-SEEN: is not believed on the word of a state entry that this machine has not replayed', async () => {
    // The holder of the log key appends a state entry that agrees with edited rows, among them a key of their own.
    const [world, writer, reader] = await written();
    const evil = new Replica(author);
    for (const entry of await world.entries(writer.ledger.head)) evil.accept(entry);
    const { keyid, spki } = author.signer('evil');
    const window = {
      namespaces: null,
      firstIndex: 1,
      endIndex: null,
      notAfter: null,
      reason: null,
    };
    const own = { keyid, spki: base64(spki), role: 'sequencer', kinds: ['state'] } as const;
    const records: StateRecord[] = [
      ...editDocs(claimOf(reader).records, { aclDigest: digestOf('wide') }),
      { kind: 'key', value: { ...own, ...window } },
    ];
    evil.state = withRecords(author.idKey, evil.state, records);
    const { payload } = JSON.parse(fromUtf8(await evil.stateEntry())) as { payload: string };
    const statement = JSON.parse(Buffer.from(payload, 'base64').toString()) as object;
    await world.forge([...evil.entries, await author.raw(statement, 'evil')]);
    const cache = cacheWith({ size: evil.next + 1, records });
    await expectRejection(world.open({ cache, trust: reader.trust }), 'STATE_MISSING');
  });

  it('is not believed on the word of a key that the edited rows make a sequencer', async () => {
    const [world, writer, reader] = await written();
    const { keyid } = author.signer('acl');
    const records = claimOf(reader).records.map((record): StateRecord =>
      record.kind === 'key' && record.value.keyid === keyid
        ? {
            kind: 'key',
            value: { ...record.value, role: 'sequencer', kinds: ROLE_KINDS.sequencer },
          }
        : record,
    );
    const size = writer.ledger.head.size;
    const cache = cacheWith({ size, records });
    const { ledger } = await world.open({ cache, trust: reader.trust });
    expect(world.alarms.map((alarm) => alarm.code)).toEqual(['LEDGER_TAMPERED']);
    expect(ledger.lookup('key', keyid)?.role).toBe('acl');
  });
});
