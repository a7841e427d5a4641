// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { documentSubject, kindSubject } from '../../src/provenance/statement.ts';
import { entryLeafHash } from '../../src/provenance/state.ts';
import { digestOf, headOf, LogAuthor } from '../support/log-author.ts';
import { Replica } from '../support/replica.ts';

const author = new LogAuthor();
const founded = (): Promise<Replica> => Replica.founded(author);

describe('ingest', () => {
  it('sets the first version with its class, and later versions without touching it', async () => {
    const replica = await founded();
    const index = replica.next;
    const first = await author.ingest('a', null, { validUntil: author.time + 9 });
    replica.accept(first);
    const keyid = author.signer('ingest').keyid;
    const acl = { aclEpoch: 1, aclDigest: digestOf('class'), aclEntry: index, aclKeyid: keyid };
    expect(replica.doc('a')).toEqual({
      docId: author.docId('a'),
      status: 'live',
      version: 1,
      entry: index,
      entryLeafHash: entryLeafHash(first),
      keyid,
      keyEntry: index,
      ns: 'files',
      chunks: 2,
      ...acl,
      validUntil: author.time + 9,
      seq: null,
    });
    await replica.ingest('a');
    const later = { version: 2, entry: index + 1, validUntil: author.time + 9, ...acl };
    expect(replica.doc('a')).toMatchObject(later);
  });

  it('INV-LEDGER-STATE-KEY: must name the state key that belongs to its document', async () => {
    const replica = await founded();
    const stateKey = author.docKey('b');
    replica.refuse(await author.ingest('a', null, { stateKey }), 'STATE_KEY');
  });

  it.each([
    ['another version', `urn:strongroom:acme:DOC:2`],
    ['another tenant', `urn:strongroom:other:DOC:1`],
    ['something behind', `urn:strongroom:acme:DOC:1:1`],
    ['a version with a zero in front', `urn:strongroom:acme:DOC:01`],
    ['no document id', `urn:strongroom:acme:d-1:1`],
    ['no version', `urn:strongroom:acme:DOC`],
  ])('must speak of its own document version: %s', async (_name, pattern) => {
    const replica = await founded();
    const docId = author.docId('a');
    const digests = { object: digestOf('o'), chunkRoot: digestOf('c') };
    const { digest } = documentSubject(author.log, { docId, version: 1 }, digests);
    const entry = JSON.parse(Buffer.from(await author.ingest('a')).toString()) as {
      payload: string;
    };
    const statement = JSON.parse(Buffer.from(entry.payload, 'base64').toString()) as object;
    const subject = [{ name: pattern.replace('DOC', docId), digest }];
    replica.refuse(await author.raw({ ...statement, subject }, 'ingest'), 'SCHEMA');
  });

  it('INV-INGEST-NAMESPACE: stays inside the namespaces of its key', async () => {
    const replica = await founded();
    replica.accept(await author.delegate('wiki', 'ingest', { namespaces: ['wiki'] }));
    replica.refuse(await author.ingest('a', null, {}, 'wiki'), 'SCOPE');
    const source = { kind: 'page', namespace: 'wiki', seq: null };
    replica.accept(await author.ingest('a', null, { source }, 'wiki'));
  });

  it('INV-INGEST-NAMESPACE: cannot move a document into another namespace', async () => {
    const replica = await founded();
    const doc = await replica.ingest('a');
    const entry = await author.ingest('a', doc, {
      stateKey: author.docKey('a'),
      source: { kind: 'page', namespace: 'wiki', seq: null },
    });
    // The author derives the subject from the namespace; this one keeps the document of `files`.
    const { payload } = JSON.parse(Buffer.from(entry).toString()) as { payload: string };
    const statement = JSON.parse(Buffer.from(payload, 'base64').toString()) as {
      subject: [{ name: string }];
    };
    statement.subject[0].name = `urn:strongroom:acme:${doc.docId}:2`;
    replica.refuse(await author.raw(statement, 'ingest'), 'SCOPE');
  });

  it.each([
    ['model', { model: 'other', dims: 8, dtype: 'i8' }],
    ['number of dimensions', { model: 'test-model', dims: 9, dtype: 'i8' }],
    ['number type', { model: 'test-model', dims: 8, dtype: 'f32le' }],
  ] as const)(
    'INV-INGEST-EMBEDDER: refuses another %s than the vault has',
    async (_name, embedder) => {
      (await founded()).refuse(await author.ingest('a', null, { embedder }), 'EMBEDDER');
    },
  );

  it('INV-INGEST-ACL: refuses a class that was never published', async () => {
    const replica = await founded();
    const unknown = { class: { aclDigest: digestOf('unknown') } };
    replica.refuse(await author.ingest('a', null, unknown), 'UNKNOWN_ACL');
  });

  it('must bring a class with the first version, which is version 1 without a predecessor', async () => {
    const replica = await founded();
    replica.refuse(await author.ingest('a', null, { class: null }), 'SCHEMA');
    replica.refuse(await author.ingest('a', null, { version: 2 }), 'CONFLICT');
    const doc = await replica.ingest('b');
    replica.refuse(await author.ingest('a', doc, { version: 1 }), 'CONFLICT');
  });

  it('INV-INGEST-PREV: extends the current head and nothing else', async () => {
    const replica = await founded();
    const first = await replica.ingest('a');
    const second = await replica.ingest('a');
    replica.refuse(await author.ingest('a', first), 'CONFLICT');
    replica.refuse(await author.ingest('a', second, { version: 4 }), 'CONFLICT');
    replica.refuse(await author.ingest('a', second, { version: 2 }), 'CONFLICT');
    replica.refuse(await author.ingest('a', { ...second, entry: second.entry - 1 }), 'CONFLICT');
    const otherHash = { ...second, entryLeafHash: first.entryLeafHash };
    replica.refuse(await author.ingest('a', otherHash), 'CONFLICT');
    replica.refuse(await author.ingest('a', null), 'CONFLICT');
    replica.accept(await author.ingest('a', second));
  });

  it('lets the first of two racing writers win', async () => {
    const replica = await founded();
    const doc = await replica.ingest('a');
    const race = [await author.ingest('a', doc), await author.ingest('a', doc, { chunks: 3 })];
    replica.accept(race[0] as Uint8Array);
    replica.refuse(race[1] as Uint8Array, 'CONFLICT');
  });

  it('INV-INGEST-NO-ACL: a later version cannot bring a class or an end of validity', async () => {
    const replica = await founded();
    const doc = await replica.ingest('a');
    const widen = { class: { aclDigest: digestOf('class') } };
    replica.refuse(await author.ingest('a', doc, widen), 'SCHEMA');
    replica.refuse(await author.ingest('a', doc, { validUntil: author.time }), 'SCHEMA');
  });

  it('INV-INGEST-SEQ: never goes back in the source; numbers are compared, not texts', async () => {
    const replica = await founded();
    const at = (seq: string | null): object => ({
      source: { kind: 'file', namespace: 'files', seq },
    });
    replica.accept(await author.ingest('a', null, at('9')));
    replica.accept(await author.ingest('a', replica.doc('a'), at('10')));
    replica.refuse(await author.ingest('a', replica.doc('a'), at('9')), 'STALE_SEQ');
    replica.accept(await author.ingest('a', replica.doc('a'), at('10')));
    replica.accept(await author.ingest('a', replica.doc('a'), at(null)));
    expect(replica.doc('a').seq).toBe('10');
    replica.refuse(await author.ingest('a', replica.doc('a'), at('9')), 'STALE_SEQ');
    const huge = '9'.repeat(64);
    replica.accept(await author.ingest('a', replica.doc('a'), at(huge)));
    await replica.ingest('b');
    replica.accept(await author.ingest('b', replica.doc('b'), at('1')));
    expect(replica.doc('b').seq).toBe('1');
  });
});

