// SPDX-License-Identifier: Apache-2.0
import type { ClassBlock } from './class-block.ts';
import type { VectorRun } from './class-vectors.ts';
import { RUN_WORDS } from './kernels/kernel.ts';
import type { LinearMemory } from './kernels/linear-memory.ts';

/** A row of a block. */
export interface PlacedRow {
  readonly block: ClassBlock;
  readonly row: number;
}

/** A run of a block, in one list if there are lists. */
export interface BlockRun extends VectorRun {
  readonly block: ClassBlock;
  readonly list?: number;
}

/**
 * Runs in the memory of the index, as the kernels read them. Ordinals number the rows of all runs, removed ones among
 * them. With lists, runs stand in order of lists and `starts` has the first run of each list and one past the last.
 */
export class RunTable {
  /** Address of the runs. */
  readonly at: number;
  /** Number of runs. */
  readonly count: number;
  /** Address of the starts of lists; 0 without lists. */
  readonly starts: number;
  readonly #memory: LinearMemory;
  readonly #lists: number;
  readonly #blocks: ClassBlock[] = [];
  readonly #slots: Int32Array;
  readonly #ordinals: Int32Array;

  /** @throws {INDEX_FULL} when there is no memory for so many runs */
  constructor(runs: readonly BlockRun[], memory: LinearMemory, lists = 0) {
    this.#memory = memory;
    this.#lists = lists;
    this.count = runs.length;
    this.#slots = new Int32Array(runs.length);
    this.#ordinals = new Int32Array(runs.length);
    this.at = memory.allocateScratch(this.#bytes());
    const starts = Int32Array.from({ length: lists + 1 }, () => 0);
    for (const { list = 0 } of runs) starts[list + 1] = (starts[list + 1] as number) + 1;
    for (let list = 1; list <= lists; list++) {
      starts[list] = (starts[list] as number) + (starts[list - 1] as number);
    }
    this.starts = lists === 0 ? 0 : this.at + runs.length * RUN_WORDS * 4;
    if (lists > 0) memory.i32.set(starts, this.starts / 4);
    this.#fill(runs, starts);
  }

  /** The row of an ordinal. */
  rowAt(ordinal: number): PlacedRow {
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#ordinals[middle] as number) <= ordinal) low = middle;
      else high = middle - 1;
    }
    const block = this.#blocks[low] as ClassBlock;
    const slot = (this.#slots[low] as number) + ordinal - (this.#ordinals[low] as number);
    return { block, row: block.vectors.rowAt(slot) };
  }

  /** Gives the memory back. */
  release(): void {
    this.#memory.release(this.at, this.#bytes());
  }

  #bytes(): number {
    return (this.count * RUN_WORDS + this.#lists + 1) * 4;
  }

  /** Writes the runs, those of list l from `starts[l]` on, and then numbers their rows. */
  #fill(runs: readonly BlockRun[], starts: Int32Array): void {
    const { i32 } = this.#memory;
    const next = starts.slice();
    for (const run of runs) {
      const list = run.list ?? 0;
      const at = next[list] as number;
      next[list] = at + 1;
      this.#blocks[at] = run.block;
      this.#slots[at] = run.firstSlot;
      i32.set([run.vectors, run.scales, run.rows], this.at / 4 + at * RUN_WORDS);
    }
    let ordinal = 0;
    for (let at = 0; at < runs.length; at++) {
      const word = this.at / 4 + at * RUN_WORDS;
      this.#ordinals[at] = i32[word + 3] = ordinal;
      ordinal += i32[word + 2] as number;
    }
  }
}
