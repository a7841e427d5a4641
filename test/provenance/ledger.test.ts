// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { base64, concat, hex, logOrigin, utf8 } from '../../src/core/index.ts';
import { Ledger } from '../../src/provenance/ledger.ts';
import { vkeyOf } from '../../src/provenance/note.ts';
import { closingState, stateEntry } from '../../src/provenance/batch.ts';
import { digestOf, LogAuthor } from '../support/log-author.ts';
import { LogWorld, MemoryTrust, type Writer } from '../support/log-world.ts';
import { Replica } from '../support/replica.ts';
import { codeRejectedBy, expectRejection, flipBit } from '../support/tampering.ts';

const author = new LogAuthor();

/** A log with a document, and its writer. */
async function written(): Promise<[LogWorld, Writer]> {
  const [world, writer] = await LogWorld.founded(author);
  await writer.sequencer.commit([await author.ingest('a'), await author.list('directory', 1)]);
  return [world, writer];
}

/** The right entries of a log, applied, with a free hand to go on. */
async function replicaOf(world: LogWorld, writer: Writer): Promise<Replica> {
  const replica = new Replica(author);
  for (const entry of await world.entries(writer.ledger.head)) replica.accept(entry);
  return replica;
}

describe('opening a ledger', () => {
  it('replays the log and knows documents, classes and keys', async () => {
    const [world, writer] = await written();
    const { ledger, trust } = await world.open();
    expect(ledger.head.note).toBe(writer.ledger.head.note);
    expect([...ledger.documents()].map((doc) => doc.docId)).toEqual([author.docId('a')]);
    expect([...ledger.classes()].map((value) => value.aclDigest)).toEqual([digestOf('class')]);
    expect(ledger.lookup('dir', 'people')?.epoch).toBe(1);
    expect(ledger.lookup('doc', author.docId('b'))).toBeNull();
    expect(ledger.trust.log).toBe(author.log);
    expect(trust.file.head).toEqual({ size: ledger.head.size, root: hex(ledger.head.root) });
    expect(ledger.at().lookup('doc', author.docId('a'))?.version).toBe(1);
  });

  it('follows the log, tells what changed, and leaves a view taken before as it was', async () => {
    const [world, writer] = await written();
    const { ledger } = await world.open();
    const before = ledger.at();
    await ledger.refresh();
    expect(ledger.takeChanges()).toEqual([]);
    const doc = writer.ledger.lookup('doc', author.docId('a'));
    await writer.sequencer.commit([await author.ingest('a', doc), await author.ingest('b')]);
    await ledger.refresh();
    expect(ledger.takeChanges().map((record) => record.kind)).toEqual(['doc', 'doc']);
    expect(ledger.takeChanges()).toEqual([]);
    expect(ledger.lookup('doc', author.docId('a'))?.version).toBe(2);
    expect(before.lookup('doc', author.docId('a'))?.version).toBe(1);
    expect(before.lookup('doc', author.docId('b'))).toBeNull();
    expect(hex(ledger.view.edge.root())).toBe(hex(ledger.head.root));
  });

  it('follows many steps across the border of a bundle', async () => {
    const [world, writer] = await written();
    const { ledger } = await world.open();
    for (let step = 0; step < 30; step++) {
      const entries = Array.from({ length: 10 }, (_, i) => author.acl(`class ${step} ${i}`));
      await writer.sequencer.commit(await Promise.all(entries));
      await ledger.refresh();
      expect(ledger.head.note).toBe(writer.ledger.head.note);
    }
    expect(ledger.head.size).toBeGreaterThan(300);
  });

  it('reports entries that the log key holder slipped in as void, and goes on', async () => {
    const [world, writer] = await written();
    const replica = await replicaOf(world, writer);
    replica.append(utf8('noise'));
    await replica.seal(world.clock.seconds);
    await world.forge(replica.entries);
    const { ledger } = await world.open();
    expect(ledger.head.size).toBe(replica.entries.length);
  });
});

