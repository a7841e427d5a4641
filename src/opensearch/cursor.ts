// SPDX-License-Identifier: Apache-2.0
// Candidates of one search: passes of doubling depth, fused in the library by the code of the embedded home.
import type {
  Candidate,
  FusionWeights,
  SearchCursor,
  SearchExplanation,
  SearchMode,
} from '../index/index.ts';
import { fusedScore, share } from '../index/index.ts';
import { type QuantisedVector, similarity } from '../provenance/index.ts';
import type { Hit } from './hits.ts';
import { MAX_DEPTH } from './mapping.ts';
import type { VectorSearch, WordSearch } from './queries.ts';
import type { WeighedQuery } from './statistics.ts';

/** Rows taken from each ranking in the first pass when two are fused, as in the embedded home. */
const FUSED_DEPTH = 100;
/** Rows taken from one ranking alone, at least and at most. */
const SINGLE_DEPTH = { least: 10, most: 100 };
/** Scores that differ by less of one may be the same to the engine, which keeps them in float32. */
const TIE = 1e-6;

/** What a pass asks the engine for. */
export interface PassRequest {
  readonly depth: number;
  readonly words: WordSearch | null;
  readonly vectors: VectorSearch | null;
  /** Passes after the first look at one point in time. */
  readonly isFirst: boolean;
}

/** Hits of a pass by each ranking, as the engine orders them. */
export interface PassAnswer {
  readonly words: readonly Hit[];
  readonly vectors: readonly Hit[];
}

/** What a cursor works with. */
export interface CursorOptions {
  readonly mode: SearchMode;
  readonly vector: QuantisedVector;
  readonly weights: FusionWeights;
  /** Up to so many rows of a caller every vector is compared. */
  readonly exactRows: number;
  /** Up to so many rows with a term, counted once for each term, all of them are scored exactly. */
  readonly exactPostings: number;
  readonly weigh: () => Promise<WeighedQuery>;
  readonly pass: (request: PassRequest) => Promise<PassAnswer>;
  /** Called when nothing more will be asked. */
  readonly end: () => void;
}

