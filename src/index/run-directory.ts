// SPDX-License-Identifier: Apache-2.0
import { LRUCache } from 'lru-cache';
import type { ClassBlock } from './class-block.ts';
import { RUN_WORDS } from './kernels/kernel.ts';

/** Runs of all cached directories together: 64 MB of tables at most. */
const MAX_CACHED_RUNS = 2 ** 22;

/** A row of a block. */
export interface PlacedRow {
  readonly block: ClassBlock;
  readonly row: number;
}

/**
 * Where the rows of a caller's classes lie, built from his side: from the blocks of his classes and nothing else. Good
 * until one of these classes changes.
 */
export class RunDirectory {
  readonly classes: readonly number[];
  /** Blocks of the classes that hold rows, in order of classes. */
  readonly blocks: readonly ClassBlock[];
  /** Rows that a search compares. */
  readonly liveRows: number;
  /** The runs as the kernels read them; ordinals number the rows of all runs, removed ones among them. */
  readonly table: Int32Array;
  /** By run, the ordinal of its first row, its block and its first row there. */
  readonly #ordinals: number[] = [];
  readonly #blocks: ClassBlock[] = [];
  readonly #rows: number[] = [];

  constructor(classes: readonly number[], blocks: readonly ClassBlock[]) {
    this.classes = classes;
    this.blocks = blocks;
    this.liveRows = blocks.reduce((sum, block) => sum + block.liveRows, 0);
    const words: number[] = [];
    let ordinal = 0;
    for (const block of blocks) {
      for (const { vectors, scales, firstRow, rows } of block.vectors.runs()) {
        words.push(vectors, scales, rows, ordinal);
        this.#ordinals.push(ordinal);
        this.#blocks.push(block);
        this.#rows.push(firstRow);
        ordinal += rows;
      }
    }
    this.table = Int32Array.from(words);
  }

  /** Number of runs. */
  get runs(): number {
    return this.table.length / RUN_WORDS;
  }

  /** The row of an ordinal. */
  rowAt(ordinal: number): PlacedRow {
    let low = 0;
    let high = this.#ordinals.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#ordinals[middle] as number) <= ordinal) low = middle;
      else high = middle - 1;
    }
    const first = this.#ordinals[low] as number;
    return {
      block: this.#blocks[low] as ClassBlock,
      row: (this.#rows[low] as number) + ordinal - first,
    };
  }
}

/**
 * The directories of recent callers by their class lists. Membership is a list of classes here: a caller who was granted
 * or lost one has another list at his next query, and no row is touched for it.
 */
export class DirectoryCache {
  readonly #blockOf: (classNo: number) => ClassBlock | undefined;
  readonly #byList: LRUCache<number, RunDirectory>;
  /** By class, the cached directories that depend on it. */
  readonly #dependents = new Map<number, Set<RunDirectory>>();

  constructor(blockOf: (classNo: number) => ClassBlock | undefined) {
    this.#blockOf = blockOf;
    this.#byList = new LRUCache({
      maxSize: MAX_CACHED_RUNS,
      sizeCalculation: ({ runs, classes }) => runs + classes.length + 1,
      dispose: (directory) => this.#forget(directory),
    });
  }

  /** The directory of exactly these classes as they are now. */
  of(classes: readonly number[]): RunDirectory {
    const key = hashOf(classes);
    const cached = this.#byList.get(key);
    if (cached !== undefined && isSameList(cached.classes, classes)) return cached;
    const blocks = classes.flatMap((classNo) => this.#blockOf(classNo) ?? []);
    const directory = new RunDirectory([...classes], blocks);
    this.#byList.set(key, directory);
    // One that is larger than the whole cache is not kept.
    if (this.#byList.peek(key) !== directory) return directory;
    for (const classNo of directory.classes) {
      const dependents = this.#dependents.get(classNo);
      if (dependents === undefined) this.#dependents.set(classNo, new Set([directory]));
      else dependents.add(directory);
    }
    return directory;
  }

  /** Drops the directories of a class whose rows have changed. */
  changed(classNo: number): void {
    for (const { classes } of this.#dependents.get(classNo) ?? []) {
      this.#byList.delete(hashOf(classes));
    }
  }

  #forget(directory: RunDirectory): void {
    for (const classNo of directory.classes) {
      const dependents = this.#dependents.get(classNo);
      dependents?.delete(directory);
      if (dependents?.size === 0) this.#dependents.delete(classNo);
    }
  }
}

/** FNV-1a over the numbers. Lists that collide share one place; they are compared before use. */
function hashOf(classes: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const classNo of classes) hash = Math.imul(hash ^ classNo, 0x01000193);
  return hash >>> 0;
}

function isSameList(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((classNo, at) => classNo === b[at]);
}
