// SPDX-License-Identifier: Apache-2.0
// Keys found to have been in wrong hands for a while: what they signed since is distrusted until somebody renews it.
import { describe, expect, it } from 'vitest';
import type { Predicate } from '../../src/provenance/predicates.ts';
import type { DocValue } from '../../src/provenance/state.ts';
import { headOf, LogAuthor } from '../support/log-author.ts';
import { Replica } from '../support/replica.ts';

const author = new LogAuthor();

/** A ledger in which key `stolen` of a role may sign from `since` on. */
async function withStolen(role: 'ingest' | 'acl' | 'directory' | 'indexer'): Promise<Replica> {
  const replica = await Replica.founded(author);
  replica.accept(await author.delegate('stolen', role));
  return replica;
}

const bind = (doc: DocValue, by: string): Promise<Uint8Array> =>
  author.aclBind(
    [{ stateKey: author.stateKey('doc', doc.docId), epoch: doc.aclEpoch + 1, validUntil: null }],
    'class',
    by,
  );

function endorse(
  doc: DocValue,
  by: string,
  fields: Partial<Predicate<'endorse'>> = {},
): Promise<Uint8Array> {
  const { docId, aclEpoch } = doc;
  const stateKey = author.stateKey('doc', docId);
  return author.statement(
    'endorse',
    { stateKey, head: headOf(doc), aclEpoch, revokeEntry: 1, ...fields },
    by,
  );
}

describe('what a revoked ingest key signed', () => {
  it('is distrusted from the named index on, tombstones included, and nothing before it', async () => {
    const replica = await withStolen('ingest');
    await replica.ingest('before', 'stolen');
    const from = replica.next;
    await replica.ingest('after', 'stolen');
    await replica.ingest('gone', 'ingest');
    replica.accept(await author.tombstone('gone', replica.doc('gone'), 'stolen'));
    await replica.ingest('honest');
    const root = replica.root;
    const revoke = replica.accept(await author.revoke('stolen', from));
    expect(revoke.records).toHaveLength(3);
    expect(replica.root).not.toBe(root);
    expect(replica.doc('before').status).toBe('live');
    expect(replica.doc('after').status).toBe('distrusted');
    expect(replica.doc('gone').status).toBe('distrusted');
    expect(replica.doc('honest').status).toBe('live');
  });

  it('never turns into the version before it', async () => {
    const replica = await withStolen('ingest');
    await replica.ingest('a');
    const version = await replica.ingest('a', 'stolen');
    replica.accept(await author.revoke('stolen', 0));
    expect(replica.doc('a')).toEqual({ ...version, status: 'distrusted' });
  });

  it('leaves shredded documents shredded', async () => {
    const replica = await withStolen('ingest');
    replica.accept(await author.shred('a', await replica.ingest('a', 'stolen')));
    replica.accept(await author.revoke('stolen', 0));
    expect(replica.doc('a').status).toBe('shredded');
  });

  it('comes back with the next version by a good key', async () => {
    const replica = await withStolen('ingest');
    const doc = await replica.ingest('a');
    await replica.ingest('a', 'stolen');
    replica.accept(await author.revoke('stolen', doc.entry + 1));
    await replica.ingest('a');
    expect(replica.doc('a')).toMatchObject({ status: 'live', version: 3 });
  });

  it('INV-DISTRUST-STAYS: a new version does not revive the class that the stolen key chose', async () => {
    const replica = await withStolen('ingest');
    await replica.ingest('a', 'stolen');
    replica.accept(await author.revoke('stolen', 0));
    await replica.ingest('a');
    expect(replica.doc('a')).toMatchObject({ status: 'distrusted', version: 2, chunks: 2 });
    replica.accept(await author.tombstone('a', replica.doc('a')));
    await replica.ingest('a');
    expect(replica.doc('a')).toMatchObject({ status: 'distrusted', version: 3 });
    replica.accept(await bind(replica.doc('a'), 'acl'));
    expect(replica.doc('a')).toMatchObject({ status: 'live', aclEpoch: 2 });
  });

  it('is distrusted again further back when a second revocation reaches further back', async () => {
    const replica = await withStolen('ingest');
    const first = await replica.ingest('a', 'stolen');
    const second = await replica.ingest('b', 'stolen');
    replica.accept(await author.revoke('stolen', second.entry));
    expect(replica.doc('a').status).toBe('live');
    replica.accept(await author.revoke('stolen', first.entry));
    expect(replica.doc('a').status).toBe('distrusted');
  });
});

