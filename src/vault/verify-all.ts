// SPDX-License-Identifier: Apache-2.0
// Every current document, end to end: entry under the signed root, sealed object, chunk tree, text, vectors.
import { hex, isStrongroomError, need, sha256 } from '../core/index.ts';
import type { DocValue } from '../provenance/index.ts';
import { documentRef } from '../retrieve/index.ts';
import { digestOf, objectPath } from '../store/index.ts';
import type { Session } from './session.ts';

/** A document that failed. */
export interface Failure {
  readonly docId: string;
  readonly code: string;
  readonly message: string;
}

/** What was verified. */
export interface VerificationReport {
  readonly documents: number;
  readonly chunks: number;
  readonly bytes: number;
  readonly failures: readonly Failure[];
}

/**
 * Verifies every live document; what fails is reported, not thrown.
 * @param onProgress called after each document with how many are done and how many there are
 */
export async function verifyAll(
  session: Session,
  onProgress?: (done: number, total: number) => void,
): Promise<VerificationReport> {
  const live = [...session.ledger.documents()].filter((doc) => doc.status === 'live');
  const failures: Failure[] = [];
  let [chunks, bytes] = [0, 0];
  for (const [i, doc] of live.entries()) {
    try {
      bytes += await verifyDocument(session, doc);
      chunks += doc.chunks;
    } catch (error) {
      if (!isStrongroomError(error)) throw error;
      failures.push({ docId: doc.docId, code: error.code, message: error.message });
    }
    onProgress?.(i + 1, live.length);
  }
  return { documents: live.length, chunks, bytes, failures };
}

/** Verifies one document. @returns bytes of its sealed object */
async function verifyDocument(session: Session, doc: DocValue): Promise<number> {
  const { ledger, documents, context } = session;
  await ledger.reader.provenEntry(doc.entry, ledger.head);
  // Not from the cache: that would say nothing about what the store holds now.
  const document = await documents.prove(doc);
  const ref = documentRef(context.config.tenantId, doc);
  const stored = await context.objects.get(objectPath(ref, digestOf(document.statement)));
  const isSigned = stored !== null && hex(sha256(stored.bytes)) === digestOf(document.statement);
  need('INV-VERIFY-DIGEST', isSigned, 'INTEGRITY', 'a sealed object is not the signed one');
  await document.texts();
  await document.vectors();
  document.close();
  return stored.bytes.length;
}
