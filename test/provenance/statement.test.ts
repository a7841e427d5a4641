// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { jcsBytes, utf8 } from '../../src/core/index.ts';

import { MAX_ENTRY_BYTES, parseEnvelope } from '../../src/provenance/dsse.ts';
import type { Predicate } from '../../src/provenance/predicates.ts';
import { kindOf, predicateTypeOf, ROLE_KINDS, ROLES } from '../../src/provenance/roles.ts';
import {
  checkStatement,
  parseStatement,
  signStatement,
  statementLimit,
  tenantOfLog,
} from '../../src/provenance/statement.ts';
import { digestOf, LogAuthor } from '../support/log-author.ts';
import { expectRejection } from '../support/tampering.ts';

const author = new LogAuthor();
const TYPE = 'https://in-toto.io/Statement/v1';
const SUBJECT = { name: 'x', digest: { sha256: digestOf('x') } };
const RIGHT = { _type: TYPE, predicate: {}, predicateType: 'y', subject: [SUBJECT] };

describe('signing', () => {
  it('refuses a predicate that does not fit its schema', async () => {
    const fields = { log: author.log, time: author.time, aclDigest: digestOf('class') };
    for (const wrong of [fields, { ...fields, objectDigest: 'x' }]) {
      const signed = signStatement('acl', wrong as Predicate<'acl'>, author.signer('acl'));
      await expectRejection(signed, 'FORMAT_INVALID');
    }
  });

  it('refuses an entry above 8,192 bytes instead of writing one that every reader voids', async () => {
    const many = Array.from({ length: 64 }, (_, i) => `n${i}`.padEnd(63, '0'));
    const kinds = new Array<string>(16).fill('x'.repeat(150));
    const entry = author.delegate('late', 'ingest', { namespaces: many, kinds });
    await expectRejection(entry, 'ENTRY_TOO_LARGE');
  });

  it('lets the attestation of an answer name 1,000 passages, which no log takes as an entry', async () => {
    const passages = Array.from({ length: 1000 }, (_, i) => ({ leafHash: digestOf('a'), i }));
    const head = { origin: author.log, size: 9, root: digestOf('root') };
    const commits = { principalCommit: digestOf('p'), queryCommit: digestOf('q') };
    const predicate = {
      log: author.log,
      time: author.time,
      head,
      ...commits,
      identity: 'token' as const,
      policyEpoch: 1,
      dirEpoch: 1,
      aclDigests: [digestOf('class')],
      passages,
    };
    const entry = await signStatement('context', predicate, author.signer('retriever'));
    expect(entry.length).toBeGreaterThan(MAX_ENTRY_BYTES);
    expect(parseEnvelope(entry)).toBeNull();
    expect(parseEnvelope(entry, statementLimit('context'))).not.toBeNull();
    const more = { ...predicate, aclDigests: passages.map(({ leafHash }) => leafHash) };
    const long = { ...more, head: { ...head, origin: 'x'.repeat(200_000) } };
    const tooLong = signStatement('context', long, author.signer('retriever'));
    await expectRejection(tooLong, 'ENTRY_TOO_LARGE');
  });
});

describe('parsing', () => {
  it('accepts exactly one subject and exactly the four fields', () => {
    expect(parseStatement(jcsBytes(RIGHT))).toMatchObject({ predicateType: 'y', subject: SUBJECT });
    for (const wrong of [
      { ...RIGHT, _type: 'https://in-toto.io/Statement/v0.1' },
      { ...RIGHT, more: 1 },
      { ...RIGHT, subject: [] },
      { ...RIGHT, subject: [SUBJECT, SUBJECT] },
      { ...RIGHT, subject: SUBJECT },
      { ...RIGHT, subject: [null] },
      { ...RIGHT, subject: [{ ...SUBJECT, uri: 'x' }] },
      { ...RIGHT, subject: [{ ...SUBJECT, name: 1 }] },
      { ...RIGHT, subject: [{ ...SUBJECT, digest: { sha256: 'ab' } }] },
      { ...RIGHT, subject: [{ ...SUBJECT, digest: { sha256: digestOf('x').toUpperCase() } }] },
      { ...RIGHT, subject: [{ ...SUBJECT, digest: null }] },
      { ...RIGHT, predicateType: 1 },
      [],
      'x',
    ]) {
      expect(parseStatement(jcsBytes(wrong))).toBeNull();
    }
    expect(parseStatement(utf8(JSON.stringify(RIGHT, null, 1)))).toBeNull();
  });

  it('checks a predicate against the schema of its kind, and knows no other kinds', () => {
    const raw = { predicateType: 'y', subject: SUBJECT, predicate: {} };
    expect(checkStatement(raw)).toBeNull();
    expect(checkStatement({ ...raw, predicateType: predicateTypeOf('acl') })).toBeNull();
  });
});

describe('kinds and roles', () => {
  it('each have a predicate type of their own', () => {
    const kinds = [...new Set(Object.values(ROLE_KINDS).flat())];
    expect(kinds.map((kind) => kindOf(predicateTypeOf(kind)))).toEqual(kinds);
    expect(kindOf('https://strongroom.dev/attestations/constructor/v1')).toBeNull();
    expect(kindOf('https://strongroom.dev/attestations/acl/v2')).toBeNull();
    expect(kinds).toHaveLength(19);
    expect(ROLES).toHaveLength(8);
  });

  it('of a log are told by its origin', () => {
    expect(tenantOfLog(author.log)).toBe('acme');
  });
});
