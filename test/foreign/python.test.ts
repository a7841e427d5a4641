// SPDX-License-Identifier: Apache-2.0
// Our statements and sealed documents before a second implementation in Python.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { base64, fromUtf8, hex, sha256, utf8 } from '../../src/core/index.ts';
import { FRAME_BYTES, type KeyRef, wrapKey } from '../../src/keys/index.ts';
import { documentSubject, signStatement } from '../../src/provenance/statement.ts';
import {
  type DocumentInput,
  sealDocument,
  type SealedDocument,
} from '../../src/store/document-seal.ts';
import { chunkedDocument, FORM } from '../support/chunk-fixture.ts';
import { type Answer, pythonTools, reasonOf } from '../support/foreign-tools.ts';
import { digestOf, LogAuthor } from '../support/log-author.ts';
import { Replica } from '../support/replica.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { flipBit } from '../support/tampering.ts';

const tools = pythonTools();
if (tools.missing !== null) console.warn(`Python verifiers skipped: ${tools.missing}`);

const author = new LogAuthor('foreign');
const random = new SeededRandom('foreign python');
const root = mkdtempSync(path.join(tmpdir(), 'strongroom-py-'));
const at = (name: string): string => path.join(root, name);
const put = (name: string, content: Uint8Array | object): string => {
  const bytes = content instanceof Uint8Array ? content : utf8(JSON.stringify(content));
  writeFileSync(at(name), bytes);
  return at(name);
};
const run = (program: string, args: readonly string[]): Answer => {
  if (tools.run === null) throw new Error(tools.missing);
  return tools.run(program, args);
};

const DEK = random.bytes(32);
const BRANCH = { version: hex(random.bytes(16)), key: random.bytes(32) };
const REF: KeyRef = { tenantId: 'acme', kind: 'doc', id: author.docId('a'), no: 1 };

/** A version of a document whose text part has more than one frame. */
function document(ref: KeyRef): SealedDocument {
  const { text, leaves, meta, vectors } = chunkedDocument(DEK, ref);
  const long = utf8('x'.repeat(2 * FRAME_BYTES));
  const chunks = leaves.map(({ start, end, meta: facts }, i) => ({
    ...{ start, end, meta: facts },
    vector: vectors[i] as Uint8Array,
  }));
  const last = { start: text.length, end: text.length + long.length };
  const facts = { headings: [], page: null, pos: null };
  const input: DocumentInput = {
    ref,
    text: Buffer.concat([text, long]),
    chunks: [...chunks, { ...last, meta: facts, vector: vectors[0] as Uint8Array }],
    meta,
    form: FORM,
  };
  return sealDocument(DEK, input, random);
}

/** The ingest statement of a sealed version, with the right or another digest. */
function statementOf(sealed: SealedDocument, object = sealed.sha256): Promise<Uint8Array> {
  const { parts, chunkRoot, chunks, facts } = sealed;
  const predicate = {
    ...{ log: author.log, time: author.time, stateKey: author.docKey('a'), version: 1, prev: null },
    ...{
      chunks,
      facts,
      parts,
      embedder: FORM,
      class: { aclDigest: digestOf('class') },
      validUntil: null,
    },
    pipeline: { parser: 'text', chunker: 'lines', versions: '1' },
    scan: { verdict: 'clean' as const, ruleset: '1' },
    source: { kind: 'file', namespace: 'files', seq: null },
  };
  const doc = { docId: author.docId('a'), version: 1 };
  const subject = documentSubject(author.log, doc, { object, chunkRoot });
  return signStatement('ingest', predicate, author.signer('ingest'), subject);
}

const SEALED = document(REF);

