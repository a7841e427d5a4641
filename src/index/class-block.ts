// SPDX-License-Identifier: Apache-2.0
import { fail, type Hex } from '../core/index.ts';
import { decodeVector, encodeVector } from '../provenance/index.ts';
import { type Bag, idOf, MAX_ID, occurrencesOf, packed } from './bags.ts';
import { ClassVectors, type VectorSettings } from './class-vectors.ts';
import type { DocumentName } from './port.ts';
import { Postings } from './postings.ts';
import type { TermHashKey } from './term-hash.ts';
import { hashTerm, NO_TERM, TermTable } from './term-table.ts';
import { NO_NUMBERS, withRoom } from './typed-arrays.ts';

/** A row on its way into a class, its text counted. */
export interface PreparedRow {
  readonly i: number;
  /** f32le scale || int8[dims], known to be well formed. */
  readonly vector: Uint8Array;
  readonly bag: Bag;
}

/** A document on its way into a class. */
export interface PreparedDocument {
  readonly docId: string;
  readonly leafHash: Hex;
  readonly name: DocumentName;
  readonly rows: readonly PreparedRow[];
}

/** A document of the index. Its rows stand side by side in one class. */
export interface StoredDocument {
  readonly docId: string;
  readonly leafHash: Hex;
  readonly name: DocumentName;
  readonly rows: number;
  /** Where it stands now; null when it was removed. Changes when it moves or its class is rebuilt. */
  place: { readonly block: ClassBlock; readonly firstRow: number } | null;
}

/** Which term of a class each term of a lexicon is, as far as known; -1 elsewhere. */
export type LexiconMemo = Map<readonly string[], Int32Array>;

/** The document slot of a removed row. */
const REMOVED = 0xffffffff;

/** Columns of {@link ClassBlock}'s facts. */
const SLOT = 0;
const CHUNK = 1;
const LENGTH = 2;
const FACTS = 3;

/** What all classes of an index have in common. */
export interface BlockSettings extends VectorSettings {
  readonly hashKey: TermHashKey;
}

/**
 * The rows of one class: their vectors, one number each for document, chunk and length, and their words. A search reads
 * these from front to back and nothing else; rows never mix with those of another class.
 */
export class ClassBlock {
  readonly classNo: number;
  readonly dims: number;
  readonly terms = new TermTable();
  readonly postings = new Postings();
  readonly vectors: ClassVectors;
  readonly #settings: BlockSettings;
  /** By row: document slot, chunk number, number of terms. */
  #facts = NO_NUMBERS;
  #documents: (StoredDocument | null)[] = [];
  #rows = 0;
  #liveRows = 0;
  #totalLength = 0;

  constructor(classNo: number, settings: BlockSettings) {
    this.classNo = classNo;
    this.dims = settings.dims;
    this.vectors = new ClassVectors(settings);
    this.#settings = settings;
  }

  /** Rows including removed ones: the bound of a loop over the block. */
  get rows(): number {
    return this.#rows;
  }

  /** Rows that stand for something. */
  get liveRows(): number {
    return this.#liveRows;
  }

  /** Terms of all live rows, repeats included. */
  get totalLength(): number {
    return this.#totalLength;
  }

  /** Whether a row was removed. */
  isRemoved(row: number): boolean {
    return this.#slotOf(row) === REMOVED;
  }

  /** The documents that stand here, in no particular order. */
  documents(): StoredDocument[] {
    return this.#documents.filter((document) => document !== null);
  }

  /** The document of a live row. */
  documentOf(row: number): StoredDocument {
    return this.#documents[this.#slotOf(row)] as StoredDocument;
  }

  /** Chunk number of a row. */
  chunkOf(row: number): number {
    return this.#facts[row * FACTS + CHUNK] as number;
  }

  /** Number of terms of a row, repeats included. */
  lengthOf(row: number): number {
    return this.#facts[row * FACTS + LENGTH] as number;
  }

  /** A copy of a row's signed vector bytes. */
  vectorOf(row: number): Uint8Array {
    return encodeVector({ scale: this.vectors.scaleOf(row), q: this.vectors.componentsOf(row) });
  }

  /** @throws {USAGE} when rows with these bags may not fit */
  checkRoom(rows: readonly PreparedRow[]): void {
    const lexicons = new Set(rows.map(({ bag }) => bag.lexicon));
    let terms = 0;
    for (const lexicon of lexicons) terms += lexicon.length;
    if (this.#rows + rows.length > MAX_ID || this.terms.size + terms > MAX_ID) {
      throw fail('USAGE', 'a class of the index is full', { classNo: this.classNo });
    }
  }

