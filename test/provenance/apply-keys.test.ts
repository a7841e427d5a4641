// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { base64, jcsBytes } from '../../src/core/index.ts';
import { vkeyOf } from '../../src/provenance/note.ts';
import type { NamedHead } from '../../src/provenance/recovery.ts';
import { ROLE_KINDS } from '../../src/provenance/roles.ts';
import { digestOf, type Fields, LogAuthor } from '../support/log-author.ts';
import { Replica } from '../support/replica.ts';

const author = new LogAuthor();
const founded = (): Promise<Replica> => Replica.founded(author);
const MODEL = { id: 'second-model', sha256: digestOf('second') };

describe('genesis', () => {
  it('sets the vault and the root key', async () => {
    const replica = new Replica(author);
    replica.accept(await author.genesis());
    const root = author.signer('root');
    expect(replica.state.count).toBe(2);
    expect(replica.lookup('vault', 'genesis')).toMatchObject({
      log: author.log,
      format: 1,
      rootKeyid: root.keyid,
      logVkey: author.logVkey,
    });
    expect(replica.lookup('key', root.keyid)).toMatchObject({
      role: 'root',
      firstIndex: 0,
      endIndex: null,
      notAfter: null,
    });
  });

  it('INV-LEDGER-GENESIS: must be signed by the key that it names', async () => {
    const replica = new Replica(author);
    const rootSpki = base64(author.signer('root').spki);
    replica.refuse(await author.genesis({ rootSpki }, 'ingest'), 'SIGNATURE');
  });

  it('INV-LEDGER-GENESIS: must carry a signature that holds', async () => {
    const right = JSON.parse(Buffer.from(await author.genesis()).toString()) as {
      signatures: [{ sig: string }];
    };
    right.signatures[0].sig = base64(new Uint8Array(64));
    new Replica(author).refuse(jcsBytes(right), 'SIGNATURE');
  });

  it('INV-LEDGER-GENESIS: no other kind can found a log', async () => {
    const replica = new Replica(author);
    replica.refuse(await author.delegate('ingest', 'ingest'), 'SIGNATURE');
    replica.refuse(await author.delegate('ingest', 'ingest'), 'SIGNATURE');
  });

  it('must name the log that vault and tenant give, and a log key of that name', async () => {
    const other = new LogAuthor('other');
    const first = (): Replica => new Replica(author);
    first().refuse(await author.genesis({ log: other.log }), 'FOREIGN_LOG');
    first().refuse(await author.genesis({ tenantId: 'other' }), 'FOREIGN_LOG');
    first().refuse(await author.genesis({ logVkey: other.logVkey }), 'SCHEMA');
    first().refuse(await author.genesis({ logVkey: 'no vkey' }), 'SCHEMA');
  });

  it('names each model once', async () => {
    const embedder = { space: 's', dims: 8, dtype: 'i8' as const, models: [MODEL, MODEL] };
    new Replica(author).refuse(await author.genesis({ embedder }), 'SCHEMA');
  });

  it('counts at index 0 only', async () => {
    (await founded()).refuse(await author.genesis(), 'SCOPE');
  });

  it('at index 0 only: an unknown type there voids the log instead of halting it', async () => {
    const type = 'https://strongroom.dev/attestations/genesis/v2';
    const entry = await author.loose(type, {}, 'root', { name: 'x', digest: {} });
    new Replica(author).refuse(entry, 'SCHEMA');
  });
});

