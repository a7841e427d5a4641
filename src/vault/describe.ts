// SPDX-License-Identifier: Apache-2.0
// What is known of a document, and why somebody may or may not read it. For administrators.
import { type ClassRecord, type Decision, explainDecision, hourOf } from '../access/index.ts';
import { hex, type Hex } from '../core/index.ts';
import { type DocStatus, type DocValue, inclusionRanges } from '../provenance/index.ts';
import type { Session } from './session.ts';

/** Everything about a document that its keys open. */
export interface DocumentDescription {
  readonly docId: string;
  readonly status: DocStatus;
  readonly version: number;
  readonly namespace: string;
  /** Null when the document has no readable version. */
  readonly content: {
    readonly sourceUri: string;
    readonly title: string | null;
    readonly mediaType: string | null;
    readonly chunks: number;
    readonly sealedBytes: number;
    readonly parser: string;
    readonly chunker: string;
    readonly model: string;
    readonly verdict: string;
    readonly findings: readonly { readonly kind: string; readonly count: number }[];
    readonly ingestedAt: number;
  } | null;
  readonly provenance: {
    /** Log entry of the current version. */
    readonly entry: number;
    readonly leafHash: Hex;
    readonly signer: Hex;
    /** Hashes that prove the entry into the head. */
    readonly proofHashes: number;
    readonly headSize: number;
    readonly headRoot: Hex;
  };
  readonly access: {
    readonly classNo: number | null;
    readonly epoch: number;
    readonly signer: Hex;
    readonly validUntil: number | null;
    readonly record: ClassRecord | null;
  };
}

/** Describes a document, opening and proving its current version. */
export async function describeDocument(
  session: Session,
  doc: DocValue,
): Promise<DocumentDescription> {
  const { head } = session.ledger;
  const acl = session.ledger.lookup('acl', doc.aclDigest);
  return {
    docId: doc.docId,
    status: doc.status,
    version: doc.version,
    namespace: doc.ns,
    content: doc.status === 'live' ? await contentOf(session, doc) : null,
    provenance: {
      entry: doc.entry,
      leafHash: doc.entryLeafHash,
      signer: doc.keyid,
      proofHashes: inclusionRanges(doc.entry, head.size).length,
      headSize: head.size,
      headRoot: hex(head.root),
    },
    access: {
      classNo: acl?.classNo ?? null,
      epoch: doc.aclEpoch,
      signer: doc.aclKeyid,
      validUntil: doc.validUntil,
      record: acl === null ? null : session.access.classes.record(acl.classNo),
    },
  };
}

/** Why a person may or may not read a document, in facts. */
export interface AccessExplanation extends Decision {
  readonly docId: string;
  readonly principal: string;
  /** Transitive groups, `everyone` included. */
  readonly groups: readonly string[];
  readonly clearance: number;
  readonly directoryEpoch: number;
  readonly record: ClassRecord | null;
  /** Facts beyond the class: deleted, erased, distrusted, expired. */
  readonly document: 'live' | 'tombstone' | 'shredded' | 'distrusted' | 'expired';
}

/** Decides and says why. */
export function explainAccess(
  session: Session,
  doc: DocValue,
  principalId: string,
): AccessExplanation {
  const { directory, classes } = session.access;
  const caller = directory.principal(principalId);
  const acl = session.ledger.lookup('acl', doc.aclDigest);
  const record = acl === null ? null : classes.record(acl.classNo);
  const now = session.context.clock.now();
  const request = { caller, action: 'read', hour: hourOf(now), environment: {} } as const;
  const decision =
    record === null ? { allowed: false, reasons: [] } : explainDecision(request, record);
  const expired = doc.validUntil !== null && doc.validUntil * 1000 <= now;
  const document = doc.status === 'live' && expired ? 'expired' : doc.status;
  return {
    docId: doc.docId,
    principal: principalId,
    groups: [...caller.groups].sort(),
    clearance: caller.clearance,
    directoryEpoch: directory.epoch,
    record,
    document,
    reasons: decision.reasons,
    allowed: decision.allowed && document === 'live',
  };
}

async function contentOf(session: Session, doc: DocValue): Promise<DocumentDescription['content']> {
  const document = await session.documents.open(doc);
  const { sourceUri, title, mediaType, scan } = document.meta;
  const { parts, pipeline, embedder, chunks, time, scan: signed } = document.statement.predicate;
  return {
    sourceUri,
    title,
    mediaType,
    chunks,
    sealedBytes: parts.text.bytes + parts.meta.bytes + parts.vec.bytes,
    parser: pipeline.parser,
    chunker: pipeline.chunker,
    model: embedder.model,
    verdict: signed.verdict,
    findings: scan.findings,
    ingestedAt: time,
  };
}
