// SPDX-License-Identifier: Apache-2.0
import { LRUCache } from 'lru-cache';
import type { ListAssigner } from './centroids.ts';
import type { ClassBlock } from './class-block.ts';
import type { VectorSettings } from './class-vectors.ts';
import type { LinearMemory } from './kernels/linear-memory.ts';
import { RunTable } from './run-table.ts';

/** Rows and classes of all cached directories together; their tables have at most 16 bytes for each of both. */
const MAX_CACHED = 2 ** 23;
/** Of one directory, so that there are at most 512. */
const LEAST_SIZE = MAX_CACHED / 512;

/**
 * Where the rows of a caller's classes lie, built from his side: from the blocks of his classes and nothing else. Good
 * until one of these classes changes.
 */
export class RunDirectory {
  readonly classes: readonly number[];
  /** Blocks of the classes that hold rows, in order of classes. */
  readonly blocks: readonly ClassBlock[];
  /** Rows that a search may find. */
  readonly liveRows: number;
  /** The lists that rows are sorted by, or null. */
  readonly lists: ListAssigner | null;
  readonly #memory: LinearMemory;
  #table: RunTable | null = null;
  #listTable: RunTable | null = null;

  constructor(classes: readonly number[], blocks: readonly ClassBlock[], settings: VectorSettings) {
    this.classes = classes;
    this.blocks = blocks;
    this.liveRows = blocks.reduce((sum, block) => sum + block.liveRows, 0);
    this.lists = settings.lists;
    this.#memory = settings.memory;
  }

  /** All rows in order of classes. */
  table(): RunTable {
    this.#table ??= RunTable.ofBlocks(this.blocks, this.#memory);
    return this.#table;
  }

  /** All live rows in order of lists; with lists only. */
  listTable(): RunTable {
    this.#listTable ??= RunTable.ofLists(this.blocks, this.#memory, this.lists?.lists ?? 0);
    return this.#listTable;
  }

  /** Gives back the memory of both tables. They are made anew if they are asked for. */
  release(): void {
    this.#table?.release();
    this.#listTable?.release();
    this.#table = this.#listTable = null;
  }
}

/**
 * The directories of recent callers by their class lists. Membership is a list of classes here: a caller who was granted
 * or lost one has another list at his next query, and no row is touched for it.
 */
export class DirectoryCache {
  readonly #settings: VectorSettings;
  readonly #blockOf: (classNo: number) => ClassBlock | undefined;
  readonly #byList: LRUCache<number, RunDirectory>;
  /** By class, the cached directories that depend on it. */
  readonly #dependents = new Map<number, Set<RunDirectory>>();

  constructor(settings: VectorSettings, blockOf: (classNo: number) => ClassBlock | undefined) {
    this.#settings = settings;
    this.#blockOf = blockOf;
    this.#byList = new LRUCache({
      maxSize: MAX_CACHED,
      // At most so many, however small; one that is larger than the whole cache is kept alone.
      sizeCalculation: ({ liveRows, classes }) =>
        Math.min(MAX_CACHED, LEAST_SIZE + classes.length + liveRows),
      dispose: (directory) => this.#forget(directory),
    });
  }

  /** The directory of exactly these classes as they are now. */
  of(classes: readonly number[]): RunDirectory {
    const key = hashOf(classes);
    const cached = this.#byList.get(key);
    if (cached !== undefined && isSameList(cached.classes, classes)) return cached;
    const blocks = classes.flatMap((classNo) => this.#blockOf(classNo) ?? []);
    const directory = new RunDirectory([...classes], blocks, this.#settings);
    this.#byList.set(key, directory);
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
    directory.release();
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
