// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { digestOf, LogAuthor } from '../support/log-author.ts';
import { Replica } from '../support/replica.ts';

const author = new LogAuthor();
const founded = (): Promise<Replica> => Replica.founded(author);
const bindOf = (
  replica: Replica,
  uri: string,
  epoch: number,
  validUntil: number | null = null,
) => ({
  stateKey: replica.author.docKey(uri),
  epoch,
  validUntil,
});

describe('acl', () => {
  it('publishes class records and numbers them in the order of the log', async () => {
    const replica = await founded();
    replica.accept(await author.acl('second', {}, 'ingest'));
    const index = replica.next;
    replica.accept(await author.acl('third'));
    expect(replica.lookup('acl', digestOf('class'))?.classNo).toBe(0);
    expect(replica.lookup('acl', digestOf('second'))?.classNo).toBe(1);
    expect(replica.lookup('acl', digestOf('third'))).toEqual({
      aclDigest: digestOf('third'),
      entry: index,
      objectDigest: digestOf('sealed third'),
      classNo: 2,
    });
  });

  it('INV-ACL-REPLACE: an ingest key cannot replace a class, an acl key can, and the number stays', async () => {
    const replica = await founded();
    const other = { objectDigest: digestOf('sealed again') };
    replica.refuse(await author.acl('class', other, 'ingest'), 'EXISTS');
    const index = replica.next;
    replica.accept(await author.acl('class', other));
    const value = { ...other, entry: index, classNo: 0 };
    expect(replica.lookup('acl', digestOf('class'))).toMatchObject(value);
    expect(replica.state.acls).toBe(1);
  });
});

describe('acl-bind', () => {
  it('binds a published class to documents of any status and ends their validity', async () => {
    const replica = await founded();
    await replica.ingest('a');
    replica.accept(await author.tombstone('b', await replica.ingest('b')));
    replica.accept(await author.acl('narrow'));
    const docs = [bindOf(replica, 'a', 2, author.time), bindOf(replica, 'b', 2)];
    docs.sort((x, y) => (x.stateKey < y.stateKey ? -1 : 1));
    const index = replica.next;
    replica.accept(await author.aclBind(docs, 'narrow'));
    const bound = { aclDigest: digestOf('narrow'), aclEpoch: 2, aclEntry: index };
    const live = { ...bound, status: 'live', validUntil: author.time, version: 1 };
    expect(replica.doc('a')).toMatchObject(live);
    expect(replica.doc('b')).toMatchObject({ ...bound, status: 'tombstone', validUntil: null });
    expect(replica.doc('a').aclKeyid).toBe(author.signer('acl').keyid);
    expect(replica.doc('a').keyid).toBe(author.signer('ingest').keyid);
  });

  it('never brings a shredded document back, not even as a tombstone', async () => {
    const replica = await founded();
    replica.accept(await author.shred('a', await replica.ingest('a')));
    replica.accept(await author.aclBind([bindOf(replica, 'a', 2)]));
    expect(replica.doc('a')).toMatchObject({ status: 'shredded', aclEpoch: 2 });
  });

  it('INV-ACL-EPOCH: takes the next epoch only, so that an older binding cannot come back', async () => {
    const replica = await founded();
    await replica.ingest('a');
    for (const epoch of [0, 1, 3]) {
      replica.refuse(await author.aclBind([bindOf(replica, 'a', epoch)]), 'EPOCH');
    }
    const second = await author.aclBind([bindOf(replica, 'a', 2)]);
    replica.accept(second);
    replica.refuse(second, 'EPOCH');
  });

  it('is void as a whole when one element fails', async () => {
    const replica = await founded();
    await replica.ingest('a');
    const docs = [bindOf(replica, 'a', 2), bindOf(replica, 'unknown', 1)];
    docs.sort((x, y) => (x.stateKey < y.stateKey ? -1 : 1));
    replica.refuse(await author.aclBind(docs), 'UNKNOWN_DOC');
    replica.refuse(await author.aclBind([bindOf(replica, 'a', 2)], 'unknown'), 'UNKNOWN_ACL');
    const vault = { stateKey: author.stateKey('vault', 'genesis'), epoch: 1, validUntil: null };
    replica.refuse(await author.aclBind([vault]), 'UNKNOWN_DOC');
    expect(replica.doc('a').aclEpoch).toBe(1);
  });

  it('lists documents in order and each once', async () => {
    const replica = await founded();
    await replica.ingest('a');
    await replica.ingest('b');
    const docs = [bindOf(replica, 'a', 2), bindOf(replica, 'b', 2)];
    docs.sort((x, y) => (x.stateKey < y.stateKey ? 1 : -1));
    replica.refuse(await author.aclBind(docs), 'SCHEMA');
    const [only] = docs as [(typeof docs)[0]];
    replica.refuse(await author.aclBind([only, { ...only, epoch: 3 }]), 'SCHEMA');
  });

  it('holds up to forty documents and still fits an entry', async () => {
    const replica = await founded();
    const names = Array.from({ length: 41 }, (_, i) => `doc ${i}`);
    const docs = names.map((uri) => bindOf(replica, uri, 2, author.time));
    docs.sort((x, y) => (x.stateKey < y.stateKey ? -1 : 1));
    replica.refuse(await author.aclBind(docs.slice(1)), 'UNKNOWN_DOC');
    const loose = await author.loose('acl-bind', { aclDigest: digestOf('class'), docs }, 'acl');
    replica.refuse(loose, 'SCHEMA');
  });
});

