// SPDX-License-Identifier: Apache-2.0
// Deleting (the document is gone for everybody) and erasing (its keys are destroyed).
import { base64, type DocId } from '../core/index.ts';
import { headFields, signTombstone } from '../ingest/index.ts';
import type { Residue } from '../index/index.ts';
import { type DocValue, type Predicate, signStatement } from '../provenance/index.ts';
import type { KeyRowName } from '../store/index.ts';
import { every } from './permissions.ts';
import type { Session } from './session.ts';
import { strayKeys } from './snapshot-sweep.ts';

/** What an erasure achieved, signed by an eraser key. */
export interface ErasureReport {
  readonly docId: string;
  readonly result: Predicate<'erasure'>['result'];
  readonly keysDestroyed: number;
  readonly objectsDeleted: number;
  /** DSSE envelope of kind `erasure`, base64. */
  readonly statement: string;
}

/** Signs tombstones for live documents. @returns how many were deleted */
export async function deleteDocuments(
  session: Session,
  docs: readonly DocValue[],
): Promise<number> {
  if (docs.length === 0) return 0;
  const signer = (await session.writer()).signer('ingest');
  const idKey = session.context.ring.lookupKey('id');
  const entries: Uint8Array[] = [];
  for (const doc of docs) {
    entries.push(await signTombstone(every(session), idKey, doc, signer));
  }
  await session.commitAll(entries);
  return entries.length;
}

/**
 * Erases a document: shreds it in the log, destroys its data keys, deletes its sealed objects, seals the index segments
 * that held its rows again under new keys, and forgets it in journal and memory.
 */
export async function eraseDocument(
  session: Session,
  doc: DocValue,
  reason: string,
): Promise<ErasureReport> {
  const signer = (await session.writer()).signer('eraser');
  // Before the log says it: whoever writes the document again afterwards, here or on another machine, has a key of his own.
  const held = await heldOf(session, doc.docId);
  const head = headFields(session.context.ring.lookupKey('id'), doc);
  if (doc.status !== 'shredded') {
    const predicate = { ...every(session), ...head, reason };
    await session.commitAll([await signStatement('shred', predicate, signer)]);
  }
  const { keysDestroyed, objectsDeleted } = await destroy(session, doc.docId, held);
  const { pending } = await forgetRows(session);
  const inEngine = (await session.index()).snapshots === null;
  const journal = session.context.openJournal();
  journal.erase(doc.docId);
  journal.close();
  const shredEntry = session.ledger.lookup('doc', doc.docId)?.entry ?? doc.entry;
  const result = {
    effectiveNow: [
      'data keys destroyed',
      'sealed objects deleted',
      inEngine ? 'index rows removed' : 'index segments sealed anew',
      'journal and caches purged',
    ],
    againstBackups: 'when no backup of the key table and key ring remains',
    pending: [...pending],
  };
  const predicate = { ...every(session), stateKey: head.stateKey, shredEntry, result };
  const statement = await signStatement('erasure', predicate, signer);
  return {
    docId: doc.docId,
    result,
    keysDestroyed,
    objectsDeleted,
    statement: base64(statement),
  };
}

/**
 * Finishes erasures that a crash interrupted after the log had named them: data keys that are still there, index
 * segments that were sealed before the erasure, and former segments that were not removed.
 * @returns documents finished
 */
export async function finishErasures(session: Session): Promise<number> {
  const { context, ledger } = session;
  const shredded = [...ledger.documents()].filter((doc) => doc.status === 'shredded');
  if (shredded.length === 0) return 0;
  const journal = context.openJournal();
  // The journal's row goes last, so it tells of every step that was not taken.
  const open = new Set(shredded.map((doc) => doc.docId).filter((docId) => journal.has(docId)));
  const ids = new Set<string>(shredded.map((doc) => doc.docId));
  for await (const { ref } of context.keys.list(context.config.tenantId)) {
    if (ref.kind === 'doc' && ids.has(ref.id)) open.add(ref.id as DocId);
  }
  for (const docId of open) await destroy(session, docId, await heldOf(session, docId));
  const { snapshots } = await session.index();
  const stray = await strayKeys({ context, ledger }, snapshots?.table ?? []);
  const isDirty = snapshots?.isDirty === true;
  if (open.size > 0 || isDirty || stray.length > 0) await forgetRows(session);
  for (const docId of open) journal.erase(docId);
  journal.close();
  return open.size;
}

/** Keys and sealed objects of every version of one document. */
interface Held {
  readonly rows: readonly KeyRowName[];
  readonly paths: readonly string[];
}

async function heldOf({ context }: Session, docId: DocId): Promise<Held> {
  const paths: string[] = [];
  for await (const { path } of context.objects.list(`obj/doc/${docId}/`)) paths.push(path);
  return { rows: await context.keys.namesOf(context.config.tenantId, 'doc', docId), paths };
}

/** Destroys data keys of a document and deletes what they opened. */
async function destroy(
  session: Session,
  docId: DocId,
  { rows, paths }: Held,
): Promise<{ keysDestroyed: number; objectsDeleted: number }> {
  const { context } = session;
  const keysDestroyed = await context.keys.purgeRows(rows);
  (await session.retriever()).forget(docId);
  for (const path of paths) await context.objects.delete(path);
  return { keysDestroyed, objectsDeleted: paths.length };
}

/** Removes what is left of removed rows in the index, and every segment that may hold one. */
async function forgetRows(session: Session): Promise<Residue> {
  const residue = await (await session.index()).erase();
  await session.seal({ sweep: true });
  return residue;
}
