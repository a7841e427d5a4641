// SPDX-License-Identifier: Apache-2.0
import type { ClassBlock } from './class-block.ts';
import { LIST_RUN_WORDS } from './class-vectors.ts';
import { RUN_WORDS } from './kernels/kernel.ts';
import type { LinearMemory } from './kernels/linear-memory.ts';

/** A row of a block. */
export interface PlacedRow {
  readonly block: ClassBlock;
  readonly row: number;
}

/** Where a run stands: place of its block among the blocks, first slot there. */
interface Origin {
  readonly block: number;
  readonly slot: number;
  /** Where its words begin. */
  readonly word: number;
}

interface TableSizes {
  readonly runs: number;
  readonly lists: number;
}

/**
 * Runs in the memory of the index, as the kernels read them. Ordinals number the rows of all runs, removed ones among
 * them.
 */
export class RunTable {
  /** Address of the runs. */
  readonly at: number;
  /** Number of runs. */
  readonly count: number;
  /** With lists: address of the first run of each list and of one past the last. */
  readonly starts: number;
  readonly #memory: LinearMemory;
  readonly #bytes: number;
  readonly #blocks: readonly ClassBlock[];
  /** By run: place of its block among the blocks, first slot, first ordinal. */
  readonly #blockOf: Int32Array;
  readonly #slots: Int32Array;
  readonly #ordinals: Int32Array;

  /** @throws {INDEX_FULL} when there is no memory for so many runs */
  private constructor(blocks: readonly ClassBlock[], memory: LinearMemory, sizes: TableSizes) {
    const { runs, lists } = sizes;
    this.#blocks = blocks;
    this.#memory = memory;
    this.count = runs;
    this.#blockOf = new Int32Array(runs);
    this.#slots = new Int32Array(runs);
    this.#ordinals = new Int32Array(runs);
    this.#bytes = (runs * RUN_WORDS + lists + 1) * 4;
    this.at = memory.allocateScratch(this.#bytes);
    this.starts = this.at + runs * RUN_WORDS * 4;
  }

  /** All rows of these blocks, block by block. */
  static ofBlocks(blocks: readonly ClassBlock[], memory: LinearMemory): RunTable {
    const runs = blocks.map((block) => block.vectors.runs());
    const count = runs.reduce((sum, { length }) => sum + length, 0);
    const table = new RunTable(blocks, memory, { runs: count, lists: 0 });
    let at = 0;
    runs.forEach((ofBlock, block) => {
      for (const { vectors, scales, rows, firstSlot } of ofBlock) {
        table.#put(at++, [vectors, scales, rows], { block, slot: firstSlot, word: 0 });
      }
    });
    table.#number();
    return table;
  }

  /** The live rows of these blocks, list by list and within a list block by block. */
  static ofLists(blocks: readonly ClassBlock[], memory: LinearMemory, lists: number): RunTable {
    const runs = blocks.map((block) => block.vectors.listRuns());
    const starts = new Int32Array(lists + 1);
    for (const words of runs) {
      for (let word = 0; word < words.length; word += LIST_RUN_WORDS) {
        const next = (words[word] as number) + 1;
        starts[next] = (starts[next] as number) + 1;
      }
    }
    for (let list = 1; list <= lists; list++) {
      starts[list] = (starts[list] as number) + (starts[list - 1] as number);
    }
    const table = new RunTable(blocks, memory, { runs: starts[lists] as number, lists });
    memory.i32.set(starts, table.starts / 4);
    runs.forEach((words, block) => {
      for (let word = 0; word < words.length; word += LIST_RUN_WORDS) {
        const list = words[word] as number;
        const at = starts[list] as number;
        starts[list] = at + 1;
        const slot = words[word + 4] as number;
        table.#put(at, words, { block, slot, word: word + 1 });
      }
    });
    table.#number();
    return table;
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
    const block = this.#blocks[this.#blockOf[low] as number] as ClassBlock;
    const slot = (this.#slots[low] as number) + ordinal - (this.#ordinals[low] as number);
    return { block, row: block.vectors.rowAt(slot) };
  }

  /** Gives the memory back. */
  release(): void {
    this.#memory.release(this.at, this.#bytes);
  }

  /** Writes a run: addresses of its first vector and scale, number of rows. */
  #put(at: number, words: ArrayLike<number>, { block, slot, word: from }: Origin): void {
    this.#blockOf[at] = block;
    this.#slots[at] = slot;
    const { i32 } = this.#memory;
    const word = this.at / 4 + at * RUN_WORDS;
    i32[word] = words[from] as number;
    i32[word + 1] = words[from + 1] as number;
    i32[word + 2] = words[from + 2] as number;
  }

  /** Numbers the rows of all runs. */
  #number(): void {
    const { i32 } = this.#memory;
    let ordinal = 0;
    for (let at = 0; at < this.count; at++) {
      const word = this.at / 4 + at * RUN_WORDS;
      this.#ordinals[at] = i32[word + 3] = ordinal;
      ordinal += i32[word + 2] as number;
    }
  }
}