describe('trust', () => {
  it('refuses a log of another log key', async () => {
    const [world] = await written();
    const logVkey = vkeyOf(author.log, author.signer('other').rawPublicKey);
    const trust = new MemoryTrust({ ...world.trustFile(), logVkey });
    await expectRejection(world.open({ trust }), 'CHECKPOINT_INVALID');
  });

  it('INV-TRUST-ROOT: refuses a log that another root key founded, though the log key is the trusted one', async () => {
    const [world] = await written();
    const rootSpki = base64(author.signer('other').spki);
    const trust = new MemoryTrust({ ...world.trustFile(), rootSpki });
    await expectRejection(world.open({ trust }), 'TRUST_INVALID');
  });

  it('INV-TRUST-ROOT: refuses a log that the trusted root key founded for another vault', async () => {
    const world = new LogWorld(author);
    const replica = new Replica(author);
    const vaultId = 'ab'.repeat(16);
    const log = logOrigin(vaultId, 'acme');
    const logVkey = vkeyOf(log, author.signer('log').rawPublicKey);
    replica.accept(await author.genesis({ vaultId, log, logVkey }));
    replica.accept(await author.delegate('sequencer', 'sequencer', { log }));
    await replica.seal();
    await world.forge(replica.entries);
    await expectRejection(world.open(), 'TRUST_INVALID');
  });

  it('refuses another tenant’s log under this one’s name', async () => {
    const [world] = await written();
    const other = new LogAuthor('other');
    const trust = new MemoryTrust({
      ...world.trustFile(),
      vaultId: other.vaultId,
      logVkey: other.logVkey,
    });
    await expectRejection(world.open({ trust }), 'CHECKPOINT_INVALID');
  });
});

describe('rollback and forks', () => {
  it('INV-LOG-ROLLBACK: refuses an older signed head than this machine has seen', async () => {
    const [world, writer] = await written();
    const kept = await world.open();
    const old = await world.bytes('checkpoint');
    await writer.sequencer.commit([await author.ingest('b')]);
    await kept.ledger.refresh();
    await world.plant('checkpoint', old);
    const { head } = kept.ledger;
    await expectRejection(kept.ledger.refresh(), 'ROLLBACK');
    expect(kept.ledger.head).toBe(head);
    await expectRejection(world.open(kept), 'ROLLBACK');
    expect(await codeRejectedBy(world.open())).toBeNull();
  });

  it('INV-LOG-CONSISTENCY: refuses a head that does not continue the one seen before', async () => {
    const [world, writer] = await written();
    const kept = await world.open();
    const replica = await replicaOf(world, writer);
    const fork = new Replica(author);
    for (const entry of replica.entries.slice(0, -2)) fork.accept(entry);
    for (const uri of ['x', 'y', 'z']) await fork.ingest(uri);
    await fork.seal(world.clock.seconds);
    await world.forge(fork.entries);
    expect(fork.entries.length).toBeGreaterThan(kept.ledger.head.size);
    kept.reader.forget();
    await expectRejection(kept.ledger.refresh(), 'SPLIT_VIEW');
    await expectRejection(world.open(kept), 'SPLIT_VIEW');
    expect(kept.ledger.lookup('doc', author.docId('x'))).toBeNull();
  });

  it('INV-LOG-CONSISTENCY: refuses another head of the same size: a split view by the log key', async () => {
    const [world, writer] = await written();
    const kept = await world.open();
    const replica = await replicaOf(world, writer);
    const fork = new Replica(author);
    for (const entry of replica.entries.slice(0, -2)) fork.accept(entry);
    await fork.ingest('x');
    await fork.seal(world.clock.seconds);
    await world.forge(fork.entries);
    expect(fork.entries.length).toBe(kept.ledger.head.size);
    kept.reader.forget();
    await expectRejection(kept.ledger.refresh(), 'SPLIT_VIEW');
    await expectRejection(world.open({ trust: kept.trust }), 'SPLIT_VIEW');
  });
});

