// SPDX-License-Identifier: Apache-2.0
// The order of the ledger's rules: form, signature, knowledge, schema, log, scope. Each kind's own rule has its own file.
import { describe, expect, it } from 'vitest';
import { base64, concat, fromUtf8, jcsBytes, utf8 } from '../../src/core/index.ts';
import { MAX_ENTRY_BYTES, PAYLOAD_TYPE } from '../../src/provenance/dsse.ts';
import { NEVER_LOGGED, predicateTypeOf, ROLES } from '../../src/provenance/roles.ts';
import { digestOf, LogAuthor } from '../support/log-author.ts';
import { fc } from '../support/property.ts';
import { Replica } from '../support/replica.ts';
import { everyBitFlip } from '../support/tampering.ts';

const author = new LogAuthor();
const founded = (): Promise<Replica> => Replica.founded(author);

describe('rules 1 and 3, form', () => {
  it('INV-ENTRY-SIZE: voids an entry above 8,192 bytes, whoever signed it', async () => {
    const replica = await founded();
    const names = (n: number): string[] =>
      Array.from({ length: n }, (_, i) => `n${i}`.padEnd(60, '0'));
    const fits = await author.loose('delegate', { namespaces: names(64) }, 'root');
    expect(fits.length).toBeLessThanOrEqual(MAX_ENTRY_BYTES);
    replica.refuse(fits, 'SCHEMA');
    const large = await author.loose('delegate', { namespaces: names(90) }, 'root');
    expect(large.length).toBeGreaterThan(MAX_ENTRY_BYTES);
    replica.refuse(large, 'FORMAT');
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['no JSON', utf8('{')],
    ['another value', utf8('[]')],
    ['null', utf8('null')],
    ['no signature', jcsBytes({ payload: '', payloadType: PAYLOAD_TYPE, signatures: [] })],
  ])('voids %s', async (_name, entry) => {
    (await founded()).refuse(entry, 'FORMAT');
  });

  it('voids a signed payload that is no canonical statement', async () => {
    const replica = await founded();
    const entry = await author.raw({ _type: 'https://in-toto.io/Statement/v0.1' }, 'root');
    replica.refuse(entry, 'FORMAT');
  });

  it('voids an entry with a byte behind it', async () => {
    const replica = await founded();
    replica.refuse(concat(await author.acl('more'), utf8('\n')), 'FORMAT');
  });
});

describe('rule 2, signature', () => {
  it('INV-LEDGER-SIGNATURE: voids a statement whose signature another key made', async () => {
    const replica = await founded();
    const theirs = JSON.parse(fromUtf8(await author.acl('x', {}, 'ingest'))) as {
      signatures: [{ sig: string }];
    };
    const ours = JSON.parse(fromUtf8(await author.acl('x'))) as { signatures: [{ sig: string }] };
    ours.signatures[0].sig = theirs.signatures[0].sig;
    replica.refuse(jcsBytes(ours), 'SIGNATURE');
  });

  it('INV-LEDGER-SIGNATURE: voids every single-bit change of an entry', async () => {
    const replica = await founded();
    const entry = await author.acl('x');
    const outcomes = new Set<string>();
    for (const altered of everyBitFlip(entry)) {
      const result = replica.judge(altered);
      outcomes.add(result.outcome === 'void' ? result.reason : result.outcome);
    }
    expect([...outcomes].sort()).toEqual(['FORMAT', 'SIGNATURE']);
  });

  it('voids a statement by a key that no delegation named', async () => {
    (await founded()).refuse(await author.acl('x', {}, 'stranger'), 'SIGNATURE');
  });

  it('INV-LEDGER-KEY-WINDOW: voids a statement by a key that was revoked before', async () => {
    const replica = await founded();
    replica.accept(await author.revoke('acl', replica.next));
    replica.refuse(await author.acl('x'), 'SIGNATURE');
  });

  it('INV-LEDGER-KEY-WINDOW: a key does not cover the entry that delegates it', async () => {
    const replica = await founded();
    const index = replica.next;
    replica.accept(await author.delegate('acl-2', 'acl'));
    expect(replica.state.keys.get(author.signer('acl-2').keyid)?.firstIndex).toBe(index + 1);
    replica.accept(await author.acl('x', {}, 'acl-2'));
  });

  it('checks the signature before the kind: strangers cannot halt a reader', async () => {
    const replica = await founded();
    const type = 'https://strongroom.dev/attestations/future/v1';
    replica.refuse(
      await author.loose(type, {}, 'stranger', { name: 'x', digest: {} }),
      'SIGNATURE',
    );
  });
});