/** Gives the rows of ever deeper passes, each row once. */
export class EngineCursor implements SearchCursor {
  readonly #options: CursorOptions;
  readonly #given = new Set<string>();
  readonly #waiting: Candidate[] = [];
  #complete = false;
  #explanation: SearchExplanation = {
    classes: 0,
    rowsScanned: 0,
    postingsRead: 0,
    depth: 0,
    plan: 'none',
    lists: 0,
  };

  constructor(options: CursorOptions) {
    this.#options = options;
  }

  get explanation(): SearchExplanation {
    return this.#explanation;
  }

  async next(n: number): Promise<Candidate[]> {
    while (this.#waiting.length < n && !this.#complete) await this.#deepen(n);
    return this.#waiting.splice(0, n);
  }

  async #deepen(n: number): Promise<void> {
    const weighed = await this.#options.weigh();
    const request = this.#request(n, weighed);
    const { depth, vectors } = request;
    const isEmpty = weighed.counted.rows === 0;
    const nothing = { words: [], vectors: [] };
    const answer = isEmpty ? nothing : await this.#options.pass(request);
    // A graph may lose its way; comparing every vector does not.
    const isWhole = answer.vectors.length < depth && vectors?.exact !== false;
    this.#complete = (answer.words.length < depth && isWhole) || depth === MAX_DEPTH || isEmpty;
    this.#explain(request, weighed, answer);
    this.#give(answer, depth);
    if (this.#complete) this.#options.end();
  }

  #request(n: number, { words, counted, postings }: WeighedQuery): PassRequest {
    const { mode, exactRows, exactPostings, vector } = this.#options;
    const before = this.#explanation.depth;
    const isFirst = before === 0;
    const { least, most } = SINGLE_DEPTH;
    const first = mode === 'hybrid' ? FUSED_DEPTH : Math.min(most, Math.max(least, n));
    const depth = isFirst ? first : Math.min(MAX_DEPTH, before * 2);
    const exact = !isFirst || counted.rows <= exactRows;
    const wanted = mode === 'vector' ? null : words;
    return {
      depth,
      words: wanted && { words: wanted, depth, exact: postings <= exactPostings },
      vectors: mode === 'bm25' ? null : { vector, depth, exact, words: wanted },
      isFirst,
    };
  }

  #explain(
    { depth, vectors, isFirst }: PassRequest,
    { counted, postings }: WeighedQuery,
    answer: PassAnswer,
  ): void {
    const { plan, rowsScanned, postingsRead } = this.#explanation;
    const used = vectors === null ? 'none' : vectors.exact ? 'all' : 'graph';
    const compared = used === 'all' ? counted.rows : answer.vectors.length;
    this.#explanation = {
      classes: counted.classes,
      rowsScanned: rowsScanned + compared,
      postingsRead: postingsRead + (this.#options.mode === 'vector' ? 0 : postings),
      depth,
      plan: isFirst ? used : plan,
      lists: 0,
    };
  }
  #give({ words, vectors }: PassAnswer, depth: number): void {
    const { mode, vector } = this.#options;
    const byVector = (hit: Hit): number => similarity(vector, hit.decoded);
    const byWords = ({ score }: Hit): number => score;
    const kept = this.#complete ? Infinity : depth;
    const near = withoutTies(vectors, byVector, kept);
    const telling = withoutTies(words, byWords, kept);
    const single = mode === 'bm25' ? byWords : byVector;
    const ranked =
      mode === 'hybrid'
        ? this.#fused(telling, near)
        : [...telling, ...near].map((hit) => candidateOf(hit, single(hit)));
    for (const candidate of ranked.sort(compare)) {
      const id = idOf(candidate);
      if (this.#given.has(id)) continue;
      this.#given.add(id);
      this.#waiting.push(candidate);
    }
  }

  #fused(words: readonly Hit[], vectors: readonly Hit[]): Candidate[] {
    const { vector, weights } = this.#options;
    const mostWords = maximum(words.map(({ score }) => score));
    const mostSimilar = maximum(vectors.map(({ decoded }) => similarity(vector, decoded)));
    const rows = new Map([...vectors, ...words].map((hit) => [idOf(hit), hit]));
    return [...rows.values()].map((hit) => {
      const similar = share(Math.max(0, similarity(vector, hit.decoded)), mostSimilar);
      return candidateOf(hit, fusedScore(weights, share(hit.score, mostWords), similar));
    });
  }
}

/**
 * Hits without those that the engine cannot tell from its last one: which of them made it into the answer depends on the
 * order in which rows were stored, those of other classes among them. They come with the next pass.
 */
function withoutTies(
  hits: readonly Hit[],
  scoreOf: (hit: Hit) => number,
  depth: number,
): readonly Hit[] {
  if (hits.length < depth) return hits;
  const least = hits.reduce((score, hit) => Math.min(score, scoreOf(hit)), Infinity);
  const tie = least + TIE * Math.max(1, Math.abs(least));
  const better = hits.filter((hit) => scoreOf(hit) > tie);
  return better.length > 0 ? better : hits;
}

function maximum(numbers: readonly number[]): number {
  return numbers.reduce((most, n) => Math.max(most, n), 0);
}

function candidateOf({ docId, leafHash, i, classNo, vector }: Hit, score: number): Candidate {
  return { docId, leafHash, i, classNo, score, vector };
}

function idOf({ leafHash, i }: { readonly leafHash: string; readonly i: number }): string {
  return `${leafHash}/${i}`;
}

/** Higher scores first, then leaf hash, then chunk number: the total order of the embedded home. */
function compare(a: Candidate, b: Candidate): number {
  if (a.score !== b.score) return b.score - a.score;
  if (a.leafHash !== b.leafHash) return a.leafHash < b.leafHash ? -1 : 1;
  return a.i - b.i;
}
