// SPDX-License-Identifier: Apache-2.0
// Our state proofs before a second implementation, and its document before our ledger and reader.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { base64, hex, sha256 } from '../../src/core/index.ts';
import type { KeyRef } from '../../src/keys/index.ts';
import type { StatementOf } from '../../src/provenance/statement.ts';
import { trieLeaves, trieProve } from '../../src/provenance/trie.ts';
import { encodeVector, quantise } from '../../src/provenance/vector.ts';
import { OpenDocument } from '../../src/store/document-open.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { objectPath } from '../../src/store/paths.ts';
import { FORM } from '../support/chunk-fixture.ts';
import { FixedClock } from '../support/fixed-clock.ts';
import { type Answer, pythonTools, reasonOf } from '../support/foreign-tools.ts';
import { digestOf, LogAuthor } from '../support/log-author.ts';
import { Replica } from '../support/replica.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { expectRejection } from '../support/tampering.ts';

const tools = pythonTools();
const author = new LogAuthor('foreign');
const random = new SeededRandom('foreign python interop');
const DEK = random.bytes(32);
const root = mkdtempSync(path.join(tmpdir(), 'strongroom-py-'));
const at = (name: string): string => path.join(root, name);
const put = (name: string, content: object): string => {
  writeFileSync(at(name), JSON.stringify(content));
  return at(name);
};
const run = (program: string, args: readonly string[]): Answer => {
  if (tools.run === null) throw new Error(tools.missing);
  return tools.run(program, args);
};

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

describe.skipIf(tools.missing !== null)(`verify_state.py${reasonOf(tools)}`, () => {
  it('accepts our proofs of presence and absence and refuses altered ones', async () => {
    const replica = await Replica.founded(author);
    for (const uri of ['a', 'b', 'c']) await replica.ingest(uri);
    const { trie } = replica.state;
    const leaves = [...trieLeaves(trie)];
    const present = leaves.map(({ key, value: { kind, value } }) => ({
      ...{ root: replica.root, wanted: hex(key), proof: trieProve(trie, key), kind, value },
    }));
    const absent = Array.from({ length: 8 }, () => random.bytes(32)).map((key) => ({
      ...{ root: replica.root, wanted: hex(key), proof: trieProve(trie, key) },
    }));
    const [one, two] = present as [(typeof present)[0], (typeof present)[0]];
    const wrong = [
      { ...one, root: digestOf('x') },
      { ...one, wanted: two.wanted },
      { ...one, value: two.value },
      { ...one, kind: 'acl' },
      { ...one, proof: two.proof },
      { ...one, proof: null },
      // A proof of absence that ends in another leaf shows nothing of a key that is there.
      { ...absent.find(({ proof }) => proof?.key32 !== one.wanted), wanted: one.wanted },
    ];
    const answer = run('verify_state.py', [put('cases.json', [...present, ...absent, ...wrong])]);
    expect(answer.status).toBe(1);
    const lines = answer.stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[0]);
    const count = (word: string): number => lines.filter((line) => line === word).length;
    expect([count('present'), count('absent'), count('FAIL')]).toEqual([
      leaves.length,
      8,
      wrong.length,
    ]);
    expect(lines.slice(-wrong.length).every((line) => line === 'FAIL')).toBe(true);
  });
});

describe.skipIf(tools.missing !== null)(`write_object.py${reasonOf(tools)}`, () => {
  it('writes a document that our ledger accepts and our reader opens and verifies', async () => {
    const replica = await Replica.founded(author);
    const texts = ['Erster Satz.\n', 'Zweiter Satz: größer.\n', 'y'.repeat(40_000)];
    const vectors = texts.map((_, i) =>
      encodeVector(quantise(Float32Array.of(1, i, 2, 3, 4, 5, 6, 7))),
    );
    const docId = author.docId('python', 'py');
    const seed = new SeededRandom('python key').bytes(32);
    const place = {
      log: author.log,
      tenant: 'acme',
      docId,
      version: 1,
      namespace: 'py',
      sourceUri: 'python',
    };
    const keys = { dek: hex(DEK), seed: hex(seed), stateKey: author.docKey('python', 'py') };
    const chunks = texts.map((text, i) => ({ text, vector: hex(vectors[i] as Uint8Array) }));
    const rest = { aclDigest: digestOf('class'), time: author.time, embedder: FORM, chunks };
    const answer = run('write_object.py', [put('case.json', { ...place, ...keys, ...rest }), root]);
    expect(answer.stdout).toMatch(/^PY OK wrote 3 chunks/);

    const spki = readFileSync(at('spki'));
    const keyid = hex(sha256(spki));
    replica.accept(await author.delegate('unused', 'ingest', { keyid, spki: base64(spki) }));
    const applied = replica.accept(new Uint8Array(readFileSync(at('entry'))));
    const statement = applied.statement as StatementOf<'ingest'>;
    expect(replica.doc('python', 'py')).toMatchObject({ status: 'live', keyid, chunks: 3 });

    const store = new MemoryStore(new FixedClock());
    const ref: KeyRef = { tenantId: 'acme', kind: 'doc', id: docId, no: 1 };
    const object = new Uint8Array(readFileSync(at('object')));
    const target = objectPath(ref, hex(sha256(object)));
    await store.putIfAbsent(target, object);
    const opened = await OpenDocument.open(store, ref, DEK, statement);
    expect(await opened.texts()).toEqual(texts);
    expect((await opened.vectors()).map(hex)).toEqual(vectors.map(hex));
    expect(opened.meta).toMatchObject({ namespace: 'py', sourceUri: 'python' });
    const stranger = OpenDocument.open(store, { ...ref, tenantId: 'other' }, DEK, statement);
    await expectRejection(stranger, 'KEY_COMMITMENT');
  });
});