describe('rule 4, knowledge', () => {
  it.each([
    'https://strongroom.dev/attestations/future/v1',
    'https://strongroom.dev/attestations/revoke/v2',
    'https://slsa.dev/provenance/v1',
  ])('halts at a signed statement of the unknown type %s, whatever key signed it', async (type) => {
    const replica = await founded();
    for (const role of ROLES) {
      const entry = await author.loose(type, {}, role, { name: 'x', digest: {} });
      replica.halt(entry, 'UPGRADE_REQUIRED');
    }
  });
});

describe('rule 5, schema', () => {
  it('voids a field too many, a field missing, and a field of another type', async () => {
    const replica = await founded();
    const right = { aclDigest: digestOf('x'), objectDigest: digestOf('y') };
    replica.refuse(await author.loose('acl', { ...right, note: '' }, 'acl'), 'SCHEMA');
    replica.refuse(await author.loose('acl', { aclDigest: right.aclDigest }, 'acl'), 'SCHEMA');
    replica.refuse(await author.loose('acl', { ...right, aclDigest: 1 }, 'acl'), 'SCHEMA');
    const upper = right.aclDigest.toUpperCase();
    replica.refuse(await author.loose('acl', { ...right, aclDigest: upper }, 'acl'), 'SCHEMA');
    const withProto: [string, unknown][] = [['__proto__', {}], ...Object.entries(right)];
    const proto: object = Object.fromEntries(withProto);
    replica.refuse(await author.loose('acl', proto, 'acl'), 'SCHEMA');
    replica.accept(await author.loose('acl', right, 'acl'));
  });

  it('voids a subject that is not the one of the predicate', async () => {
    const replica = await founded();
    const fields = { aclDigest: digestOf('x'), objectDigest: digestOf('y') };
    const own = { name: 'urn:strongroom:acme:acl', digest: { sha256: fields.objectDigest } };
    const others = [
      { ...own, name: 'urn:strongroom:acme:config' },
      { ...own, name: 'urn:strongroom:other:acl' },
      { ...own, digest: { sha256: digestOf('z') } },
      { ...own, digest: { ...own.digest, sha1: digestOf('z') } },
      { ...own, digest: {} },
    ];
    for (const other of others) {
      replica.refuse(await author.loose('acl', fields, 'acl', other), 'SCHEMA');
    }
    replica.accept(await author.loose('acl', fields, 'acl', own));
  });

  it('voids an ingest whose subject lacks one of its two digests', async () => {
    const replica = await founded();
    const entry = JSON.parse(fromUtf8(await author.ingest('a'))) as { payload: string };
    const statement = JSON.parse(Buffer.from(entry.payload, 'base64').toString()) as {
      subject: [{ name: string; digest: Record<string, string> }];
    };
    const [{ name, digest }] = statement.subject;
    const digests = [
      { sha256: digest['sha256'] },
      { srChunkTreeV1: digest['srChunkTreeV1'] },
      { sha256: digest['sha256'], sha512: digest['sha256'] },
      { ...digest, more: digest['sha256'] },
      { 'sha256,srChunkTreeV1': digest['sha256'] },
    ];
    for (const other of digests) {
      const altered = { ...statement, subject: [{ name, digest: other }] };
      replica.refuse(await author.raw(altered, 'ingest'), 'SCHEMA');
    }
    replica.accept(await author.raw(statement, 'ingest'));
  });
});

