// SPDX-License-Identifier: Apache-2.0
// The index of a process, kept equal to the ledger: what every kind of home does in its own way.
import type { DocId, Hex } from '../core/index.ts';
import type {
  Awaitable,
  DocumentName,
  PassageDocument,
  PassageIndex,
  Residue,
} from '../index/index.ts';
import type { DocValue, StateRecord } from '../provenance/index.ts';
import type { OpenDocument } from '../store/index.ts';
import type { MemoryIndexState } from './memory-index-state.ts';

/** Keeps an index equal to the ledger: exactly the live documents, each in its class. */
export interface IndexState {
  readonly index: PassageIndex;
  /** What is sealed into snapshots; null where an engine keeps the index by itself. */
  readonly snapshots: MemoryIndexState | null;
  /** Puts a document's rows into the index before the log names it; searches drop them until it does. */
  stage(document: PassageDocument): Awaitable<void>;
  /** Takes staged rows back. */
  unstage(leafHash: Hex): Awaitable<void>;
  /** Takes over what changed in the ledger, and what could not be read before. */
  apply(records: readonly StateRecord[]): Promise<void>;
  /** Live documents that have no rows, since their object does not hold or could not be read. */
  missing(): readonly DocId[];
  /** What a live document is called; null when it cannot be proven. */
  nameOf(doc: DocValue): Awaitable<DocumentName | null>;
  /** Removes what the memory of this process still holds of removed rows. */
  vacuum(): void;
  /** Has removed rows leave the index's storage, and says what is still there. */
  erase(): Awaitable<Residue>;
}

/** The index rows of a document, from its verified parts. */
export async function rowsOf(
  document: OpenDocument,
  doc: DocValue,
  classNo: number,
): Promise<PassageDocument> {
  const { title, sourceUri } = document.meta;
  const [vectors, texts] = [await document.vectors(), await document.texts()];
  const rows = vectors.map((vector, i) => {
    const { headings } = document.leaf(i).meta;
    return { i, vector, text: { title, headings, body: texts[i] ?? '' } };
  });
  return {
    docId: doc.docId,
    leafHash: doc.entryLeafHash,
    classNo,
    name: { sourceUri, title },
    rows,
  };
}
