// SPDX-License-Identifier: Apache-2.0
// Every live document, end to end, without caches.
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  documentSubject,
  encodeVector,
  quantise,
  signStatement,
} from '../../src/provenance/index.ts';
import { objectPath, sealDocument, WHOLE_OBJECT_BYTES } from '../../src/store/index.ts';
import type { Vault } from '../../src/vault/index.ts';
import { flipBit } from '../support/tampering.ts';
import { search, type VaultWorld, worldTemplate } from '../support/vault-world.ts';

const LEAVE = 'staff/leave.md';
const CANTEEN = 'news/canteen.md';
const world = worldTemplate();

describe('verifying everything', () => {
  it('proves every live document and counts what it read', async () => {
    const at = await world();
    const steps: [number, number][] = [];
    const report = await at.use((vault) =>
      vault.verifyAll((done, total) => steps.push([done, total])),
    );
    expect(report).toMatchObject({ documents: 5, failures: [] });
    expect(report.chunks).toBeGreaterThanOrEqual(5);
    expect(report.bytes).toBe(await objectBytes(at));
    expect(steps).toEqual([1, 2, 3, 4, 5].map((done) => [done, 5]));
  });

  it('names the documents whose object is altered or missing, and goes on', async () => {
    const at = await world();
    const [leave, canteen] = [await at.objectOf(LEAVE), await at.objectOf(CANTEEN)];
    await at.alter(leave, (bytes) => flipBit(bytes, bytes.length * 8 - 1));
    await rm(path.join(at.folder, canteen));
    const { documents, failures } = await at.use((vault) => vault.verifyAll());
    expect(documents).toBe(5);
    const idOf = (object: string): string => object.split('/').at(-2) ?? '';
    expect(failures.map(({ docId, code }) => [docId, code]).sort()).toEqual(
      [leave, canteen].map((object) => [idOf(object), 'INTEGRITY']).sort(),
    );
  });

  it('looks at what the store holds now, and not at what was proven before', async () => {
    const at = await world();
    const vault = await at.open();
    await search(vault, 'ben', 'sick leave');
    expect((await vault.verifyAll()).failures).toEqual([]);
    await at.alter(await at.objectOf(LEAVE), (bytes) => flipBit(bytes, 100));
    expect((await vault.verifyAll()).failures).toMatchObject([{ code: 'INTEGRITY' }]);
  });

  it('INV-VERIFY-DIGEST: does not accept a large object under a digest that it does not have', async () => {
    const at = await world();
    const vault = await at.open();
    await ingestLarge(vault, CANTEEN, null);
    expect((await vault.verifyAll()).failures).toEqual([]);
    // Its frames and headers are as signed, so that reading by frames cannot tell.
    await ingestLarge(vault, CANTEEN, 'ab'.repeat(32));
    expect((await vault.verifyAll()).failures).toMatchObject([{ code: 'INTEGRITY' }]);
  });
});

async function objectBytes(at: VaultWorld): Promise<number> {
  const vault = await at.open();
  let sum = 0;
  for await (const { bytes } of vault.session.context.objects.list('obj/doc/')) sum += bytes;
  vault.close();
  return sum;
}

/** What an ingest key can do: sign a large next version, under a digest of its choice. */
async function ingestLarge(vault: Vault, name: string, digest: string | null): Promise<void> {
  const { session } = vault;
  const { docId } = await vault.describe(name);
  const doc = session.ledger.lookup('doc', docId);
  if (doc === null) throw new Error('the test has ingested it');
  const { statement, meta } = await session.documents.open(doc);
  const { stores, ring, random, config } = session.context;
  const version = doc.version + 1;
  const ref = { tenantId: config.tenantId, kind: 'doc', id: docId, no: version } as const;
  const { model, dims, dtype } = statement.predicate.embedder;
  const vector = encodeVector(quantise(new Float32Array(dims).fill(1)));
  const chunk = { start: 0, end: 20, vector, meta: { headings: [], page: null, pos: null } };
  const text = Buffer.alloc(WHOLE_OBJECT_BYTES, 'A large document of many words. ');
  const dek = random.bytes(32);
  const form = { model, dims, dtype };
  const sealed = sealDocument(dek, { ref, text, chunks: [chunk], meta, form }, random);
  const object = digest ?? sealed.sha256;
  await stores.objects.putIfAbsent(objectPath(ref, object), sealed.bytes);
  await stores.keys.putAll([{ ref, objectDigest: object, row: await ring.wrap(ref, dek) }]);
  const { parts, facts, chunks, chunkRoot } = sealed;
  const prev = { entry: doc.entry, leafHash: doc.entryLeafHash };
  const now = { version, prev, parts, facts, chunks, class: null, validUntil: null };
  const { log } = session.ledger.trust;
  const subject = documentSubject(log, { docId: doc.docId, version }, { object, chunkRoot });
  const signer = (await session.writer()).signer('ingest');
  const entry = await signStatement('ingest', { ...statement.predicate, ...now }, signer, subject);
  await session.commitAll([entry]);
}
