// SPDX-License-Identifier: Apache-2.0
// What the holder of an indexer key, or of data keys alone, can do to the index of an opened vault.
import { concat, lp } from '../../src/core/index.ts';
import type { PassageDocument } from '../../src/index/index.ts';
import { seal, sealContext } from '../../src/keys/index.ts';
import { type Predicate, signStatement, stateRoot } from '../../src/provenance/index.ts';
import { dataKey, putRecord } from '../../src/store/index.ts';
import type { Vault } from '../../src/vault/index.ts';
import {
  memoryStateOf,
  encodeTable,
  openNewestTable,
  openSegment,
  type SegmentEntry,
  segmentRef,
  segmentsRoot,
  snapshotRef,
} from '../../src/vault/inside.ts';

const PARTS = ['rows', 'postings', 'dict', 'names'] as const;

/** The index rows of a document, with the words of its chunks exchanged for others. */
export async function rowsWithWords(
  vault: Vault,
  name: string,
  body: string,
): Promise<PassageDocument> {
  const { session } = vault;
  const { docId } = await vault.describe(name);
  const doc = session.ledger.lookup('doc', docId);
  if (doc === null) throw new Error('the test has ingested it');
  const document = await session.documents.open(doc);
  const vectors = await document.vectors();
  const { title } = document.meta;
  const rows = vectors.map((vector, i) => ({ i, vector, text: { title, headings: [], body } }));
  const classNo = session.ledger.lookup('acl', doc.aclDigest)?.classNo ?? 0;
  const leafHash = doc.entryLeafHash;
  return { docId: doc.docId, leafHash, classNo, name: { sourceUri: name, title }, rows };
}

/** Signs the present segments again as a new snapshot, with fields of the statement changed. */
export async function signSnapshot(
  vault: Vault,
  change: Partial<Predicate<'index-snapshot'>>,
): Promise<void> {
  const { session } = vault;
  const { context, ledger } = session;
  const state = await memoryStateOf(session);
  const table = await openNewestTable(session);
  const { head, state: at } = ledger.at();
  const ref = snapshotRef(context.config.tenantId, head.size);
  const predicate = {
    log: ledger.trust.log,
    time: Math.floor(context.clock.now() / 1000),
    size: head.size,
    stateRoot: stateRoot(at),
    segmentsRoot: segmentsRoot(table),
    rows: table.reduce((sum, { rows }) => sum + rows, 0),
    model: at.vault?.embedder.space ?? '',
    objectDigest: await putRecord(context.stores, ref, 'table', encodeTable(table)),
    format: state.index.format,
    ...change,
  };
  const signer = (await session.writer()).signer('indexer');
  await session.commitAll([await signStatement('index-snapshot', predicate, signer)]);
}

/** Bytes of a segment sealed again under its own data key: the same content, another digest. */
export async function sealedAgain(vault: Vault, entry: SegmentEntry): Promise<Uint8Array> {
  const { stores, config, random } = vault.session.context;
  const segment = await openSegment(stores, config.tenantId, entry);
  const ref = segmentRef(config.tenantId, entry.classNo, entry.segment, entry.generation);
  const dek = await dataKey(stores, ref, entry.sha256);
  const messages = PARTS.map((part) =>
    lp(seal(dek, sealContext(ref, part), segment[part], random)),
  );
  return concat(...messages);
}