describe('delegate', () => {
  it('adds a key from the next index on, with its kinds, namespaces and end', async () => {
    const replica = await founded();
    const index = replica.next;
    const fields = { namespaces: ['wiki'], notAfter: author.time + 60 };
    replica.accept(await author.delegate('wiki', 'ingest', fields));
    expect(replica.lookup('key', author.signer('wiki').keyid)).toMatchObject({
      role: 'ingest',
      kinds: ROLE_KINDS.ingest,
      firstIndex: index + 1,
      endIndex: null,
      ...fields,
    });
  });

  it('INV-DELEGATE-KINDS: gives no kind that the role does not have', async () => {
    const replica = await founded();
    const entry = await author.delegate('late', 'ingest', { kinds: ['ingest', 'acl-bind'] });
    replica.refuse(entry, 'SCOPE');
    replica.refuse(await author.delegate('late', 'ingest', { kinds: ['nonsense'] }), 'SCOPE');
  });

  it('INV-DELEGATE-ONCE: never brings back a key that was known, so a revoked key stays out', async () => {
    const replica = await founded();
    const again = await author.delegate('acl', 'acl');
    replica.refuse(again, 'KEY_EXISTS');
    replica.accept(await author.revoke('acl', replica.next));
    replica.refuse(again, 'KEY_EXISTS');
    replica.refuse(await author.delegate('acl', 'root'), 'KEY_EXISTS');
  });

  it('refuses a key id that is not the hash of the key', async () => {
    const replica = await founded();
    const keyid = author.signer('root').keyid;
    replica.refuse(await author.delegate('late', 'acl', { keyid }), 'SCHEMA');
  });

  it('refuses a key that must not be used: unknown algorithm, small order, trailing bytes', async () => {
    const replica = await founded();
    const spki = author.signer('late').spki;
    const zero = Buffer.concat([spki.subarray(0, 12), Buffer.alloc(32)]);
    for (const bad of [new Uint8Array(3), zero, Buffer.concat([spki, Buffer.of(0)])]) {
      replica.refuse(await author.delegate('late', 'acl', { spki: base64(bad) }), 'SCHEMA');
    }
  });

  it('refuses duplicate kinds, an end for a root key, and namespaces for another role', async () => {
    const replica = await founded();
    const twice = { kinds: ['acl', 'acl'] };
    replica.refuse(await author.delegate('late', 'acl', twice), 'SCHEMA');
    const end = { notAfter: author.time + 9 };
    replica.refuse(await author.delegate('late', 'root', end), 'SCHEMA');
    replica.refuse(await author.delegate('late', 'acl', { namespaces: ['files'] }), 'SCHEMA');
  });

  it('refuses the log key as a role', async () => {
    const replica = await founded();
    const { keyid, spki } = author.signer('late');
    const fields = {
      keyid,
      spki: base64(spki),
      kinds: ['state'],
      namespaces: null,
      notAfter: null,
    };
    replica.refuse(await author.loose('delegate', { ...fields, role: 'log' }, 'root'), 'SCHEMA');
  });

  it('may add a second root key, which then delegates', async () => {
    const replica = await founded();
    replica.accept(await author.delegate('root-2', 'root'));
    replica.accept(await author.delegate('late', 'acl', {}, 'root-2'));
  });
});

describe('revoke', () => {
  it('ends a key at once', async () => {
    const replica = await founded();
    const index = replica.next;
    replica.accept(await author.revoke('ingest', index, { reason: 'retired' }));
    const value = replica.lookup('key', author.signer('ingest').keyid);
    expect(value).toMatchObject({ endIndex: index, reason: 'retired' });
    replica.refuse(await author.ingest('a'), 'SIGNATURE');
  });

  it('does not reach into the future, and ends no key that is not there', async () => {
    const replica = await founded();
    replica.refuse(await author.revoke('ingest', replica.next + 1), 'SCHEMA');
    replica.refuse(await author.revoke('stranger', 0), 'UNKNOWN_KEY');
  });

  it('INV-REVOKE-LAST-ROOT: never ends the last live root key', async () => {
    const replica = await founded();
    replica.refuse(await author.revoke('root', replica.next), 'LAST_ROOT');
    replica.accept(await author.delegate('root-2', 'root'));
    replica.accept(await author.revoke('root', replica.next));
    replica.refuse(await author.revoke('root-2', replica.next, {}, 'root-2'), 'LAST_ROOT');
  });

  it('may reach further back for a root key that has ended, with one live root left', async () => {
    const replica = await founded();
    replica.accept(await author.delegate('root-2', 'root'));
    const index = replica.next;
    replica.accept(await author.revoke('root', index));
    replica.accept(await author.revoke('root', index - 3, {}, 'root-2'));
    expect(replica.lookup('key', author.signer('root').keyid)?.endIndex).toBe(index - 3);
  });

  it('may only lower the end of a key that has one', async () => {
    const replica = await founded();
    const first = replica.next;
    replica.accept(await author.revoke('ingest', first));
    replica.refuse(await author.revoke('ingest', first), 'EXISTS');
    replica.refuse(await author.revoke('ingest', replica.next), 'EXISTS');
    replica.accept(await author.revoke('ingest', first - 2));
    expect(replica.lookup('key', author.signer('ingest').keyid)?.endIndex).toBe(first - 2);
  });
});