describe('tombstone', () => {
  it('takes a document away and keeps its version and class; the next ingest continues', async () => {
    const replica = await founded();
    const doc = await replica.ingest('a');
    const index = replica.next;
    replica.accept(await author.tombstone('a', doc));
    const gone = { status: 'tombstone', version: 1, entry: index, chunks: 0, aclEpoch: 1 };
    expect(replica.doc('a')).toMatchObject(gone);
    replica.refuse(await author.tombstone('a', replica.doc('a')), 'CONFLICT');
    await replica.ingest('a');
    expect(replica.doc('a')).toMatchObject({ status: 'live', version: 2, chunks: 2 });
  });

  it('INV-HEAD-PREV: names the current head, so that an older decision cannot remove a newer version', async () => {
    const replica = await founded();
    const first = await replica.ingest('a');
    await replica.ingest('a');
    replica.refuse(await author.tombstone('a', first), 'CONFLICT');
    replica.refuse(await author.shred('a', first), 'CONFLICT');
  });

  it('INV-TOMBSTONE-NAMESPACE: stays inside the namespaces of its key', async () => {
    const replica = await founded();
    replica.accept(await author.delegate('wiki', 'ingest', { namespaces: ['wiki'] }));
    const doc = await replica.ingest('a');
    replica.refuse(await author.tombstone('a', doc, 'wiki'), 'SCOPE');
  });

  it('names a known document by its own state key', async () => {
    const replica = await founded();
    const doc = await replica.ingest('a');
    replica.refuse(await author.tombstone('b', doc), 'UNKNOWN_DOC');
    const fields = { stateKey: author.docKey('b'), docId: author.docId('a'), prev: headOf(doc) };
    replica.refuse(await author.statement('tombstone', fields, 'ingest'), 'STATE_KEY');
  });
});