describe('what a revoked acl key bound', () => {
  it('INV-DISTRUST-STAYS: stays distrusted through re-ingest until a good key binds or endorses', async () => {
    const replica = await withStolen('acl');
    replica.accept(await bind(await replica.ingest('a'), 'stolen'));
    replica.accept(await author.revoke('stolen', 0));
    expect(replica.doc('a').status).toBe('distrusted');
    await replica.ingest('a');
    expect(replica.doc('a')).toMatchObject({ status: 'distrusted', version: 2 });
    replica.accept(await bind(replica.doc('a'), 'acl'));
    expect(replica.doc('a').status).toBe('live');
  });

  it('is forgotten when a good key bound the document since', async () => {
    const replica = await withStolen('acl');
    replica.accept(await bind(await replica.ingest('a'), 'stolen'));
    replica.accept(await bind(replica.doc('a'), 'acl'));
    replica.accept(await author.revoke('stolen', 0));
    expect(replica.doc('a').status).toBe('live');
  });

  it('comes back by a new binding though the key behind the content was retired after it signed', async () => {
    const replica = await withStolen('acl');
    replica.accept(await author.delegate('retired', 'ingest'));
    replica.accept(await bind(await replica.ingest('a', 'retired'), 'stolen'));
    replica.accept(await author.revoke('retired', replica.next, { reason: 'retired' }));
    replica.accept(await author.revoke('stolen', 0));
    expect(replica.doc('a').status).toBe('distrusted');
    replica.accept(await bind(replica.doc('a'), 'acl'));
    expect(replica.doc('a').status).toBe('live');
  });

  it('stays distrusted when only the class is renewed but the content is by a stolen key too', async () => {
    const replica = await withStolen('ingest');
    await replica.ingest('a', 'stolen');
    replica.accept(await author.revoke('stolen', 0));
    replica.accept(await bind(replica.doc('a'), 'acl'));
    expect(replica.doc('a')).toMatchObject({ status: 'distrusted', aclEpoch: 2 });
  });
});

describe('directory and index snapshot', () => {
  it('lose trust with their key and regain it with the next one', async () => {
    const replica = await withStolen('directory');
    replica.accept(await author.list('directory', 1, 'stolen'));
    replica.accept(await author.delegate('stolen-2', 'indexer'));
    replica.accept(await author.snapshot(3, {}, 'stolen-2'));
    replica.accept(await author.revoke('stolen', 0));
    replica.accept(await author.revoke('stolen-2', 0));
    expect(replica.lookup('dir', 'people')).toMatchObject({ epoch: 1, trusted: false });
    expect(replica.lookup('snap', 'index')).toMatchObject({ size: 3, trusted: false });
    replica.accept(await author.list('directory', 2));
    replica.accept(await author.snapshot(replica.next));
    expect(replica.lookup('dir', 'people')).toMatchObject({ epoch: 2, trusted: true });
    expect(replica.lookup('snap', 'index')?.trusted).toBe(true);
  });

  it('keep trust when another key signed them, or when they are older than the revocation reaches', async () => {
    const replica = await withStolen('directory');
    replica.accept(await author.list('directory', 1, 'stolen'));
    replica.accept(await author.snapshot(3));
    replica.accept(await author.revoke('stolen', replica.next));
    expect(replica.lookup('dir', 'people')?.trusted).toBe(true);
    expect(replica.lookup('snap', 'index')?.trusted).toBe(true);
  });
});

