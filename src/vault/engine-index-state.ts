// SPDX-License-Identifier: Apache-2.0
// The index of a home with a search engine: brought along the log, and never believed.
import { type DocId, type Hex, isStrongroomError, isTransient } from '../core/index.ts';
import type { DocumentName, PassageDocument, Residue } from '../index/index.ts';
import type { OpenSearchIndex } from '../opensearch/index.ts';
import type { DocValue, Ledger, StateRecord } from '../provenance/index.ts';
import type { ProvenDocuments } from '../retrieve/index.ts';
import type { VaultContext } from './context.ts';
import { type IndexState, rowsOf } from './index-state.ts';

/** What an index state works with. */
export interface EngineStateOptions {
  readonly context: Pick<VaultContext, 'onAlarm'>;
  readonly ledger: Ledger;
  readonly documents: ProvenDocuments;
  readonly index: OpenSearchIndex;
  /** Whether this process brings the index along the log; else others do. */
  readonly writes: boolean;
}

/** Documents that are looked at together. */
const AT_ONCE = 200;

/**
 * Brings an engine's index along the log. Every step follows from the ledger's present state and may be done twice, or by
 * several processes at once; what a process that lags behind does is older and does not undo what others did.
 */
export class EngineIndexState implements IndexState {
  readonly index: OpenSearchIndex;
  readonly snapshots = null;
  readonly #options: EngineStateOptions;
  /** Rows that this process has staged, with their class. */
  readonly #staged = new Map<Hex, number>();
  /** Documents that could not be read for now. */
  readonly #unread = new Set<DocId>();
  /** Documents whose objects do not hold. */
  readonly #refused = new Set<DocId>();

  private constructor(options: EngineStateOptions) {
    this.#options = options;
    this.index = options.index;
  }

  /**
   * Goes on where somebody left off, as the engine says. If it then holds fewer rows than the ledger counts, every document
   * is looked at.
   * @throws {INDEX_UNAVAILABLE} {@link INDEX_REFUSED} of the engine
   */
  static async open(options: EngineStateOptions): Promise<EngineIndexState> {
    const state = new EngineIndexState(options);
    if (options.writes) await state.#complete();
    return state;
  }

  async stage(document: PassageDocument): Promise<void> {
    await this.index.add(document);
    this.#staged.set(document.leafHash, document.classNo);
  }

  /** What cannot be taken back stays without effect: no search gets it past the ledger. */
  async unstage(leafHash: Hex): Promise<void> {
    this.#staged.delete(leafHash);
    try {
      await this.index.remove(leafHash);
    } catch (error) {
      if (!isStrongroomError(error, 'INDEX_UNAVAILABLE')) throw error;
    }
  }

  async apply(records: readonly StateRecord[]): Promise<void> {
    if (!this.#options.writes) return;
    const ids = new Set<DocId>(this.#unread);
    for (const { kind, value } of records) if (kind === 'doc') ids.add(value.docId);
    if (ids.size === 0) return;
    const { ledger } = this.#options;
    const size = ledger.head.size;
    // Not the records' values: where records waited, the ledger has moved on.
    await this.#followAll([...ids].flatMap((docId) => ledger.lookup('doc', docId) ?? []));
    if (this.#unread.size === 0) await this.index.setFollowed(size);
  }

  missing(): readonly DocId[] {
    return [...this.#refused, ...this.#unread];
  }

  /** From the sealed document itself: the engine knows no names. */
  async nameOf(doc: DocValue): Promise<DocumentName | null> {
    try {
      const { sourceUri, title } = (await this.#options.documents.open(doc)).meta;
      return { sourceUri, title };
    } catch (error) {
      if (!isStrongroomError(error) || isTransient(error)) throw error;
      return null;
    }
  }

  /** Nothing of a row stays in this process. */
  vacuum(): void {
    this.#staged.clear();
  }

  erase(): Promise<Residue> {
    return this.index.vacuum();
  }

  async #complete(): Promise<void> {
    const { ledger, context } = this.#options;
    const size = ledger.head.size;
    const from = await this.index.followed();
    const all = [...ledger.documents()];
    await this.#followAll(all.filter((doc) => Math.max(doc.entry, doc.aclEntry) >= from));
    const live = all.filter(({ status }) => status === 'live');
    const chunks = live.reduce((sum, doc) => sum + doc.chunks, 0);
    if ((await this.index.counts()).rows < chunks) {
      if (from > 0) {
        const message = 'the search engine lacks rows, which are read from their documents';
        context.onAlarm({ code: 'INDEX_TAMPERED', message });
      }
      await this.#followAll(live);
    }
    if (this.#unread.size === 0 && from !== size) await this.index.setFollowed(size);
  }

  async #followAll(docs: readonly DocValue[]): Promise<void> {
    for (let at = 0; at < docs.length; at += AT_ONCE) {
      await this.#follow(docs.slice(at, at + AT_ONCE));
    }
  }

  async #follow(docs: readonly DocValue[]): Promise<void> {
    const { ledger } = this.#options;
    const outdated = docs.filter(({ status, version }) => status !== 'live' || version > 1);
    await this.index.removeOthers(
      outdated.map(({ docId, status, entry, entryLeafHash }) => ({
        docId,
        keep: status === 'live' ? entryLeafHash : null,
        // An erased document has no next version.
        upTo: status === 'shredded' ? ledger.head.size : entry,
      })),
    );
    const live = docs.filter(({ status }) => status === 'live');
    const unsure = live.filter((doc) => !this.#isStaged(doc));
    const present = await this.index.present(unsure.map((doc) => doc.entryLeafHash));
    const found = new Map(present.map((document) => [document.leafHash, document]));
    for (const doc of unsure) {
      const held = found.get(doc.entryLeafHash);
      if (held?.isWhole !== true) await this.#add(doc);
      else if (held.classNo !== this.#classOf(doc)) {
        await this.index.moveClass(doc.entryLeafHash, this.#classOf(doc));
      }
    }
    for (const { docId, status } of docs) if (status !== 'live') this.#settle(docId);
  }

  /** Rows that this process has staged in the class that the ledger names need no look. */
  #isStaged(doc: DocValue): boolean {
    const classNo = this.#staged.get(doc.entryLeafHash);
    this.#staged.delete(doc.entryLeafHash);
    return classNo !== undefined && classNo === this.#classOf(doc);
  }

  #classOf(doc: DocValue): number {
    const acl = this.#options.ledger.lookup('acl', doc.aclDigest);
    // The ledger binds to published classes only; nobody may read a class that is none.
    return acl?.classNo ?? 2 ** 31 - 1;
  }

  async #add(doc: DocValue): Promise<void> {
    const rows = await this.#read(doc);
    if (rows === null) return;
    await this.index.add(rows);
    this.#settle(doc.docId);
  }

  async #read(doc: DocValue): Promise<PassageDocument | null> {
    const { documents, context } = this.#options;
    try {
      return await rowsOf(await documents.open(doc), doc, this.#classOf(doc));
    } catch (error) {
      if (!isStrongroomError(error)) throw error;
      const isKnown = this.#unread.has(doc.docId);
      if (isTransient(error)) this.#unread.add(doc.docId);
      else this.#refused.add(doc.docId);
      if (isKnown && isTransient(error)) return null;
      const message = 'a document failed its proof and was left out of the index';
      context.onAlarm({ code: error.code, message, details: { docId: doc.docId } });
      return null;
    }
  }

  #settle(docId: DocId): void {
    this.#unread.delete(docId);
    this.#refused.delete(docId);
  }
}
