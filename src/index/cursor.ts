// SPDX-License-Identifier: Apache-2.0
import type { StoredDocument } from './class-block.ts';
import type { Candidate, SearchCursor, SearchExplanation } from './port.ts';
import type { Ranking } from './ranking.ts';
import { VectorCopies } from './vector-copies.ts';

/** Rows taken from each ranking in the first pass when two are fused: scores depend on where both are cut. */
const FUSED_DEPTH = 100;
/** Rows taken from one ranking alone, at least and at most. */
const SINGLE_DEPTH = { least: 10, most: 100 };

/** A row that waits to be given. Named by document and not by place, since rows may move between two calls. */
interface Waiting {
  readonly document: StoredDocument;
  /** Position among the document's rows. */
  readonly nth: number;
  /** Number of the chunk in its document. */
  readonly i: number;
  readonly score: number;
}

/** Gives the rows of ever deeper passes, each row once. */
export class RankingCursor implements SearchCursor {
  readonly #classes: readonly number[];
  readonly #pass: (depth: number, isFirst: boolean) => Ranking;
  readonly #isFused: boolean;
  /** Rows of the first pass, and the names of all rows that were ranked once a second pass needs them. */
  #first: readonly Waiting[] = [];
  #ranked: Set<string> | null = null;
  readonly #waiting: Waiting[] = [];
  #complete = false;
  #explanation: SearchExplanation = {
    classes: 0,
    rowsScanned: 0,
    postingsRead: 0,
    depth: 0,
    plan: 'none',
    lists: 0,
  };

  /**
   * @param classes strictly ascending
   * @param pass ranks the rows that stand in `classes` now
   * @param isFused whether `pass` fuses two rankings
   */
  constructor(
    classes: readonly number[],
    pass: (depth: number, isFirst: boolean) => Ranking,
    isFused: boolean,
  ) {
    this.#classes = classes;
    this.#pass = pass;
    this.#isFused = isFused;
  }

  get explanation(): SearchExplanation {
    return this.#explanation;
  }

  next(n: number): Candidate[] {
    const candidates: Candidate[] = [];
    const vectors = new VectorCopies();
    while (candidates.length < n) {
      const waiting = this.#waiting.pop();
      if (waiting !== undefined) {
        const candidate = this.#candidate(waiting, vectors);
        if (candidate !== null) candidates.push(candidate);
      } else if (this.#complete) break;
      else this.#deepen(n);
    }
    return candidates;
  }

  #deepen(wanted: number): void {
    const { rowsScanned, postingsRead, depth: before, plan, lists } = this.#explanation;
    const { least, most } = SINGLE_DEPTH;
    const first = this.#isFused ? FUSED_DEPTH : Math.min(most, Math.max(least, wanted));
    const depth = before === 0 ? first : before * 2;
    const ranking = this.#pass(depth, before === 0);
    this.#complete = ranking.complete;
    this.#explanation = {
      // Not the classes asked for: an empty one is not the caller's to know of.
      classes: ranking.classes,
      rowsScanned: rowsScanned + ranking.rowsScanned,
      postingsRead: postingsRead + ranking.postingsRead,
      depth,
      plan: before === 0 ? ranking.plan : plan,
      lists: lists + ranking.lists,
    };
    for (const { block, row, score } of ranking.rows) {
      const document = block.documentOf(row);
      const nth = row - (document.place?.firstRow ?? 0);
      this.#waiting.push({ document, nth, i: block.chunkOf(row), score });
    }
    if (before === 0) this.#first = [...this.#waiting];
    else this.#leaveOutRanked();
    this.#waiting.reverse();
  }

  /** Most searches end within their first pass, so names are only made when a second one comes. */
  #leaveOutRanked(): void {
    const ranked = (this.#ranked ??= new Set(this.#first.map(nameOf)));
    const fresh = this.#waiting.filter((waiting) => !ranked.has(nameOf(waiting)));
    for (const waiting of fresh) ranked.add(nameOf(waiting));
    this.#waiting.splice(0, this.#waiting.length, ...fresh);
  }

  #candidate({ document, nth, i, score }: Waiting, vectors: VectorCopies): Candidate | null {
    const { place, docId, leafHash } = document;
    if (place === null || !includesSorted(this.#classes, place.block.classNo)) return null;
    const { block, firstRow } = place;
    const vector = vectors.of(block, firstRow + nth);
    return { docId, leafHash, i, classNo: block.classNo, score, vector };
  }
}

function nameOf({ document, i }: Waiting): string {
  return `${document.leafHash}/${i}`;
}

/** Whether numbers that ascend hold this one. */
function includesSorted(numbers: readonly number[], wanted: number): boolean {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  return numbers[low] === wanted;
}
