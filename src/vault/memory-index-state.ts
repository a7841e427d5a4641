// SPDX-License-Identifier: Apache-2.0
// The index of one process: loaded from a sealed snapshot, completed from documents, followed along the ledger.
import { type DocId, fail, type Hex, isStrongroomError, isTransient } from '../core/index.ts';
import {
  type Centroids,
  type DocumentName,
  MemoryIndex,
  type PassageDocument,
  type Residue,
} from '../index/index.ts';
import type { DocValue, Ledger, StateRecord } from '../provenance/index.ts';
import type { ProvenDocuments } from '../retrieve/index.ts';
import type { VaultContext } from './context.ts';
import { type IndexState, rowsOf } from './index-state.ts';
import type { SegmentEntry } from './segment-table.ts';
import { loadSnapshot } from './snapshot-load.ts';

/** What an index state works with. */
export interface IndexStateOptions {
  readonly context: VaultContext;
  readonly ledger: Ledger;
  readonly documents: ProvenDocuments;
  /** Lists to search by, or null. */
  readonly centroids: Centroids | null;
}

/** The index in memory, with its sealed snapshot in the vault. */
export class MemoryIndexState implements IndexState {
  readonly index: MemoryIndex;
  readonly snapshots = this;
  readonly #options: IndexStateOptions;
  /** The version of each document that stands in the index. */
  readonly #versions = new Map<string, Hex>();
  /** Classes whose segments on disk are out of date. */
  readonly #dirty = new Set<number>();
  /** Documents that could not be read for now. */
  readonly #unread = new Set<DocId>();
  #table: readonly SegmentEntry[] = [];

  private constructor(options: IndexStateOptions) {
    this.#options = options;
    const identity = options.ledger.view.state.vault?.embedder;
    const { random } = options.context;
    this.index = new MemoryIndex({
      dims: identity?.dims ?? 1,
      space: identity?.space ?? '',
      random,
      ...(options.centroids !== null && { centroids: options.centroids }),
    });
  }

  /**
   * Loads the newest snapshot and adds what is missing from the sealed documents. A snapshot that does not hold is
   * refused and the index is built from the documents alone; a document that does not hold is left out.
   */
  static async open(options: IndexStateOptions): Promise<MemoryIndexState> {
    const state = new MemoryIndexState(options);
    const { table, outdated } = await loadSnapshot(options, state.index);
    state.#table = table;
    state.markDirty(outdated);
    for (const { classNo } of state.#table) {
      for (const { docId, leafHash } of state.index.documents(classNo)) {
        state.#versions.set(docId, leafHash);
      }
    }
    await state.#complete();
    return state;
  }

  /** Whether some class has changed since its segments were sealed. */
  get isDirty(): boolean {
    return this.#dirty.size > 0;
  }

  /** The classes that a new snapshot must seal again. What changes from now on counts for the next one. */
  takeDirty(): ReadonlySet<number> {
    const dirty = new Set(this.#dirty);
    this.#dirty.clear();
    return dirty;
  }

  /** Notes classes that could not be sealed after all. */
  markDirty(classes: Iterable<number>): void {
    for (const classNo of classes) this.#dirty.add(classNo);
  }

  /** The segments of the snapshot on disk. */
  get table(): readonly SegmentEntry[] {
    return this.#table;
  }

  stage(document: PassageDocument): void {
    this.index.add(document);
    this.#dirty.add(document.classNo);
  }

  unstage(leafHash: Hex): void {
    this.index.remove(leafHash);
  }

  async apply(records: readonly StateRecord[]): Promise<void> {
    for (const docId of [...this.#unread]) {
      const doc = this.#options.ledger.lookup('doc', docId);
      if (doc !== null) await this.#follow(doc);
    }
    for (const { kind, value } of records) {
      if (kind !== 'doc') continue;
      // Not the record's value: where records waited, the ledger has moved on.
      const doc = this.#options.ledger.lookup('doc', value.docId);
      if (doc !== null) await this.#follow(doc);
    }
  }

  /** Notes that the segments on disk are those of a new snapshot. */
  sealed(table: readonly SegmentEntry[]): void {
    this.#table = table;
  }

  missing(): readonly DocId[] {
    return [...this.#options.ledger.documents()]
      .filter((doc) => doc.status === 'live' && !this.index.has(doc.entryLeafHash))
      .map(({ docId }) => docId);
  }

  nameOf(doc: DocValue): DocumentName | null {
    return this.index.nameOf(doc.entryLeafHash);
  }

  vacuum(): void {
    this.index.vacuum();
  }

  erase(): Residue {
    return this.index.vacuum();
  }

  /** Every live document must stand in the index with all its chunks, in its class: nothing is omitted. */
  async #complete(): Promise<void> {
    const { ledger, context } = this.#options;
    const snapshotSize = ledger.lookup('snap', 'index')?.size ?? 0;
    for (const doc of ledger.documents()) {
      const present = this.index.get(doc.entryLeafHash);
      const isWhole = present?.rows === doc.chunks;
      if (doc.status === 'live' && !isWhole && this.#table.length > 0 && doc.entry < snapshotSize) {
        const message = 'the index snapshot left out a document, which was read from its object';
        context.onAlarm({ code: 'INDEX_TAMPERED', message, details: { docId: doc.docId } });
      }
      if (present !== null && !isWhole) this.index.remove(doc.entryLeafHash);
      await this.#follow(doc);
    }
  }

  async #follow(doc: DocValue): Promise<void> {
    const before = this.#versions.get(doc.docId);
    if (before !== undefined && (before !== doc.entryLeafHash || doc.status !== 'live')) {
      this.#remove(doc.docId, before);
    }
    if (doc.status !== 'live') {
      this.#unread.delete(doc.docId);
      return;
    }
    const classNo = this.#options.ledger.lookup('acl', doc.aclDigest)?.classNo ?? -1;
    const present = this.index.get(doc.entryLeafHash);
    if (present === null) await this.#add(doc, classNo);
    else if (present.classNo !== classNo) {
      this.#dirty.add(present.classNo).add(classNo);
      this.index.moveClass(doc.entryLeafHash, classNo);
    }
    this.#versions.set(doc.docId, doc.entryLeafHash);
  }

  #remove(docId: string, leafHash: Hex): void {
    const present = this.index.get(leafHash);
    if (present !== null) this.#dirty.add(present.classNo);
    this.index.remove(leafHash);
    this.#versions.delete(docId);
  }

  async #add(doc: DocValue, classNo: number): Promise<void> {
    const { documents, context } = this.#options;
    try {
      this.stage(await rowsOf(await documents.open(doc), doc, classNo));
      this.#unread.delete(doc.docId);
    } catch (error) {
      if (!isStrongroomError(error)) throw error;
      const isKnown = this.#unread.delete(doc.docId);
      if (isTransient(error)) this.#unread.add(doc.docId);
      if (isKnown && isTransient(error)) return;
      const message = 'a document failed its proof and was left out of the index';
      context.onAlarm({ code: error.code, message, details: { docId: doc.docId } });
    }
  }
}

/** The index state of a session whose home keeps it in memory. @throws {INTERNAL} when it does not */
export async function memoryStateOf(session: {
  index(): Promise<IndexState>;
}): Promise<MemoryIndexState> {
  const { snapshots } = await session.index();
  if (snapshots === null) throw fail('INTERNAL', 'this home has no index in memory');
  return snapshots;
}
