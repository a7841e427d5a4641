// SPDX-License-Identifier: Apache-2.0
// After an erasure nothing that remains opens the document, or tells whether a guess of it is right.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { concat, docIdOf, hmac, lp, sha256, utf8 } from '../../src/core/index.ts';
import { type LookupUse, open, sealContext } from '../../src/keys/index.ts';
import {
  checkStatement,
  pae,
  parseEnvelope,
  parsePublicKey,
  parseStatement,
  PAYLOAD_TYPE,
  verifySignature,
} from '../../src/provenance/index.ts';
import { objectPath } from '../../src/store/index.ts';
import type { ErasureReport, Vault } from '../../src/vault/index.ts';
import { openNewestTable, openSegment } from '../../src/vault/inside.ts';
import { Secrets } from '../support/byte-search.ts';
import { collect } from '../support/collect.ts';
import { expectRejection } from '../support/tampering.ts';
import { finds, OFFICE, type VaultWorld, worldTemplate } from '../support/vault-world.ts';

const LEAVE = 'staff/leave.md';
const NAMESPACE = 'files';
const USES: readonly LookupUse[] = ['id', 'class', 'token', 'source', 'fence', 'audit'];
const world = worldTemplate();

/** What is known of a document before it is erased: the guess that must not be confirmed afterwards. */
interface Guess {
  readonly docId: string;
  readonly texts: readonly string[];
  readonly vectors: readonly Uint8Array[];
  /** Wrapped keys, journal tags and commitments, as bytes that must not remain anywhere. */
  readonly traces: Secrets;
}

async function guessOf(at: VaultWorld, vault: Vault, name: string): Promise<Guess> {
  const { docId } = await vault.describe(name);
  const { ledger, documents, context } = vault.session;
  const doc = ledger.lookup('doc', docId);
  if (doc === null) throw new Error('the test has ingested it');
  const document = await documents.open(doc);
  const traces = new Secrets();
  for (const row of await collect(context.keys.list('default'))) {
    if (row.ref.id === docId) traces.bytes('a wrapped data key', row.row.subarray(44, 76));
  }
  for (const { textCommit, vecCommit } of document.tree.leaves) {
    traces.bytes('a commitment to text', textCommit).bytes('a commitment to a vector', vecCommit);
  }
  const journal = new DatabaseSync(path.join(at.vault, 'journal.sqlite'));
  const noted = journal.prepare('SELECT tag, root FROM source WHERE docId = ?').get(docId);
  journal.close();
  traces.bytes('a journal tag', noted?.['tag'] as Uint8Array);
  const [texts, vectors] = [await document.texts(), await document.vectors()];
  return { docId, texts, vectors, traces };
}

/** Every keyed and plain digest that somebody with vault and home could compute from a guess. */
function oracles(vault: Vault, { texts, vectors, docId }: Guess, source: Uint8Array): Secrets {
  const { ring } = vault.session.context;
  const all = new Secrets();
  const known = [
    ...texts.map(utf8),
    ...texts.map((text) => lp(text)),
    ...vectors,
    source,
    lp(source),
    concat(lp(source), lp('')),
    utf8(LEAVE),
    lp(LEAVE),
    concat(lp(NAMESPACE), lp(LEAVE)),
    concat(utf8(docId), source),
  ];
  for (const [i, bytes] of known.entries()) {
    all.bytes(`SHA-256 of guess ${i}`, sha256(bytes));
    for (const use of USES)
      all.bytes(`${use} key over guess ${i}`, hmac(ring.lookupKey(use), bytes));
  }
  return all;
}

/** The plaintext of everything that any remaining key opens. */
async function everythingOpened(vault: Vault): Promise<Uint8Array[]> {
  const { session } = vault;
  const { stores, config } = session.context;
  const plain: Uint8Array[] = [];
  for (const { ref, objectDigest, row } of await collect(stores.keys.list(config.tenantId))) {
    const dek = await stores.ring.unwrap(ref, row);
    const stored = await stores.objects.get(objectPath(ref, objectDigest));
    if (stored === null) continue;
    for (const part of ['record', 'list', 'table', 'text']) {
      try {
        plain.push(open(dek, sealContext(ref, part), stored.bytes));
      } catch {
        // Another part's name.
      }
    }
  }
  for (const entry of await openNewestTable(session)) {
    const { rows, postings, dict, names } = await openSegment(stores, config.tenantId, entry);
    plain.push(rows, postings, dict, names);
  }
  return plain;
}

async function erased(): Promise<{
  at: VaultWorld;
  vault: Vault;
  guess: Guess;
  report: ErasureReport;
  secrets: Secrets;
}> {
  const at = await world();
  // A second version, so that the history has to go too.
  await at.write(
    LEAVE,
    `${OFFICE[LEAVE] ?? ''}\nHalf a day counts as a whole one on Wednesdays.\n`,
  );
  await at.ingest();
  const vault = await at.open();
  const guess = await guessOf(at, vault, LEAVE);
  const source = await readFile(path.join(at.documents, LEAVE));
  const secrets = oracles(vault, guess, source);
  const report = await vault.erase(LEAVE, 'a person asked for it');
  return { at, vault, guess, report, secrets };
}