describe('directory', () => {
  it('INV-DIRECTORY-EPOCH: takes the next epoch only', async () => {
    const replica = await founded();
    replica.refuse(await author.list('directory', 0), 'EPOCH');
    replica.refuse(await author.list('directory', 2), 'EPOCH');
    const first = await author.list('directory', 1);
    replica.accept(first);
    replica.accept(await author.list('directory', 2));
    replica.refuse(first, 'EPOCH');
    expect(replica.lookup('dir', 'people')).toMatchObject({
      epoch: 2,
      entry: replica.next - 2,
      keyid: author.signer('directory').keyid,
      objectDigest: digestOf('directory 2'),
      trusted: true,
    });
  });
});

describe('config', () => {
  it('INV-CONFIG-EPOCH: takes the next epoch only', async () => {
    const replica = await founded();
    replica.refuse(await author.list('config', 2), 'EPOCH');
    const first = await author.list('config', 1);
    replica.accept(first);
    replica.refuse(first, 'EPOCH');
    replica.accept(await author.list('config', 2));
    expect(replica.lookup('config', 'policy')).toMatchObject({ epoch: 2 });
  });
});

describe('index-snapshot', () => {
  it('INV-SNAPSHOT-SIZE: is newer than the last one and not ahead of the log', async () => {
    const replica = await founded();
    replica.refuse(await author.snapshot(0), 'SIZE');
    replica.refuse(await author.snapshot(replica.next + 1), 'SIZE');
    const size = replica.next;
    const first = await author.snapshot(size);
    replica.accept(first);
    replica.refuse(first, 'SIZE');
    replica.refuse(await author.snapshot(size - 1), 'SIZE');
    replica.accept(await author.snapshot(replica.next));
    expect(replica.lookup('snap', 'index')).toMatchObject({ size: size + 3, trusted: true });
  });
});

describe('rewrap', () => {
  it('is recorded and changes nothing', async () => {
    const replica = await founded();
    const before = replica.root;
    const versions = { from: '0'.repeat(32), to: '1'.repeat(32) };
    const fields = { ...versions, rows: 3, tableDigest: digestOf('table') };
    const applied = replica.accept(await author.statement('rewrap', fields, 'indexer'));
    expect(applied.records).toEqual([]);
    expect(replica.root).toBe(before);
  });
});
