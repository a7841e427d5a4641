// SPDX-License-Identifier: Apache-2.0
import type { Hex } from '../core/index.ts';
import type { QuantisedVector } from '../provenance/index.ts';

/** What a document is called. Confidential: shown to those who may read it, stored only in sealed segments. */
export interface DocumentName {
  /** The source's name as given at ingest. */
  readonly sourceUri: string;
  readonly title: string | null;
}

/** The words by which a row is found. */
export interface PassageText {
  readonly title: string | null;
  /** Headings above the passage, outermost first. */
  readonly headings: readonly string[];
  readonly body: string;
}

/** One chunk of a document as the index takes it. */
export interface PassageRow {
  /** Number of the chunk in its document. */
  readonly i: number;
  /** The signed vector bytes: f32le scale || int8[dims]. */
  readonly vector: Uint8Array;
  readonly text: PassageText;
}

/** One version of a document with all of its rows. */
export interface PassageDocument {
  readonly docId: string;
  /** Leaf hash of the log entry that made this version: the identity of its rows. 64 hex digits. */
  readonly leafHash: Hex;
  /** Access class that the rows stand in. */
  readonly classNo: number;
  readonly name: DocumentName;
  /** At least one; `i` strictly ascending. */
  readonly rows: readonly PassageRow[];
}

/** What the index knows of a document that it holds. */
export interface IndexedDocument {
  readonly docId: string;
  readonly leafHash: Hex;
  readonly classNo: number;
  readonly name: DocumentName;
  /** Number of rows. */
  readonly rows: number;
}

/** Sizes of the index or of some classes. */
export interface IndexCounts {
  /** Classes that hold a row. */
  readonly classes: number;
  readonly documents: number;
  readonly rows: number;
}

/** `hybrid` ranks by words and vectors together, the others by one of them. */
export type SearchMode = 'hybrid' | 'vector' | 'bm25';

/** A search on behalf of one caller. */
export interface SearchRequest {
  /** Every class that the caller may read and nothing else: strictly ascending. */
  readonly classes: readonly number[];
  /** The query in words. */
  readonly text: string;
  /** The query as a vector of the same space; not read in mode `bm25`. */
  readonly vector: QuantisedVector;
  /** Default `hybrid`. */
  readonly mode?: SearchMode;
  /** Default false. True compares every vector of the classes, however many they are. */
  readonly exact?: boolean;
}

/**
 * How a pass found the most similar vectors: `all` compared every one; `lists` compared those of the lists nearest to
 * the query until they brought nothing better for long; `none` was asked for words alone.
 */
export type VectorPlan = 'all' | 'lists' | 'none';

/** A row that was found. Only a candidate: the ledger has not been asked whether it is current. */
export interface Candidate {
  readonly docId: string;
  readonly leafHash: Hex;
  /** Number of the chunk in its document. */
  readonly i: number;
  readonly classNo: number;
  /** Higher is better. Comparable within one search only. */
  readonly score: number;
  /** A copy of the row's signed vector bytes, to be verified like anything from a store. */
  readonly vector: Uint8Array;
}

/**
 * What a search did, summed over its passes. A function of the request and of the rows of its classes: the same whether
 * or not other classes exist.
 */
export interface SearchExplanation {
  /** Classes of the request that held a row in the last pass; 0 before the first. */
  readonly classes: number;
  /** Vectors compared with the query. */
  readonly rowsScanned: number;
  /** Rows that hold a term of the query, counted once for each term. */
  readonly postingsRead: number;
  /** Rows taken from each ranking in the last pass; 0 before the first. */
  readonly depth: number;
  /** How the first pass compared vectors; deeper ones compare all. */
  readonly plan: VectorPlan;
  /** Lists gone through. */
  readonly lists: number;
}

/** Candidates of one search, best first, as many as are asked for. */
export interface SearchCursor {
  /**
   * The next candidates, at most `n`; fewer only at the end, then `[]` for ever.
   *
   * The first hundred of each ranking are fused and given; of one ranking alone, as many as the first call asks for.
   * When they are used up, the depth doubles and what is new follows, now with every vector compared. So no row comes
   * twice, none of the caller's rows that match is left out, and without lists the order does not depend on how `n` is
   * chosen. A row that was removed or left the caller's classes since the search began is passed over.
   */
  next(n: number): Candidate[];
  /** What was done so far. */
  readonly explanation: SearchExplanation;
}

/**
 * Passages by class, searched by vector and by words. A cache of what the log says, never a source of truth.
 *
 * Every operation is synchronous and atomic: it has either thrown and changed nothing, or is done. Rows are visible as
 * soon as they are added; rows whose leaf hash the ledger does not know are staged ones, which the caller drops.
 *
 * **Non-interference**: what a search returns, and the work it counts, depend on the request and on the rows of its
 * classes alone. No row, term or statistic of another class is read.
 */
export interface PassageIndex {
  /** Dimensions of every vector. */
  readonly dims: number;
  /**
   * Adds a document's rows.
   * @returns false when its leaf hash is there already, in whatever class; nothing is changed then
   * @throws {USAGE} for malformed fields, {VECTOR_INVALID} for malformed vector bytes, {INDEX_FULL} when memory is used up
   */
  add(document: PassageDocument): boolean;
  /**
   * Removes a document's rows. Vector and words are overwritten at once; words that no other row uses may stay in the
   * term table until {@link PassageIndex.vacuum}.
   * @returns false when it is not there
   */
  remove(leafHash: Hex): boolean;
  /**
   * Moves a document's rows to another class.
   * @returns false when it is not there; true also when it stands in that class already
   * @throws {USAGE} for a class number that is none, {INDEX_FULL} when memory is used up
   */
  moveClass(leafHash: Hex, classNo: number): boolean;
  /**
   * Rebuilds every class that rows were removed from, so that nothing of them stays in the index's arrays. Takes about
   * as long as adding the rows that are left.
   */
  vacuum(): void;
  /** Whether rows of this document version are here. */
  has(leafHash: Hex): boolean;
  /** What is known of a document version, or null. */
  get(leafHash: Hex): IndexedDocument | null;
  /** The documents of a class in order of their leaf hashes. */
  documents(classNo: number): IndexedDocument[];
  /** Sizes of the given classes, or of all. */
  counts(classes?: readonly number[]): IndexCounts;
  /**
   * Starts a search.
   * @throws {USAGE} when `classes` is not strictly ascending or holds a number that is no class
   * @throws {VECTOR_INVALID} when the vector has another dimension
   */
  search(request: SearchRequest): SearchCursor;
}