describe('an erased document', () => {
  it('is gone for everybody, and stays so when its file is still there', async () => {
    const { at, vault, guess } = await erased();
    for (const person of ['ada', 'ben', 'chloe']) {
      expect(await finds(vault, person, 'sick leave, doctor, Wednesdays')).not.toContain(LEAVE);
    }
    expect(await vault.describe(LEAVE)).toMatchObject({ status: 'shredded', content: null });
    const rows = await collect(vault.session.context.keys.list('default'));
    expect(rows.filter(({ ref }) => ref.id === guess.docId)).toEqual([]);
    expect((await at.storedFiles()).filter((file) => file.includes(guess.docId))).toEqual([]);
    vault.close();
    expect(await at.finds('ben', 'sick leave, doctor, Wednesdays')).not.toContain(LEAVE);
    expect((await at.use((again) => again.fsck())).problems).toEqual([]);
  });

  it('leaves no byte of its keys, commitments and journal rows in any file, free pages and logs included', async () => {
    const { at, vault, guess } = await erased();
    expect(guess.traces.under(at.vault, at.home)).toEqual([]);
    vault.close();
    expect(guess.traces.under(at.vault, at.home)).toEqual([]);
  });

  it('is confirmed by no digest that the remaining keys can make of a guess', async () => {
    const { at, vault, secrets } = await erased();
    expect(secrets.under(at.vault, at.home)).toEqual([]);
    vault.close();
    expect(secrets.under(at.vault, at.home)).toEqual([]);
  });

  it('stands in nothing that a remaining key opens', async () => {
    const { vault, guess } = await erased();
    const plain = await everythingOpened(vault);
    expect(plain.length).toBeGreaterThan(8);
    const parts = new Secrets().text('path', LEAVE);
    for (const [i, vector] of guess.vectors.entries()) {
      parts.bytes(`vector ${i}`, vector.subarray(40, 72));
    }
    for (const word of ['wednesday', 'sickness']) parts.text(word, word);
    expect(plain.flatMap((bytes) => parts.in('opened', bytes))).toEqual([]);
    const others = new Secrets().text('another path', 'news/canteen.md');
    expect(plain.flatMap((bytes) => others.in('opened', bytes)).length).toBeGreaterThan(0);
  });

  it('keeps its id in the log, by which the holder of the lookup key can still confirm its path', async () => {
    const { vault, guess } = await erased();
    const idKey = vault.session.context.ring.lookupKey('id');
    expect(docIdOf(idKey, NAMESPACE, LEAVE)).toBe(guess.docId);
    const entry = await vault.session.ledger.reader.entry(
      vault.session.ledger.lookup('doc', guess.docId)?.entry ?? 0,
      vault.session.ledger.head.size,
    );
    expect(Buffer.from(parseEnvelope(entry)?.payload ?? entry).toString()).not.toContain(LEAVE);
  });

  it('has a result that an eraser key signed and that says what was done', async () => {
    const { vault, guess, report } = await erased();
    expect(report).toMatchObject({ docId: guess.docId, keysDestroyed: 2, objectsDeleted: 2 });
    const envelope = parseEnvelope(Buffer.from(report.statement, 'base64'));
    if (envelope === null) throw new Error('the result is an envelope');
    const raw = parseStatement(envelope.payload);
    const statement = raw === null ? null : checkStatement(raw);
    expect(statement?.kind).toBe('erasure');
    const doc = vault.session.ledger.lookup('doc', guess.docId);
    expect(statement?.predicate).toMatchObject({ shredEntry: doc?.entry, result: report.result });
    const key = vault.session.ledger.view.state.keys.get(envelope.keyid);
    expect(key?.role).toBe('eraser');
    const publicKey = parsePublicKey(Buffer.from(key?.spki ?? '', 'base64'));
    if (publicKey === null) throw new Error('the key is readable');
    const signed = pae(PAYLOAD_TYPE, envelope.payload);
    expect(verifySignature(publicKey, signed, envelope.signature)).toBe(true);
  });

  it('can be erased again, by id too, and comes back as a new version only when it is ingested again', async () => {
    const { at, vault, guess } = await erased();
    expect(await vault.erase(guess.docId, 'once more')).toMatchObject({
      keysDestroyed: 0,
      objectsDeleted: 0,
    });
    await expectRejection(vault.erase('news/absent.md', 'test'), 'NOT_FOUND');
    await expectRejection(vault.delete([LEAVE]), 'NOT_FOUND');
    await vault.ingest([at.documents], { access: at.access });
    expect(await vault.describe(LEAVE)).toMatchObject({ status: 'live', version: 3 });
  });

  it('leaves every other document as it was', async () => {
    const { vault } = await erased();
    expect(await vault.verifyAll()).toMatchObject({ documents: 4, failures: [] });
    expect(await finds(vault, 'chloe', 'salary of an engineer')).toContain('people/salaries.md');
  });
});
