// SPDX-License-Identifier: Apache-2.0
import type { Hex } from '../core/index.ts';
import type { QuantisedVector } from '../provenance/index.ts';

/**
 * A result that is there at once, or will be. An index in this process answers at once: `await` it only when it is a
 * promise where a turn of the event loop matters.
 */
export type Awaitable<T> = T | Promise<T>;

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
  /** Number of rows. */
  readonly rows: number;
}

/** What an index still holds of rows that were removed. */
export interface Residue {
  /** Where removed rows may still be read by whoever reads the index's storage, in words; empty when nowhere. */
  readonly pending: readonly string[];
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
  /** Id of the model that made the vector; decides how much vectors count beside words. */
  readonly questions?: string;
  /** Default `hybrid`. */
  readonly mode?: SearchMode;
  /** Default false. True compares every vector of the classes, however many they are. */
  readonly exact?: boolean;
}

/**
 * How a pass found the most similar vectors: `all` compared every one; `lists` compared those of the lists nearest to
 * the query until they brought nothing better for long; `graph` followed a graph of neighbours; `none` was asked for
 * words alone.
 */
export type VectorPlan = 'all' | 'lists' | 'graph' | 'none';

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
   * chosen. A row that was removed or left the caller's classes since the search began is passed over by an index in
   * this process; another may still give it, as any stale row, for the ledger to drop.
   *
   * A promise must have been fulfilled before the next call.
   * @throws {INDEX_UNAVAILABLE} when the index is elsewhere and does not answer
   */
  next(n: number): Awaitable<Candidate[]>;
  /** What was done so far. */
  readonly explanation: SearchExplanation;
}

/** What retrieval asks of an index. */
export interface SearchIndex {
  /** Dimensions of every vector. */
  readonly dims: number;
  /**
   * Starts a search. Asks nobody yet: the cursor does.
   * @throws {USAGE} when `classes` is not strictly ascending or holds a number that is no class
   * @throws {VECTOR_INVALID} when the vector has another dimension
   */
  search(request: SearchRequest): SearchCursor;
  /**
   * What a document version is called, as far as the index knows without asking anybody; null when it does not. Only a
   * claim, good for passing over what cannot match.
   */
  nameOf(leafHash: Hex): DocumentName | null;
}

/**
 * Passages by class, searched by vector and by words. A cache of what the log says, never a source of truth: it may be in
 * this process, or a service that lies.
 *
 * Every operation is idempotent. In this process it is synchronous and atomic: it has either thrown and changed nothing,
 * or is done; rows are visible as soon as they are added. Elsewhere it may fail in the middle and is then done again;
 * its effect is visible to searches that begin after it has ended. Rows whose leaf hash the ledger does not know are
 * staged ones, which the caller drops.
 *
 * **Non-interference**: what a search returns, and the work it counts, depend on the request and on the rows of its
 * classes alone. No row, term or statistic of another class is read.
 *
 * Every implementation passes the same conformance suite (test/index/conformance.ts).
 */
export interface PassageIndex extends SearchIndex {
  /**
   * Adds a document's rows.
   * @returns false when its leaf hash is there already, in whatever class; nothing is changed then
   * @throws {USAGE} for malformed fields, {VECTOR_INVALID} for malformed vector bytes, {INDEX_FULL} when memory is used up,
   *   {INDEX_UNAVAILABLE} when the index is elsewhere and does not answer or refuses
   */
  add(document: PassageDocument): Awaitable<boolean>;
  /**
   * Removes a document's rows from all searches. What storage holds of them is gone when {@link PassageIndex.vacuum} says so.
   * @returns false when it is not there
   * @throws {INDEX_UNAVAILABLE} as for {@link PassageIndex.add}
   */
  remove(leafHash: Hex): Awaitable<boolean>;
  /**
   * Moves a document's rows to another class.
   * @returns false when it is not there; true also when it stands in that class already
   * @throws {USAGE} for a class number that is none, {INDEX_FULL} when memory is used up, {INDEX_UNAVAILABLE} as for
   *   {@link PassageIndex.add}
   */
  moveClass(leafHash: Hex, classNo: number): Awaitable<boolean>;
  /**
   * Sees to it that nothing of removed rows stays in the index's storage. Takes about as long as adding the rows that are
   * left; an engine that tidies up in its own time says what is pending, and is asked again.
   * @throws {INDEX_UNAVAILABLE} as for {@link PassageIndex.add}
   */
  vacuum(): Awaitable<Residue>;
  /** Whether rows of this document version are here. */
  has(leafHash: Hex): Awaitable<boolean>;
  /** What is known of a document version, or null. */
  get(leafHash: Hex): Awaitable<IndexedDocument | null>;
  /** Sizes of the given classes, or of all. */
  counts(classes?: readonly number[]): Awaitable<IndexCounts>;
}
