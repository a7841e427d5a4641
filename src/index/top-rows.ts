// SPDX-License-Identifier: Apache-2.0
import type { ClassBlock } from './class-block.ts';

/** A row of one of the blocks of a search with its score. */
export interface ScoredRow {
  readonly block: ClassBlock;
  readonly row: number;
  readonly score: number;
}

/**
 * The total order of results: higher scores first, then leaf hash, then chunk number, ascending. No two rows are equal
 * in it, so no order of insertion shows.
 */
export function compareRows(a: ScoredRow, b: ScoredRow): number {
  if (a.score !== b.score) return b.score - a.score;
  const [one, other] = [leafHashOf(a), leafHashOf(b)];
  if (one !== other) return one < other ? -1 : 1;
  return a.block.chunkOf(a.row) - b.block.chunkOf(b.row);
}

/** Lower-case hex of one length: its order as text is the order of the bytes. */
function leafHashOf({ block, row }: ScoredRow): string {
  return block.documentOf(row).leafHash;
}

/** Keeps the best `depth` rows of a stream in a heap whose root is the worst of them. */
export class TopRows {
  readonly #depth: number;
  readonly #heap: ScoredRow[] = [];

  constructor(depth: number) {
    this.#depth = depth;
  }

  /** Considers a row. */
  offer(block: ClassBlock, row: number, score: number): void {
    const heap = this.#heap;
    if (heap.length < this.#depth) {
      heap.push({ block, row, score });
      this.#rise(heap.length - 1);
      return;
    }
    const worst = heap[0] as ScoredRow;
    // The common case first: nothing is allocated for a row that does not make it.
    if (score < worst.score) return;
    const offered = { block, row, score };
    if (compareRows(offered, worst) > 0) return;
    heap[0] = offered;
    this.#sink();
  }

  /** The rows kept, best first. */
  ranked(): ScoredRow[] {
    return this.#heap.toSorted(compareRows);
  }

  #rise(from: number): void {
    const heap = this.#heap;
    for (let at = from; at > 0;) {
      const parent = (at - 1) >>> 1;
      if (compareRows(heap[at] as ScoredRow, heap[parent] as ScoredRow) < 0) return;
      swap(heap, at, parent);
      at = parent;
    }
  }

  #sink(): void {
    const heap = this.#heap;
    for (let at = 0; ;) {
      let worst = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (
          child < heap.length &&
          compareRows(heap[child] as ScoredRow, heap[worst] as ScoredRow) > 0
        ) {
          worst = child;
        }
      }
      if (worst === at) return;
      swap(heap, at, worst);
      at = worst;
    }
  }
}

function swap(heap: ScoredRow[], a: number, b: number): void {
  const held = heap[a] as ScoredRow;
  heap[a] = heap[b] as ScoredRow;
  heap[b] = held;
}