describe('recovery', () => {
  const root = digestOf('root');
  const heads = (size: number, lost = 4): { old: NamedHead; new: NamedHead } => ({
    old: { size: size + lost, root: lost === 0 ? root : digestOf('old') },
    new: { size, root },
  });
  const recovery = (fields: Fields<'recovery'>): Promise<Uint8Array> =>
    author.loose('recovery', { logVkey: null, reason: 'disk', ...fields }, 'root');
  const keyOf = (name: string, log = author.log): string =>
    vkeyOf(log, author.signer(name).rawPublicKey);

  it('names the two heads and leaves the log key alone unless it names one', async () => {
    const replica = await founded();
    const { next } = replica;
    replica.accept(await recovery(heads(next)));
    const back = { what: 'back', entry: next, ...heads(next) };
    expect(replica.lookup('recovery', 'back')).toEqual(back);
    expect(replica.lookup('recovery', 'log-key')).toBeNull();
    expect(replica.state.vault?.logVkey).toBe(author.logVkey);
  });

  it('changes the log key to one of the same name, whether it goes back or not', async () => {
    const replica = await founded();
    const first = replica.next;
    replica.accept(await recovery({ ...heads(first, 0), logVkey: keyOf('log-2') }));
    expect(replica.state.vault?.logVkey).toBe(keyOf('log-2'));
    expect(replica.lookup('recovery', 'back')).toBeNull();
    const change = { what: 'log-key', entry: first, ...heads(first, 0) };
    expect(replica.lookup('recovery', 'log-key')).toEqual(change);
    const both = { ...heads(replica.next, 1), logVkey: keyOf('log-3') };
    replica.accept(await recovery(both));
    expect(replica.lookup('recovery', 'back')?.entry).toBe(first + 1);
    expect(replica.lookup('recovery', 'log-key')?.entry).toBe(first + 1);
    const foreign = { ...heads(replica.next, 0), logVkey: keyOf('log-4', 'elsewhere') };
    replica.refuse(await recovery(foreign), 'SCHEMA');
    expect(replica.state.vault?.logVkey).toBe(keyOf('log-3'));
  });

  it('INV-RECOVERY-PLACE: counts at the place that it names and nowhere else', async () => {
    const replica = await founded();
    const first = await recovery({ ...heads(replica.next, 0), logVkey: keyOf('log-2') });
    replica.accept(first);
    replica.accept(await recovery({ ...heads(replica.next, 0), logVkey: keyOf('log-3') }));
    replica.refuse(first, 'CONFLICT');
    replica.refuse(await recovery(heads(replica.next + 1)), 'CONFLICT');
    expect(replica.state.vault?.logVkey).toBe(keyOf('log-3'));
  });

  it('goes back to an older head, not to a newer one or to another of the same size', async () => {
    const replica = await founded();
    const { next } = replica;
    replica.refuse(await recovery(heads(next, -1)), 'SCHEMA');
    const other = { old: { size: next, root: digestOf('other') }, new: { size: next, root } };
    replica.refuse(await recovery({ ...other, logVkey: keyOf('log-2') }), 'SCHEMA');
  });
});

describe('embedder', () => {
  it('adds models of the same space, each once, at most sixteen', async () => {
    const replica = await founded();
    const add = (models: (typeof MODEL)[]): Promise<Uint8Array> =>
      author.statement('embedder', { models }, 'root');
    replica.accept(await add([MODEL]));
    expect(replica.state.vault?.embedder.models.map((m) => m.id)).toEqual(['test-model', MODEL.id]);
    replica.refuse(await add([MODEL]), 'EXISTS');
    const many = Array.from({ length: 15 }, (_, i) => ({ ...MODEL, id: `m${i}` }));
    replica.refuse(await add(many), 'EXISTS');
    replica.accept(
      await author.ingest('a', null, { embedder: { model: MODEL.id, dims: 8, dtype: 'i8' } }),
    );
  });
});
