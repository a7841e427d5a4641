// SPDX-License-Identifier: Apache-2.0
import { fail, type Hex, isStrongroomError, type Random, systemRandom } from '../core/index.ts';
import { B, K1 } from './bm25.ts';
import { type Centroids, ListAssigner } from './centroids.ts';
import {
  type BlockSettings,
  ClassBlock,
  type LexiconMemo,
  type PreparedDocument,
  type StoredDocument,
} from './class-block.ts';
import { RankingCursor } from './cursor.ts';
import { type FusionWeights, fusionWeights } from './fusion.ts';
import { Kernel, kernelModule } from './kernels/kernel.ts';
import { LinearMemory } from './kernels/linear-memory.ts';
import { LexicalTerm } from './lexical-term.ts';
import { ALL_ROWS } from './planner.ts';
import type {
  DocumentName,
  IndexCounts,
  IndexedDocument,
  PassageDocument,
  PassageIndex,
  Residue,
  SearchRequest,
} from './port.ts';
import { checkClassNo, checkedSearch, prepare } from './prepare.ts';
import { rank, type Ranking, type RankingQuery } from './ranking.ts';
import { DirectoryCache } from './run-directory.ts';
import type { DecodedClass } from './segment-decode.ts';
import { encodeBlock, type EncodedSegment } from './segment-encode.ts';
import { newTermHashKey } from './term-hash.ts';
import { queryTermsOf, TOKENISER } from './words.ts';

/** What an index is made for. */
export interface MemoryIndexOptions {
  /** Dimensions of every vector, 1 to 65,536. */
  readonly dims: number;
  /** The embedder's space, which decides how much vectors count beside words. */
  readonly space: string;
  /** Default: the system's generator. Decides nothing that is visible. */
  readonly random?: Random;
  /** Default true: vectors are compared by SIMD kernels where there is WebAssembly. Decides nothing but speed. */
  readonly simd?: boolean;
  /**
   * Lists by which searches of callers with very many rows find theirs without comparing all; see {@link Centroids} for
   * what they may be trained on. Default none: every vector is compared.
   */
  readonly centroids?: Centroids;
  /** With lists: up to so many rows of a caller every vector is compared all the same. Default 6,000. */
  readonly allRows?: number;
  /** Bytes that vectors may take, at most 3.75 GiB, which is the default. */
  readonly vectorBytes?: number;
}

/** What the index in memory knows of a document: its name too. */
export interface HeldDocument extends IndexedDocument {
  readonly name: DocumentName;
}

/**
 * The index in this process's memory, exact in both rankings: every row of the caller's classes is compared. Each class
 * has arrays, a term table and postings of its own, and a search touches those of the caller's classes only.
 */
export class MemoryIndex implements PassageIndex {
  readonly dims: number;
  /**
   * Names everything besides rows, query and lists that decides a ranking. An index snapshot carries it; one with another
   * format is not loaded but built again from the documents.
   */
  readonly format: string;
  readonly #space: string;
  readonly #settings: BlockSettings;
  readonly #kernel: Kernel | null;
  readonly #allRows: number;
  readonly #blocks = new Map<number, ClassBlock>();
  readonly #directories: DirectoryCache;
  readonly #documents = new Map<Hex, StoredDocument>();

  /** @throws {USAGE} for dimensions out of range */
  constructor(options: MemoryIndexOptions) {
    const { dims, space, random = systemRandom, simd = true, vectorBytes, centroids } = options;
    if (!Number.isSafeInteger(dims) || dims < 1 || dims > 65536) {
      throw fail('USAGE', 'an index needs vectors of 1 to 65,536 dimensions', { dims });
    }
    this.dims = dims;
    this.#space = space;
    this.format = formatOf(fusionWeights(space));
    this.#allRows = options.allRows ?? ALL_ROWS;
    const memory = new LinearMemory({
      wasm: simd && kernelModule() !== null,
      ...(vectorBytes !== undefined && { maxBytes: vectorBytes }),
    });
    this.#kernel = Kernel.over(memory);
    if (centroids !== undefined && centroids.dims !== dims) {
      throw fail('USAGE', 'the lists of an index were made for other dimensions', { dims });
    }
    const useLists = this.#kernel !== null && centroids !== undefined;
    const lists = useLists ? new ListAssigner(centroids, memory) : null;
    this.#settings = { dims, memory, lists, hashKey: newTermHashKey(random) };
    this.#directories = new DirectoryCache(this.#settings, (classNo) => this.#blocks.get(classNo));
  }

  /** Bytes that vectors, lists and the work of searches take. */
  get vectorBytes(): number {
    return this.#settings.memory.used;
  }

  add(document: PassageDocument): boolean {
    const added = this.#insert(prepare(document, this.dims), document.classNo);
    if (added) this.#blockFor(document.classNo).settle();
    return added;
  }

