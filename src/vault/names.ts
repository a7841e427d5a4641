// SPDX-License-Identifier: Apache-2.0
// Finding documents by what people call them.
import picomatch from 'picomatch';
import { docIdOf, fail, isDocId } from '../core/index.ts';
import type { DocValue } from '../provenance/index.ts';
import type { Session } from './session.ts';

/** Source namespace of files, unless another is named. */
export const DEFAULT_NAMESPACE = 'files';

/**
 * The document that a path or a document id names, whatever its status.
 * @throws {NOT_FOUND} when there is none
 */
export function findDocument(
  session: Session,
  name: string,
  namespace: string = DEFAULT_NAMESPACE,
): DocValue {
  const idKey = session.context.ring.lookupKey('id');
  const docId = isDocId(name) ? name : docIdOf(idKey, namespace, name);
  const doc = session.ledger.lookup('doc', docId);
  if (doc === null) throw fail('NOT_FOUND', 'there is no such document');
  return doc;
}

/** A live document with its name. */
export interface NamedDocument {
  readonly doc: DocValue;
  readonly sourceUri: string;
  readonly title: string | null;
}

/** The live documents whose path matches a glob, in the order of their paths. */
export async function documentsMatching(session: Session, glob: string): Promise<NamedDocument[]> {
  const matches = picomatch(glob, { dot: true });
  const state = await session.index();
  const found: NamedDocument[] = [];
  for (const doc of session.ledger.documents()) {
    const name = doc.status === 'live' ? await state.nameOf(doc) : null;
    if (name !== null && matches(name.sourceUri)) found.push({ doc, ...name });
  }
  return found.sort((a, b) => (a.sourceUri < b.sourceUri ? -1 : 1));
}