describe('shred', () => {
  it('is final for all versions so far, yet a new version may follow', async () => {
    const replica = await founded();
    const doc = await replica.ingest('a');
    replica.accept(await author.shred('a', doc));
    expect(replica.doc('a')).toMatchObject({ status: 'shredded', version: 1, chunks: 0 });
    replica.refuse(await author.shred('a', replica.doc('a')), 'CONFLICT');
    replica.refuse(await author.tombstone('a', replica.doc('a')), 'CONFLICT');
    await replica.ingest('a');
    expect(replica.doc('a')).toMatchObject({ status: 'live', version: 2 });
  });

  it('also takes a tombstone', async () => {
    const replica = await founded();
    replica.accept(await author.tombstone('a', await replica.ingest('a')));
    replica.accept(await author.shred('a', replica.doc('a')));
    expect(replica.doc('a').status).toBe('shredded');
  });

  it('names a known document by its own state key', async () => {
    const replica = await founded();
    const doc = await replica.ingest('a');
    replica.refuse(await author.shred('b', doc), 'UNKNOWN_DOC');
    const fields = { stateKey: author.docKey('b'), docId: author.docId('a'), prev: headOf(doc) };
    const entry = await author.statement('shred', { ...fields, reason: 'request' }, 'eraser');
    replica.refuse(entry, 'STATE_KEY');
  });
});

describe('subjects', () => {
  it('of a document name tenant, id and version, of other kinds the kind', () => {
    const docId = author.docId('a');
    const digests = { object: digestOf('o'), chunkRoot: digestOf('c') };
    expect(documentSubject(author.log, { docId, version: 7 }, digests)).toEqual({
      name: `urn:strongroom:acme:${docId}:7`,
      digest: { sha256: digestOf('o'), srChunkTreeV1: digestOf('c') },
    });
    const predicate = { log: author.log, objectDigest: digestOf('o') };
    expect(kindSubject('directory', predicate)).toEqual({
      name: 'urn:strongroom:acme:directory',
      digest: { sha256: digestOf('o') },
    });
  });
});