describe('endorse', () => {
  it('by root vouches for head and class, and restores what the head was', async () => {
    const replica = await withStolen('ingest');
    await replica.ingest('a', 'stolen');
    replica.accept(await author.tombstone('b', await replica.ingest('b', 'stolen'), 'stolen'));
    const entry = replica.doc('a').entry;
    replica.accept(await author.revoke('stolen', 0));
    replica.accept(await endorse(replica.doc('a'), 'root'));
    const keyid = author.signer('root').keyid;
    const keyEntry = replica.next - 1;
    const vouched = { keyid, keyEntry, aclKeyid: keyid, aclEntry: keyEntry };
    expect(replica.doc('a')).toMatchObject({ status: 'live', entry, ...vouched });
    replica.accept(await endorse(replica.doc('b'), 'root'));
    expect(replica.doc('b').status).toBe('tombstone');
    await replica.ingest('a');
    expect(replica.doc('a')).toMatchObject({ status: 'live', version: 2 });
  });

  it('by an acl key vouches for the class alone', async () => {
    const replica = await withStolen('acl');
    const { keyid, keyEntry } = await replica.ingest('a');
    replica.accept(await bind(replica.doc('a'), 'stolen'));
    replica.accept(await author.revoke('stolen', 0));
    replica.accept(await endorse(replica.doc('a'), 'acl'));
    const acl = { aclKeyid: author.signer('acl').keyid, aclEntry: replica.next - 1, aclEpoch: 2 };
    expect(replica.doc('a')).toMatchObject({ status: 'live', keyid, keyEntry, ...acl });
  });

  it('INV-ENDORSE-CONTENT: by an acl key does not vouch for content of a stolen ingest key', async () => {
    const replica = await withStolen('ingest');
    await replica.ingest('a', 'stolen');
    replica.accept(await author.revoke('stolen', 0));
    replica.refuse(await endorse(replica.doc('a'), 'acl'), 'SCOPE');
    expect(replica.doc('a').status).toBe('distrusted');
  });

  it('names a distrusted document, its head, its epoch and an earlier revocation', async () => {
    const replica = await withStolen('ingest');
    const honest = await replica.ingest('honest');
    const first = await replica.ingest('a', 'stolen');
    await replica.ingest('a', 'stolen');
    replica.accept(await author.revoke('stolen', 0));
    const doc = replica.doc('a');
    const unknown = { stateKey: author.docKey('unknown') };
    replica.refuse(await endorse(doc, 'root', unknown), 'UNKNOWN_DOC');
    replica.refuse(await endorse(honest, 'root'), 'NOT_DISTRUSTED');
    replica.refuse(await endorse(doc, 'root', { head: headOf(first) }), 'CONFLICT');
    replica.refuse(await endorse(doc, 'root', { aclEpoch: 2 }), 'CONFLICT');
    replica.refuse(await endorse(doc, 'root', { revokeEntry: replica.next }), 'SCHEMA');
    replica.accept(await endorse(doc, 'root', { revokeEntry: replica.next - 6 }));
  });

  it('is undone when the endorsing root key is revoked in turn', async () => {
    const replica = await withStolen('ingest');
    replica.accept(await author.delegate('root-2', 'root'));
    await replica.ingest('a', 'stolen');
    replica.accept(await author.revoke('stolen', 0));
    const index = replica.next;
    replica.accept(await endorse(replica.doc('a'), 'root-2'));
    replica.accept(await author.revoke('root-2', index));
    expect(replica.doc('a').status).toBe('distrusted');
  });

  it('that a root key gave before it was stolen stands when the key is revoked from later on', async () => {
    const replica = await withStolen('ingest');
    replica.accept(await author.delegate('root-2', 'root'));
    await replica.ingest('a', 'stolen');
    replica.accept(await author.revoke('stolen', 0));
    replica.accept(await endorse(replica.doc('a'), 'root-2'));
    replica.accept(await author.revoke('root-2', replica.next));
    expect(replica.doc('a').status).toBe('live');
  });

  describe('by a root key that was itself stolen', () => {
    /** Content of a stolen ingest key that a stolen root key endorsed, after both were revoked. */
    async function endorsedByStolenRoot(): Promise<Replica> {
      const replica = await withStolen('ingest');
      await replica.ingest('a', 'stolen');
      replica.accept(await author.revoke('stolen', 0));
      replica.accept(await author.delegate('stolen-root', 'root'));
      const from = replica.next;
      replica.accept(await endorse(replica.doc('a'), 'stolen-root'));
      expect(replica.doc('a').status).toBe('live');
      replica.accept(await author.revoke('stolen-root', from));
      return replica;
    }

    it('INV-DISTRUST-STAYS: does not come back by a new binding of a good acl key', async () => {
      const replica = await endorsedByStolenRoot();
      replica.accept(await bind(replica.doc('a'), 'acl'));
      expect(replica.doc('a')).toMatchObject({ status: 'distrusted', aclEpoch: 2 });
    });

    it('INV-ENDORSE-CONTENT: does not come back by the endorsement of a good acl key', async () => {
      const replica = await endorsedByStolenRoot();
      replica.refuse(await endorse(replica.doc('a'), 'acl'), 'SCOPE');
      expect(replica.doc('a').status).toBe('distrusted');
    });

    it('comes back by the endorsement of a good root key', async () => {
      const replica = await endorsedByStolenRoot();
      replica.accept(await endorse(replica.doc('a'), 'root'));
      expect(replica.doc('a').status).toBe('live');
    });
  });
});