describe('rule 6, the log', () => {
  it('INV-LEDGER-LOG: voids statements of another vault or tenant, even by the same root key', async () => {
    const replica = await founded();
    for (const log of [
      `${'0'.repeat(32)}.vault.strongroom.invalid/acme`,
      author.log.replace('/acme', '/other'),
    ]) {
      replica.refuse(await author.delegate('stranger', 'acl', { log }), 'FOREIGN_LOG');
    }
  });
});

describe('rule 7, scope', () => {
  it('INV-LEDGER-ROLE: lets every role sign its own kinds and no other', async () => {
    const replica = await founded();
    const doc = await replica.ingest('a');
    const statements: [string, (by: string) => Promise<Uint8Array>][] = [
      ['root', (by) => author.delegate('late', 'acl', {}, by)],
      ['root', (by) => author.revoke('retriever', replica.next, {}, by)],
      ['root', (by) => author.list('config', 1, by)],
      ['directory', (by) => author.list('directory', 1, by)],
      ['ingest', (by) => author.ingest('b', null, {}, by)],
      ['ingest', (by) => author.tombstone('a', doc, by)],
      ['eraser', (by) => author.shred('a', doc, by)],
      [
        'acl',
        (by) =>
          author.aclBind(
            [{ stateKey: author.docKey('a'), epoch: 2, validUntil: null }],
            'class',
            by,
          ),
      ],
      ['indexer', (by) => author.snapshot(1, {}, by)],
    ];
    for (const [owner, write] of statements) {
      for (const role of ROLES) {
        const result = replica.judge(await write(role));
        const expected =
          role === owner ? { outcome: 'applied' } : { outcome: 'void', reason: 'SCOPE' };
        expect(result).toMatchObject(expected);
      }
    }
  });

  it('INV-LEDGER-ROLE: voids a kind that the delegation left out', async () => {
    const replica = await founded();
    replica.accept(await author.delegate('publisher', 'acl', { kinds: ['acl'] }));
    const doc = await replica.ingest('a');
    const bind = [{ stateKey: author.docKey('a'), epoch: doc.aclEpoch + 1, validUntil: null }];
    replica.refuse(await author.aclBind(bind, 'class', 'publisher'), 'SCOPE');
    replica.accept(await author.acl('more', {}, 'publisher'));
  });

  it.each([...NEVER_LOGGED])(
    'INV-LEDGER-ROLE: voids %s, which never stands in the log',
    async (kind) => {
      const replica = await founded();
      const by = kind === 'erasure' ? 'eraser' : 'retriever';
      const fields: Record<string, object> = {
        audit: { seq: 0, prevHash: digestOf('a'), root: digestOf('b') },
        erasure: {
          stateKey: digestOf('a'),
          shredEntry: 1,
          result: { effectiveNow: [], againstBackups: 'never', pending: [] },
        },
        context: {
          head: { origin: author.log, size: 1, root: digestOf('a') },
          principalCommit: digestOf('b'),
          queryCommit: digestOf('c'),
          identity: 'token',
          policyEpoch: 1,
          dirEpoch: 1,
          aclDigests: [],
          passages: [],
        },
      };
      replica.refuse(await author.loose(kind, fields[kind] ?? {}, by), 'SCOPE');
    },
  );
});

describe('arbitrary bytes', () => {
  it('never do more than void an entry', async () => {
    const replica = await founded();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(replica.judge(bytes)).toEqual({ outcome: 'void', reason: 'FORMAT' });
      }),
    );
    const payload = fc.oneof(fc.json(), fc.string());
    fc.assert(
      fc.property(payload, fc.stringMatching(/^[0-9a-f]{64}$/), (text, keyid) => {
        const sig = base64(new Uint8Array(64));
        const envelope = {
          payload: base64(utf8(text)),
          payloadType: PAYLOAD_TYPE,
          signatures: [{ keyid, sig }],
        };
        expect(replica.judge(jcsBytes(envelope))).toEqual({ outcome: 'void', reason: 'SIGNATURE' });
      }),
    );
  });

  it('names every kind by its own predicate type', () => {
    expect(predicateTypeOf('acl-bind')).toBe('https://strongroom.dev/attestations/acl-bind/v1');
  });
});
