// SPDX-License-Identifier: Apache-2.0
// Vouching by the root key for documents that a revoked key had signed.
import { fail, hex, type Hex, isStrongroomError } from '../core/index.ts';
import {
  checkStatement,
  type DocValue,
  parseEnvelope,
  parseStatement,
  signStatement,
  stateKey,
} from '../provenance/index.ts';
import { every } from './permissions.ts';
import type { Session } from './session.ts';

/** What became of the documents that were distrusted. */
export interface EndorsementReport {
  readonly endorsed: number;
  /** Documents whose bytes or proofs do not hold; they stay distrusted. */
  readonly failed: readonly string[];
}

/**
 * Endorses distrusted documents, content and permissions as they stand. Each is proven end to end first, but whether it
 * says what it should is for the caller to know.
 * @param docIds which; default: every distrusted document
 * @throws {NOT_FOUND} for a document that is not distrusted
 */
export async function endorseDocuments(
  session: Session,
  docIds?: readonly string[],
): Promise<EndorsementReport> {
  const writer = await session.writer();
  return session.exclusively(async () => {
    const distrusted = [...session.ledger.documents()].filter((d) => d.status === 'distrusted');
    const wanted =
      docIds === undefined ? distrusted : distrusted.filter((d) => docIds.includes(d.docId));
    if (docIds !== undefined && wanted.length < new Set(docIds).size) {
      throw fail('NOT_FOUND', 'there is no such distrusted document');
    }
    const revocations = await revokeEntries(session, wanted);
    const idKey = session.context.ring.lookupKey('id');
    const failed: string[] = [];
    const entries: Uint8Array[] = [];
    for (const doc of wanted) {
      if (!(await isSound(session, doc))) {
        failed.push(doc.docId);
        continue;
      }
      const predicate = {
        ...every(session),
        stateKey: hex(stateKey(idKey, 'doc', doc.docId)),
        head: { entry: doc.entry, leafHash: doc.entryLeafHash },
        aclEpoch: doc.aclEpoch,
        revokeEntry: Math.max(revocations.get(doc.keyid) ?? 0, revocations.get(doc.aclKeyid) ?? 0),
      };
      entries.push(await signStatement('endorse', predicate, writer.signer('root')));
    }
    if (entries.length > 0) await session.commitAll(entries);
    return { endorsed: entries.length, failed };
  });
}

async function isSound(session: Session, doc: DocValue): Promise<boolean> {
  if (doc.chunks === 0) return true;
  try {
    const document = await session.documents.prove(doc);
    await document.texts();
    await document.vectors();
    document.close();
    return true;
  } catch (error) {
    if (!isStrongroomError(error)) throw error;
    return false;
  }
}

/** The newest revocation of each key behind the documents. */
async function revokeEntries(
  { ledger }: Session,
  docs: readonly DocValue[],
): Promise<Map<Hex, number>> {
  const found = new Map<Hex, number>();
  if (docs.length === 0) return found;
  for await (const [index, entry] of ledger.reader.entries(0, ledger.head.size)) {
    const envelope = parseEnvelope(entry);
    const raw = envelope === null ? null : parseStatement(envelope.payload);
    const statement = raw === null ? null : checkStatement(raw);
    if (statement?.kind === 'revoke') found.set(statement.predicate.keyid, index);
  }
  return found;
}
