// SPDX-License-Identifier: Apache-2.0
// Publishing people and groups, and bringing documents in line with an access file: no text or vector is touched.
import { type AccessFile, AccessResolver } from '../access/index.ts';
import { type DocId, isStrongroomError, isTransient, jcs } from '../core/index.ts';
import { Binder, ClassPublisher, Committer, decodeGrants } from '../ingest/index.ts';
import { type DocMeta, type DocValue, signStatement } from '../provenance/index.ts';
import { putList } from '../store/index.ts';
import { documentsMatching } from './names.ts';
import { directoryRef } from './refs.ts';
import type { Session } from './session.ts';

/** What a change of permissions did. */
export interface PermissionReport {
  /** Whether a new directory epoch was signed. */
  readonly people: boolean;
  /** Documents that were looked at. */
  readonly documents: number;
  /** Documents that stand in another class now, or expire at another time. */
  readonly changed: number;
  /** Paths that nothing names a reader for; they keep their class. */
  readonly undecided: readonly string[];
  /**
   * Ids of documents whose object is missing or altered: nobody can read them now, but they keep their class, and whoever
   * holds the object back could show it again. Restore it and set permissions again, or delete the document.
   */
  readonly unproven: readonly DocId[];
}

/** What every predicate begins with. */
export function every(session: Session): { readonly log: string; readonly time: number } {
  const { ledger, context } = session;
  return { log: ledger.trust.log, time: Math.floor(context.clock.now() / 1000) };
}

/** Publishes the people of an access file if they differ from the signed ones. @returns whether they did */
export async function publishDirectory(session: Session, file: AccessFile): Promise<boolean> {
  const signed = session.access.directory.records.toSorted((a, b) => (a.p < b.p ? -1 : 1));
  if (jcs(signed) === jcs(file.directory)) return false;
  const { context, ledger } = session;
  const epoch = (ledger.lookup('dir', 'people')?.epoch ?? 0) + 1;
  const ref = directoryRef(context.config.tenantId, epoch);
  const list = await putList(context.stores, ref, file.directory);
  const predicate = { ...every(session), epoch, ...list };
  const signer = (await session.writer()).signer('directory');
  await session.commitAll([await signStatement('directory', predicate, signer)]);
  return true;
}

/**
 * Brings people and the classes of documents in line with an access file.
 * @param glob which documents; default: all
 */
export async function applyAccess(
  session: Session,
  file: AccessFile,
  glob = '**',
): Promise<PermissionReport> {
  const people = await publishDirectory(session, file);
  const resolver = new AccessResolver(file);
  const binder = await openBinder(session);
  const undecided: string[] = [];
  const unproven = await outsideIndex(session);
  const found = await documentsMatching(session, glob);
  let changed = 0;
  for (const { doc } of found) {
    const meta = await provenMeta(session, doc);
    if (meta === null) {
      unproven.push(doc.docId);
      continue;
    }
    // Not the index's name: that is the indexer's word, and it shall not decide about readers.
    const access = resolver.resolve(meta.sourceUri, decodeGrants(meta.access));
    if (access === null) undecided.push(meta.sourceUri);
    else if (await binder.bind(doc, access)) changed += 1;
  }
  await binder.finish();
  if (changed > 0) await session.seal();
  return { people, documents: found.length, changed, undecided, unproven: unproven.sort() };
}

/** Live documents that have no rows, since their object does not hold: their paths are unknown. */
async function outsideIndex(session: Session): Promise<DocId[]> {
  return [...(await session.index()).missing()];
}

async function provenMeta(session: Session, doc: DocValue): Promise<DocMeta | null> {
  try {
    return (await session.documents.open(doc)).meta;
  } catch (error) {
    // A store that did not answer may do so at the next try: nobody shall take this for the end of the matter.
    if (!isStrongroomError(error) || isTransient(error)) throw error;
    const message = 'a document failed its proof and keeps its class';
    session.context.onAlarm({ code: error.code, message, details: { docId: doc.docId } });
    return null;
  }
}

async function openBinder(session: Session): Promise<Binder> {
  const { context, ledger } = session;
  const { stores, clock } = context;
  const writer = await session.writer();
  const signer = (): ReturnType<typeof writer.signer> => writer.signer('acl');
  const committer = new Committer({
    commit: (entries) => session.commit(entries),
    putKeys: (rows) => context.keys.putAll(rows),
    batchSize: 63,
    maxWait: 50,
  });
  const publisher = new ClassPublisher({ ledger, stores, committer, signer, clock });
  return new Binder({ ledger, stores, committer, publisher, signer, clock });
}
