// SPDX-License-Identifier: Apache-2.0
// One write of a document in the order that the formats prescribe, without files: sealed object, wrapped key, staged rows,
// log batch. Sealing, signing and committing are the product's.
import { docIdOf, fail, utf8 } from '../../src/core/index.ts';
import type { PreparedDocument } from '../../src/ingest/prepare.ts';
import { indexRows, publishDocument, withdrawDocument } from '../../src/ingest/publish.ts';
import { noStageTimes } from '../../src/ingest/tally.ts';
import type { IngestDependencies } from '../../src/ingest/types.ts';
import { encodeVector, quantise } from '../../src/provenance/index.ts';
import type { Session } from '../../src/vault/index.ts';
import { memoryStateOf } from '../../src/vault/inside.ts';

/** What is written; the class counts for a new document only. */
export interface Write {
  readonly uri: string;
  readonly text: string;
  readonly aclDigest: string;
}

/**
 * Puts a version of a document into a vault.
 * @param onSealed told of the sealed object's digest before anything is published
 */
export async function putDocument(
  session: Session,
  { uri, text, aclDigest }: Write,
  onSealed: (object: string) => void,
): Promise<void> {
  const { context, ledger, embedder } = session;
  const writer = await session.writer();
  const docId = docIdOf(context.ring.lookupKey('id'), 'files', uri);
  const current = ledger.lookup('doc', docId);
  const prepared = await prepare(session, text);
  const deps = { ledger, stores: context.stores, embedder, clock: context.clock };
  const publication = {
    docId,
    namespace: 'files',
    sourceUri: uri,
    grants: null,
    current,
    firstAccess: current === null ? { aclDigest, validUntil: null } : null,
  };
  const full = { ...deps, signer: (role) => writer.signer(role) } as IngestDependencies;
  const signed = await publishDocument(prepared, publication, full, noStageTimes());
  onSealed(signed.keyRows[0]?.objectDigest ?? '');
  await context.keys.putAll(signed.keyRows);
  const classNo = ledger.lookup('acl', current?.aclDigest ?? aclDigest)?.classNo ?? 0;
  const index = await memoryStateOf(session);
  index.stage(indexRows(prepared, publication, signed.leafHash, classNo));
  const [outcome] = await session.commit([signed.entry]);
  if (outcome?.outcome !== 'refused') return;
  index.unstage(signed.leafHash);
  await withdrawDocument(signed, deps);
  throw fail('INGEST_CONFLICT', `the ledger refuses the document: ${outcome.reason}`);
}

async function prepare({ embedder }: Session, text: string): Promise<PreparedDocument> {
  const [vector] = await embedder.embedDocuments([text]);
  const end = utf8(text).length;
  const parsed = {
    text,
    title: null,
    mediaType: 'text/plain',
    parser: 'text@1',
    frontMatter: null,
    blocks: [],
    findings: [],
    sourceRange: () => null,
  };
  return {
    parsed,
    chunker: 'whole@1',
    chunks: [{ start: 0, end, text, headings: [], page: null, pos: null }],
    vectors: [encodeVector(quantise(vector ?? new Float32Array([1])))],
    screening: { verdict: 'clean', ruleset: '1', findings: [] },
  };
}