  /**
   * Adds the documents of a decoded class without counting their words again; those that are here are passed over.
   * @returns the number of documents added
   * @throws {USAGE} when it was decoded for other dimensions
   */
  load(decoded: DecodedClass): number {
    if (decoded.dims !== this.dims) throw fail('USAGE', 'a class was decoded for other dimensions');
    checkClassNo(decoded.classNo);
    const memo: LexiconMemo = new Map();
    const fresh = decoded.documents.filter(({ leafHash }) => !this.#documents.has(leafHash));
    const rows = fresh.reduce((sum, document) => sum + document.rows.length, 0);
    if (rows === 0) return 0;
    const block = this.#blockFor(decoded.classNo);
    block.reserve(rows);
    for (const document of fresh) this.#insert(document, decoded.classNo, memo);
    block.settle();
    return fresh.length;
  }

  /** The segments of a class, ready to be sealed; none for a class without rows. */
  encode(classNo: number): EncodedSegment[] {
    const block = this.#blocks.get(classNo);
    return block === undefined ? [] : encodeBlock(block);
  }

  remove(leafHash: Hex): boolean {
    const document = this.#documents.get(leafHash);
    if (document === undefined) return false;
    this.#documents.delete(leafHash);
    this.#withdraw(document);
    return true;
  }

  moveClass(leafHash: Hex, classNo: number): boolean {
    checkClassNo(classNo);
    const document = this.#documents.get(leafHash);
    if (document === undefined) return false;
    const { block } = placeOf(document);
    if (block.classNo === classNo) return true;
    const rows = block.rowsOf(document);
    const target = this.#blockFor(classNo);
    target.checkRoom(rows);
    target.reserve(rows.length);
    this.#withdraw(document);
    target.add(document, rows);
    target.settle();
    this.#directories.changed(classNo);
    return true;
  }

  /**
   * Rebuilds every class that rows were removed from. Removing overwrites vector and words at once; words that no other
   * row uses may stay in the term table until then.
   */
  vacuum(): Residue {
    for (const block of [...this.#blocks.values()]) {
      if (block.liveRows < block.rows) this.#rebuild(block);
    }
    return { pending: [] };
  }

  has(leafHash: Hex): boolean {
    return this.#documents.has(leafHash);
  }

  get(leafHash: Hex): HeldDocument | null {
    const document = this.#documents.get(leafHash);
    return document === undefined ? null : describe(document);
  }

  nameOf(leafHash: Hex): DocumentName | null {
    return this.#documents.get(leafHash)?.name ?? null;
  }

  /** The documents of a class in order of their leaf hashes. */
  documents(classNo: number): HeldDocument[] {
    const documents = this.#blocks.get(classNo)?.documents() ?? [];
    return documents.map(describe).sort((a, b) => (a.leafHash < b.leafHash ? -1 : 1));
  }

  counts(classes?: readonly number[]): IndexCounts {
    const all = classes === undefined ? [...this.#blocks.values()] : this.#blocksOf(classes);
    const blocks = all.filter((block) => block.liveRows > 0);
    return {
      classes: blocks.length,
      documents: blocks.reduce((sum, block) => sum + block.documents().length, 0),
      rows: blocks.reduce((sum, block) => sum + block.liveRows, 0),
    };
  }

  search(request: SearchRequest): RankingCursor {
    const { text, mode = 'hybrid', exact = false } = request;
    const { classes: permitted, vector } = checkedSearch(request, this.dims);
    const words = mode === 'vector' ? [] : queryTermsOf(text);
    const terms = words.map((term) => new LexicalTerm(this.#settings.hashKey, term));
    const allRows = exact ? Infinity : this.#allRows;
    const vectors = { vector, kernel: this.#kernel, allRows };
    const weights = fusionWeights(this.#space, request.questions);
    const query: RankingQuery = { mode, ...vectors, terms, weights };
    const pass = (depth: number, isFirst: boolean): Ranking =>
      rank(this.#directories.of(permitted), query, { depth, isFirst });
    return new RankingCursor(permitted, pass, mode === 'hybrid');
  }

  #insert(prepared: PreparedDocument, classNo: number, memo?: LexiconMemo): boolean {
    const { docId, leafHash, name, rows } = prepared;
    if (this.#documents.has(leafHash)) return false;
    const block = this.#blockFor(classNo);
    block.checkRoom(rows);
    const document: StoredDocument = { docId, leafHash, name, rows: rows.length, place: null };
    block.add(document, rows, memo);
    this.#directories.changed(classNo);
    this.#documents.set(leafHash, document);
    return true;
  }

  /** Takes a document's rows out of its class, which is tidied up when it has become empty or mostly holes. */
  #withdraw(document: StoredDocument): void {
    const { block } = placeOf(document);
    block.remove(document);
    this.#directories.changed(block.classNo);
    if (block.rows <= 2 * block.liveRows) return;
    try {
      this.#rebuild(block);
    } catch (error) {
      // Its rows are overwritten all the same; the holes stay until there is memory to rebuild it in.
      if (!isStrongroomError(error, 'INDEX_FULL')) throw error;
    }
  }

  #rebuild(block: ClassBlock): void {
    const { classNo, liveRows } = block;
    if (liveRows === 0) this.#blocks.delete(classNo);
    else this.#blocks.set(classNo, block.rebuilt());
    block.release();
    this.#directories.changed(classNo);
  }

  #blockFor(classNo: number): ClassBlock {
    let block = this.#blocks.get(classNo);
    if (block === undefined) {
      block = new ClassBlock(classNo, this.#settings);
      this.#blocks.set(classNo, block);
    }
    return block;
  }

  #blocksOf(classes: readonly number[]): ClassBlock[] {
    return classes.flatMap((classNo) => this.#blocks.get(classNo) ?? []);
  }
}

function placeOf(document: StoredDocument): NonNullable<StoredDocument['place']> {
  if (document.place === null) throw fail('INTERNAL', 'a removed document is still listed');
  return document.place;
}

function describe(document: StoredDocument): HeldDocument {
  const { docId, leafHash, name, rows } = document;
  return { docId, leafHash, name, rows, classNo: placeOf(document).block.classNo };
}

function formatOf({ words, vectors }: FusionWeights): string {
  return `sr/index/v1 ${TOKENISER} bm25(${K1},${B}) fusion(${words},${vectors})`;
}