describe('a hostile store', () => {
  it('that lost its checkpoint, a tile or a bundle is refused', async () => {
    const [world, writer] = await written();
    const { size } = writer.ledger.head;
    for (const path of ['checkpoint', `tile/entries/000.p/${size}`]) {
      const bytes = await world.bytes(path);
      await world.plant(path, null);
      await expectRejection(world.open(), 'LOG_TRUNCATED');
      await world.plant(path, bytes);
    }
    const kept = await world.open();
    await world.plant(`tile/0/000.p/${size}`, null);
    await expectRejection(world.open(kept), 'LOG_TRUNCATED');
  });

  it('INV-REPLAY-ROOT: that altered any byte of an entry bundle is refused', async () => {
    const [world, writer] = await written();
    const path = `tile/entries/000.p/${writer.ledger.head.size}`;
    const bundle = (await world.bytes(path)) ?? utf8('');
    const codes = new Set<string | null>();
    for (let bit = 0; bit < bundle.length * 8; bit += 797) {
      await world.plant(path, flipBit(bundle, bit));
      codes.add(await codeRejectedBy(world.open()));
    }
    expect([...codes].sort()).toEqual(['LOG_TRUNCATED', 'PROOF_INVALID']);
    await world.plant(path, bundle);
    await world.open();
  });

  it('INV-REPLAY-ROOT: that swapped two entries is refused', async () => {
    const [world, writer] = await written();
    const entries = await world.entries(writer.ledger.head);
    const [from, to] = [entries[3], entries[4]] as [Uint8Array, Uint8Array];
    const checkpoint = await world.bytes('checkpoint');
    await world.forge(entries.with(3, to).with(4, from));
    await world.plant('checkpoint', checkpoint);
    await expectRejection(world.open(), 'PROOF_INVALID');
  });

  it('that cut a bundle short, or put something behind it, is refused', async () => {
    const [world, writer] = await written();
    const path = `tile/entries/000.p/${writer.ledger.head.size}`;
    const bundle = (await world.bytes(path)) ?? utf8('');
    for (const other of [bundle.slice(0, -1), concat(bundle, utf8('x')), utf8('')]) {
      await world.plant(path, other);
      await expectRejection(world.open(), 'LOG_TRUNCATED');
    }
  });

  it('that altered a hash tile stops readers who start from it', async () => {
    const [world, writer] = await written();
    const kept = await world.open();
    await writer.sequencer.commit([await author.ingest('b')]);
    const path = `tile/0/000.p/${writer.ledger.head.size}`;
    const tile = (await world.bytes(path)) ?? utf8('');
    for (const bit of [0, tile.length * 4, tile.length * 8 - 1]) {
      await world.plant(path, flipBit(tile, bit));
      await expectRejection(world.open(kept), 'PROOF_INVALID');
    }
    for (const other of [tile.slice(0, -1), tile.slice(0, -32), concat(tile, utf8('x'))]) {
      await world.plant(path, other);
      await expectRejection(world.open(kept), 'LOG_TRUNCATED');
    }
    await world.plant(path, tile);
    await world.open(kept);
  });
});

describe('a log key that signs what it should not', () => {
  it('INV-REPLAY-STATE: stops readers at a size that does not end in a state entry', async () => {
    const [world, writer] = await written();
    const replica = await replicaOf(world, writer);
    await replica.ingest('b');
    await world.forge(replica.entries);
    await expectRejection(world.open(), 'STATE_MISSING');
  });

  it('stops readers at a false state and at an unknown format', async () => {
    const [world, writer] = await written();
    const right = await replicaOf(world, writer);
    const type = 'https://strongroom.dev/attestations/future/v1';
    const future = await author.loose(type, {}, 'acl', { name: 'x', digest: {} });
    await world.forge([...right.entries, future]);
    await expectRejection(world.open(), 'UPGRADE_REQUIRED');
    const closing = closingState(
      author.idKey,
      { ...right.state, count: 1 },
      right.next,
      author.time,
    );
    const lie = await stateEntry(closing, right.next, author.signer('sequencer'), null);
    await world.forge([...right.entries, lie]);
    await expectRejection(world.open(), 'STATE_MISMATCH');
  });

  it('stops readers of a log that it claims to be empty', async () => {
    const world = new LogWorld(author);
    await world.forge([]);
    await expectRejection(world.open(), 'TRUST_INVALID');
  });

  it('stops readers of a log without genesis', async () => {
    const world = new LogWorld(author);
    await world.forge([await author.acl()]);
    await expectRejection(world.open(), 'STATE_MISSING');
  });
});

describe('founding', () => {
  it('starts from nothing and trusts the file that names the keys', async () => {
    const world = new LogWorld(author);
    const party = await LogWorld.founded(author);
    const ledger = await Ledger.found(world.ledgerOptions(party[1]));
    expect(ledger.head.size).toBe(0);
    expect([...ledger.documents()]).toEqual([]);
    await expectRejection(world.open(), 'LOG_TRUNCATED');
  });
});
