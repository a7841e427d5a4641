// SPDX-License-Identifier: Apache-2.0
// From a prepared document to a signed statement: seal, store, wrap the key, sign.
import { type DocId, type Hex, hex, utf8 } from '../core/index.ts';
import type { PassageDocument } from '../index/index.ts';
import type { KeyRef } from '../keys/index.ts';
import {
  type DocValue,
  documentSubject,
  entryLeafHash,
  signStatement,
  stateKey,
} from '../provenance/index.ts';
import { objectPath, sealDocument, type SealedDocument } from '../store/index.ts';
import type { Submission } from './committer.ts';
import { type Publishable, timed } from './prepare.ts';
import type { IngestDependencies, StageTimes } from './types.ts';

/** What is published besides the prepared document. */
export interface Publication {
  readonly docId: DocId;
  readonly namespace: string;
  readonly sourceUri: string;
  /** Grants that came with the document, as its sealed facts keep them. */
  readonly grants: string | null;
  /** The document's present state, or null for a new one. */
  readonly current: DocValue | null;
  /** What the source is and its sequence number, where it is no file. */
  readonly kind?: string;
  readonly seq?: string | null;
  /** Class and expiry of a new document; an existing one keeps its own. */
  readonly firstAccess: { readonly aclDigest: Hex; readonly validUntil: number | null } | null;
}

/** What writing a version works with. */
export type WriteDependencies = Pick<
  IngestDependencies,
  'ledger' | 'stores' | 'embedder' | 'clock' | 'signer'
>;

/** A signed document that waits for the log. */
export interface SignedDocument extends Submission {
  readonly leafHash: Hex;
  readonly sealedBytes: number;
}

/** Version of this software's writer, for the signed pipeline; behind it stands what ran the model. */
const WRITER = 'strongroom@1';

/** Seals and stores a document version and signs its statement; nobody can see it before the log names it. */
export async function publishDocument(
  prepared: Publishable,
  publication: Publication,
  deps: WriteDependencies,
  stages: StageTimes,
): Promise<SignedDocument> {
  const { stores } = deps;
  const version = (publication.current?.version ?? 0) + 1;
  const ref: KeyRef = {
    tenantId: stores.ring.tenantId,
    kind: 'doc',
    id: publication.docId,
    no: version,
  };
  const dek = stores.random.bytes(32);
  const sealed = await timed(stages, 'seal', () =>
    sealDocument(dek, documentInput(prepared, publication, deps, ref), stores.random),
  );
  const row = await stores.ring.wrap(ref, dek);
  dek.fill(0);
  await timed(stages, 'store', () =>
    stores.objects.putIfAbsent(objectPath(ref, sealed.sha256), sealed.bytes),
  );
  const entry = await timed(stages, 'seal', () =>
    signIngest(prepared, publication, deps, { sealed, version }),
  );
  const keyRows = [{ ref, objectDigest: sealed.sha256, row }];
  return { entry, keyRows, leafHash: entryLeafHash(entry), sealedBytes: sealed.bytes.length };
}

/** Removes what {@link publishDocument} has stored of a document that the log has refused. */
export async function withdrawDocument(
  { keyRows }: SignedDocument,
  { stores }: Pick<IngestDependencies, 'stores'>,
): Promise<void> {
  await stores.keys.purgeRows(keyRows);
  for (const { ref, objectDigest } of keyRows) {
    await stores.objects.delete(objectPath(ref, objectDigest));
  }
}

/** The index rows of a prepared document. */
export function indexRows(
  prepared: Publishable,
  publication: Publication,
  leafHash: Hex,
  classNo: number,
): PassageDocument {
  const { title } = prepared.parsed;
  return {
    docId: publication.docId,
    leafHash,
    classNo,
    name: { sourceUri: publication.sourceUri, title },
    rows: prepared.chunks.map((chunk, i) => ({
      i,
      vector: prepared.vectors[i] ?? new Uint8Array(0),
      text: { title, headings: chunk.headings, body: chunk.text },
    })),
  };
}

function documentInput(
  prepared: Publishable,
  publication: Publication,
  deps: WriteDependencies,
  ref: KeyRef,
): Parameters<typeof sealDocument>[1] {
  const { parsed, screening } = prepared;
  const { model, dims, dtype } = deps.embedder.identity;
  return {
    ref,
    text: utf8(parsed.text),
    chunks: prepared.chunks.map(({ start, end, headings, page, pos }, i) => ({
      start,
      end,
      meta: { headings: [...headings], page, pos },
      vector: prepared.vectors[i] ?? new Uint8Array(0),
    })),
    meta: {
      namespace: publication.namespace,
      sourceUri: publication.sourceUri,
      title: parsed.title,
      mediaType: parsed.mediaType,
      scan: { findings: screening.findings.map(({ kind, count }) => ({ kind, count })) },
      access: publication.grants,
    },
    form: { model: model.id, dims, dtype },
  };
}

function signIngest(
  prepared: Publishable,
  publication: Publication,
  deps: WriteDependencies,
  made: { readonly sealed: SealedDocument; readonly version: number },
): Promise<Uint8Array> {
  const { ledger, stores, embedder, clock } = deps;
  const { docId, current, firstAccess, namespace } = publication;
  const { sealed, version } = made;
  const { model, dims, dtype } = embedder.identity;
  const { log } = ledger.trust;
  const { verdict, ruleset } = prepared.screening;
  const predicate = {
    log,
    time: Math.floor(clock.now() / 1000),
    stateKey: hex(stateKey(stores.ring.lookupKey('id'), 'doc', docId)),
    version,
    prev: current === null ? null : { entry: current.entry, leafHash: current.entryLeafHash },
    chunks: sealed.chunks,
    facts: sealed.facts,
    parts: sealed.parts,
    embedder: { model: model.id, dims, dtype },
    pipeline: {
      parser: prepared.parsed.parser,
      chunker: prepared.chunker,
      versions: embedder.runtime === undefined ? WRITER : `${WRITER} ${embedder.runtime}`,
    },
    class: firstAccess === null ? null : { aclDigest: firstAccess.aclDigest },
    scan: { verdict, ruleset },
    source: { kind: publication.kind ?? 'file', namespace, seq: publication.seq ?? null },
    validUntil: firstAccess?.validUntil ?? null,
  };
  const digests = { object: sealed.sha256, chunkRoot: sealed.chunkRoot };
  const subject = documentSubject(log, { docId, version }, digests);
  return signStatement('ingest', predicate, deps.signer('ingest'), subject);
}