beforeAll(async () => {
  put('keys.json', { spki: base64(author.signer('ingest').spki) });
  put('entry', await statementOf(SEALED));
  put('object', SEALED.bytes);
  put('secrets.json', { dek: hex(DEK) });
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

/** Asks verify_object.py, with the right files unless others are named. */
function verify(
  changed: Partial<Record<'keys' | 'envelope' | 'object' | 'secrets', string>> = {},
  ...more: string[]
): string {
  const files = {
    keys: at('keys.json'),
    envelope: at('entry'),
    object: at('object'),
    secrets: at('secrets.json'),
    ...changed,
  };
  const args = Object.entries(files).flatMap(([name, file]) => [`--${name}`, file]);
  return run('verify_object.py', [...args, ...more]).stdout.trim();
}

describe.skipIf(tools.missing !== null)(`verify_object.py${reasonOf(tools)}`, () => {
  it('accepts our statement, our object, every commitment in it, and our wrapped key', () => {
    const subject = `urn:strongroom:acme:${author.docId('a')}:`;
    const answer = verify({}, '--kind', 'ingest', '--subject', subject, '--out', at('text'));
    expect(answer).toMatch(
      /^PY OK statement https:\/\/strongroom\.dev\/attestations\/ingest\/v1 urn:/,
    );
    expect(answer).toMatch(/PY OK object of \d+ bytes: 4 chunks, 32829 bytes of text$/);
    expect(readFileSync(at('text'), 'utf8')).toMatch(/^First café rule\./);
    const row = wrapKey(BRANCH, REF, DEK, random);
    const wrapped = put('row.json', { branchKey: hex(BRANCH.key), row: base64(row) });
    expect(verify({ secrets: wrapped })).toMatch(/PY OK object/);
  });

  it('accepts statements of other kinds by other keys', async () => {
    const replica = await Replica.founded(author);
    const kinds = [
      ['sequencer', await replica.stateEntry()],
      ['root', await author.genesis()],
      ['acl', await author.aclBind([{ stateKey: author.docKey('a'), epoch: 2, validUntil: null }])],
    ] as const;
    for (const [by, entry] of kinds) {
      const keys = put('other-keys.json', { spki: base64(author.signer(by).spki) });
      const args = ['--keys', keys, '--envelope', put('other-entry', entry)];
      expect(run('verify_object.py', args).stdout).toMatch(/^PY OK statement/);
    }
  });

  it('refuses an altered statement, another key, kind or subject', () => {
    const entry = JSON.parse(fromUtf8(readFileSync(at('entry')))) as { payload: string };
    const payload = Buffer.from(entry.payload, 'base64')
      .toString()
      .replace('"chunks":4', '"chunks":5');
    const altered = fromUtf8(readFileSync(at('entry'))).replace(
      entry.payload,
      base64(utf8(payload)),
    );
    expect(verify({ envelope: put('altered', utf8(altered)) })).toMatch(/^FAIL VerificationError/);
    const spaced = fromUtf8(readFileSync(at('entry'))).replace('{"payload"', '{ "payload"');
    expect(verify({ envelope: put('spaced', utf8(spaced)) })).toMatch(/^FAIL .*canonical/);
    const other = put('other.json', { spki: base64(author.signer('acl').spki) });
    expect(verify({ keys: other })).toMatch(/^FAIL VerificationError/);
    expect(verify({}, '--kind', 'acl')).toMatch(/^FAIL .*predicate type/);
    expect(verify({}, '--subject', 'urn:strongroom:other:')).toMatch(/^FAIL .*subject/);
  });

  it('refuses an object that was altered or is of another document', () => {
    const altered = put('altered-object', flipBit(SEALED.bytes, SEALED.bytes.length * 4));
    expect(verify({ object: altered })).toMatch(/FAIL .*not the one the statement names$/);
    const other = put('other-object', document({ ...REF, id: author.docId('b') }).bytes);
    expect(verify({ object: other })).toMatch(/FAIL .*not the one the statement names$/);
  });

  it('refuses a wrong data key and a wrapped key of another place', () => {
    const wrong = put('wrong.json', { dek: hex(random.bytes(32)) });
    expect(verify({ secrets: wrong })).toMatch(/FAIL CheckFailed key commitment$/);
    const row = wrapKey(BRANCH, { ...REF, no: 2 }, DEK, random);
    const swapped = put('swapped.json', { branchKey: hex(BRANCH.key), row: base64(row) });
    expect(verify({ secrets: swapped })).toMatch(/FAIL InvalidTag/);
  });

  it('refuses a document, version or part in another’s place, though a statement names it', async () => {
    const other = document({ ...REF, no: 2 });
    put('two', await statementOf(other));
    expect(verify({ envelope: at('two'), object: put('two-object', other.bytes) })).toMatch(
      /FAIL CheckFailed key commitment$/,
    );
    const { text, meta } = SEALED.parts;
    const swapped = {
      ...SEALED,
      parts: { ...SEALED.parts, text: { ...meta, off: 0 }, meta: { ...text, off: meta.bytes } },
    };
    const cut = (part: typeof text): Uint8Array =>
      SEALED.bytes.subarray(part.off, part.off + part.bytes);
    const bytes = Buffer.concat([cut(meta), cut(text), cut(SEALED.parts.vec)]);
    put('three', await statementOf(swapped, hex(sha256(bytes))));
    expect(verify({ envelope: at('three'), object: put('three-object', bytes) })).toMatch(
      /FAIL CheckFailed key commitment$/,
    );
  });

  it('refuses frames that are altered, dropped or swapped, though a statement names the object', async () => {
    const frame = FRAME_BYTES + 16;
    const { bytes, parts } = SEALED;
    const rest = bytes.subarray(parts.text.bytes);
    const header = bytes.subarray(0, 56);
    const frames = [0, 1, 2].map((i) =>
      bytes.subarray(56 + i * frame, Math.min(56 + (i + 1) * frame, parts.text.bytes)),
    );
    const [a, b, c] = frames as [Uint8Array, Uint8Array, Uint8Array];
    const bodies = [
      [flipBit(a, 9), b, c],
      [a, b],
      [b, a, c],
      [a, c],
    ];
    for (const [i, body] of bodies.entries()) {
      const text = Buffer.concat([header, ...body]);
      const object = Buffer.concat([text, rest]);
      const moved = (part: typeof parts.meta): typeof parts.meta => ({
        ...part,
        off: part.off + text.length - parts.text.bytes,
      });
      const own = {
        text: { ...parts.text, bytes: text.length },
        meta: moved(parts.meta),
        vec: moved(parts.vec),
      };
      const envelope = put(
        `frames-${i}`,
        await statementOf({ ...SEALED, parts: own }, hex(sha256(object))),
      );
      expect(verify({ envelope, object: put(`frames-object-${i}`, object) })).toMatch(
        /FAIL (InvalidTag|CheckFailed .*truncated)/,
      );
    }
  });

  it('refuses facts that are not the signed ones, though the seal is right', async () => {
    put('renamed', await statementOf({ ...SEALED, facts: digestOf('other facts') }));
    expect(verify({ envelope: at('renamed') })).toMatch(/FAIL CheckFailed the facts/);
  });

  it('refuses commitments that are not those of text and vectors, though tree and seal are right', async () => {
    const { text, leaves, meta, vectors } = chunkedDocument(DEK, REF);
    const wrong = leaves.map(({ start, end, meta: facts }, i) => ({
      ...{ start, end, meta: facts },
      vector: vectors[(i + 1) % 3] as Uint8Array,
    }));
    const right = sealDocument(DEK, { ref: REF, text, chunks: wrong, meta, form: FORM }, random);
    const other = { ...FORM, model: 'other-model' };
    const lying = sealDocument(DEK, { ref: REF, text, chunks: wrong, meta, form: other }, random);
    put('right', await statementOf(right));
    expect(verify({ envelope: at('right'), object: put('right-object', right.bytes) })).toMatch(
      /PY OK object/,
    );
    put('lying', await statementOf(lying));
    expect(verify({ envelope: at('lying'), object: put('lying-object', lying.bytes) })).toMatch(
      /FAIL CheckFailed leaf 0 differs$/,
    );
  });
});
