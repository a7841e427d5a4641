// SPDX-License-Identifier: Apache-2.0
import type { StoredDocument } from './class-block.ts';
import type { Candidate, SearchCursor, SearchExplanation } from './port.ts';
import type { Ranking } from './ranking.ts';

/** Rows taken from each ranking in the first pass when two are fused: scores depend on where both are cut. */
const FUSED_DEPTH = 100;
/** Rows taken from one ranking alone, at least and at most. */
const SINGLE_DEPTH = { least: 10, most: 100 };

/** A row that waits to be given. Named by document and not by place, since rows may move between two calls. */
interface Waiting {
  readonly document: StoredDocument;
  /** Position among the document's rows. */
  readonly nth: number;
  readonly score: number;
}

/** Gives the rows of ever deeper passes, each row once. */
export class RankingCursor implements SearchCursor {
  readonly #classes: readonly number[];
  readonly #pass: (depth: number, isFirst: boolean) => Ranking;
  readonly #isFused: boolean;
  readonly #ranked = new Set<string>();
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
    while (candidates.length < n) {
      const waiting = this.#waiting.pop();
      if (waiting !== undefined) {
        const candidate = this.#candidate(waiting);
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
      const id = `${document.leafHash}/${block.chunkOf(row)}`;
      if (this.#ranked.has(id)) continue;
      this.#ranked.add(id);
      this.#waiting.push({ document, nth: row - (document.place?.firstRow ?? 0), score });
    }
    this.#waiting.reverse();
  }

  #candidate({ document, nth, score }: Waiting): Candidate | null {
    const { place, docId, leafHash } = document;
    if (place === null || !includesSorted(this.#classes, place.block.classNo)) return null;
    const { block, firstRow } = place;
    const row = firstRow + nth;
    const i = block.chunkOf(row);
    return { docId, leafHash, i, classNo: block.classNo, score, vector: block.vectorOf(row) };
  }
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