  /**
   * Makes room for the vectors of so many more rows.
   * @throws {INDEX_FULL} when memory is used up; nothing is changed then
   */
  reserve(rows: number): void {
    this.vectors.reserve(rows);
  }

  /** Puts vectors in order; to be called when rows were added. */
  settle(): void {
    this.vectors.settle();
  }

  /** Overwrites the vectors and gives their memory back. The block must not be used any more. */
  release(): void {
    this.vectors.release();
  }

  /**
   * Puts a document's rows at the end. `memo` may be shared between documents with one lexicon.
   * @throws {INDEX_FULL} when memory is used up; nothing is changed then
   */
  add(document: StoredDocument, rows: readonly PreparedRow[], memo: LexiconMemo = new Map()): void {
    this.reserve(rows.length);
    const slot = this.#documents.push(document) - 1;
    document.place = { block: this, firstRow: this.#rows };
    const total = this.#rows + rows.length;
    this.#facts = withRoom(this.#facts, total * FACTS);
    for (const row of rows) this.#addRow(row, slot, memo);
  }

  /** Overwrites the rows of a document that stands here. */
  remove(document: StoredDocument): void {
    const first = firstRowOf(document);
    this.#documents[this.#slotOf(first)] = null;
    for (let row = first; row < first + document.rows; row++) this.#removeRow(row);
    document.place = null;
  }

  /** The rows of a document that stands here, as they were added. */
  rowsOf(document: StoredDocument): PreparedRow[] {
    const lexicon: string[] = [];
    const ids = new Map<number, number>();
    const rows: PreparedRow[] = [];
    const first = firstRowOf(document);
    for (let row = first; row < first + document.rows; row++) {
      const entries = this.postings.ofRow(row).map((entry) => {
        let id = ids.get(idOf(entry));
        if (id === undefined) {
          id = lexicon.push(this.terms.textOf(idOf(entry))) - 1;
          ids.set(idOf(entry), id);
        }
        return packed(id, occurrencesOf(entry));
      });
      const bag = { lexicon, entries, length: this.lengthOf(row) };
      rows.push({ i: this.chunkOf(row), vector: this.vectorOf(row), bag });
    }
    return rows;
  }

  /** The same live rows in fresh arrays, in which nothing of a removed row is left. Documents are moved there. */
  rebuilt(): ClassBlock {
    const fresh = new ClassBlock(this.classNo, this.#settings);
    fresh.reserve(this.#liveRows);
    for (const document of this.documents()) fresh.add(document, this.rowsOf(document));
    fresh.settle();
    return fresh;
  }

  #slotOf(row: number): number {
    return this.#facts[row * FACTS + SLOT] as number;
  }

  #addRow({ i, vector, bag }: PreparedRow, slot: number, memo: LexiconMemo): void {
    const row = this.#rows++;
    this.vectors.push(decodeVector(vector, this.dims));
    this.#facts.set([slot, i, bag.length], row * FACTS);
    this.#liveRows++;
    this.#totalLength += bag.length;
    const entries = this.#entriesOf(bag, memo);
    for (const entry of entries) this.terms.countRow(idOf(entry), 1);
    this.postings.add(entries);
  }

  #removeRow(row: number): void {
    for (const entry of this.postings.ofRow(row)) this.terms.countRow(idOf(entry), -1);
    this.postings.erase(row);
    this.vectors.erase(row);
    this.#totalLength -= this.lengthOf(row);
    this.#facts.set([REMOVED, 0, 0], row * FACTS);
    this.#liveRows--;
  }

  /** The entries of a bag by the term numbers of this class. */
  #entriesOf({ lexicon, entries }: Bag, memo: LexiconMemo): Uint32Array {
    const ids = memo.get(lexicon) ?? new Int32Array(lexicon.length).fill(NO_TERM);
    memo.set(lexicon, ids);
    const translated = entries.map((entry) => {
      const at = idOf(entry);
      if (ids[at] === NO_TERM) {
        ids[at] = this.terms.intern(hashTerm(this.#settings.hashKey, lexicon[at] as string));
      }
      return packed(ids[at] as number, occurrencesOf(entry));
    });
    return translated.sort();
  }
}

function firstRowOf(document: StoredDocument): number {
  if (document.place === null) throw fail('INTERNAL', 'a removed document was asked for its rows');
  return document.place.firstRow;
}
