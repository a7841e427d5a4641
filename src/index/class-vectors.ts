// SPDX-License-Identifier: Apache-2.0
import { isStrongroomError } from '../core/index.ts';
import type { QuantisedVector } from '../provenance/index.ts';
import type { ListAssigner } from './centroids.ts';
import { strideOf } from './kernels/kernel.ts';
import type { LinearMemory } from './kernels/linear-memory.ts';
import { NO_NUMBERS, withRoom } from './typed-arrays.ts';
import type { CopyRoom } from './vector-copies.ts';

/** Rows that a class grows by at most. */
const MAX_GROWTH = 16384;
/** So many rows out of order are looked up one by one before it pays to sort a class. */
const UNSORTED = 256;

/** Words of a run of one list: list, address of its first vector, of its first scale, rows, first slot. */
export const LIST_RUN_WORDS = 5;

/** A stretch of memory with room for some rows: their vectors, then their scales. */
interface Extent {
  readonly firstSlot: number;
  readonly room: number;
  readonly vectors: number;
  readonly scales: number;
}

/** Rows that lie side by side. */
export interface VectorRun {
  /** Address of the first vector. */
  readonly vectors: number;
  /** Address of the first scale. */
  readonly scales: number;
  readonly firstSlot: number;
  readonly rows: number;
}

/** Where vectors are kept, and how they are put in order. */
export interface VectorSettings {
  readonly dims: number;
  readonly memory: LinearMemory;
  /** The lists that rows are sorted by; null when they stay in the order of their arrival. */
  readonly lists: ListAssigner | null;
}

/**
 * The vectors of one class in the memory of the index. Grows by stretches that hold this class alone, as many rows
 * again as there are up to 16,384, so that nothing is copied when it grows.
 *
 * Rows are numbered as they come; slots are places in memory. With lists, rows of one list are moved side by side when a
 * fifth of the class is out of order: while rows are added, never while one searches.
 */
export class ClassVectors {
  readonly #settings: VectorSettings;
  readonly #stride: number;
  #extents: Extent[] = [];
  #rows = 0;
  #room = 0;
  /** With lists: slot by row, row by slot, list by slot. */
  #slots = NO_NUMBERS;
  #rowsBySlot = NO_NUMBERS;
  #lists = NO_NUMBERS;
  #listRuns: Int32Array | null = null;
  /** Slots below this one ascend by list and lie in one stretch. */
  #sorted = 0;

  constructor(settings: VectorSettings) {
    this.#settings = settings;
    this.#stride = strideOf(settings.dims);
  }

  /**
   * Makes room for so many more rows, side by side as far as they do not fit.
   * @throws {INDEX_FULL} when memory is used up; nothing is changed then
   */
  reserve(rows: number): void {
    const missing = this.#rows + rows - this.#room;
    if (missing > 0) this.#extend(Math.max(missing, Math.min(this.#room, MAX_GROWTH)));
  }

  /** Adds a row, for which there must be room. */
  push(vector: QuantisedVector): void {
    const { memory, lists } = this.#settings;
    this.#listRuns = null;
    const slot = this.#rows++;
    const { vectors, scales } = this.#place(slot);
    memory.i8.set(vector.q, vectors);
    memory.f32[scales / 4] = vector.scale;
    if (lists === null) return;
    this.#slots = withRoom(this.#slots, this.#rows);
    this.#rowsBySlot = withRoom(this.#rowsBySlot, this.#rows);
    this.#lists = withRoom(this.#lists, this.#rows);
    this.#slots[slot] = this.#rowsBySlot[slot] = slot;
    this.#lists[slot] = lists.listOf(vector);
  }

  /** Puts the rows in order when enough of them are out of it. */
  settle(): void {
    const unsorted = this.#rows - this.#sorted;
    if (this.#settings.lists === null || unsorted <= Math.max(UNSORTED, this.#sorted / 4)) return;
    try {
      this.#sort();
    } catch (error) {
      // Order is for speed alone, and needs the memory of the class once more.
      if (!isStrongroomError(error, 'INDEX_FULL')) throw error;
    }
  }

  /** Overwrites a row. A scale of zero is what marks it as removed. */
  erase(row: number): void {
    const { memory, dims } = this.#settings;
    this.#listRuns = null;
    const { vectors, scales } = this.#place(this.#slotOf(row));
    memory.i8.fill(0, vectors, vectors + dims);
    memory.f32[scales / 4] = 0;
  }

  /** Scale of a row; 0 for a removed one. */
  scaleOf(row: number): number {
    return this.#settings.memory.f32[this.#place(this.#slotOf(row)).scales / 4] as number;
  }

  /** Components of a row: a view until something is added to any class. */
  componentsOf(row: number): Int8Array {
    const { memory, dims } = this.#settings;
    const { vectors } = this.#place(this.#slotOf(row));
    return memory.i8.subarray(vectors, vectors + dims);
  }

  /** Writes a row's signed bytes, scale and components, at a multiple of four bytes, and zeros up to the next one. */
  copyInto({ words, view }: CopyRoom, at: number, row: number): void {
    const { memory, dims } = this.#settings;
    const { i32, f32 } = memory;
    const { vectors, scales } = this.#place(this.#slotOf(row));
    view.setFloat32(at, f32[scales / 4] as number, true);
    // In memory, components are padded with zeros to whole words.
    let from = vectors / 4;
    let to = at / 4 + 1;
    for (const end = to + Math.ceil(dims / 4); to < end; to++) words[to] = i32[from++] as number;
  }

  /** The row at a slot. */
  rowAt(slot: number): number {
    return this.#settings.lists === null ? slot : (this.#rowsBySlot[slot] as number);
  }

  /** All rows, removed ones among them, as stretches in order of slots. */
  runs(): VectorRun[] {
    return this.#extents.flatMap(({ firstSlot, room, vectors, scales }) => {
      const rows = Math.min(room, this.#rows - firstSlot);
      return rows > 0 ? [{ vectors, scales, firstSlot, rows }] : [];
    });
  }

  /**
   * The live rows as stretches of one list each, {@link LIST_RUN_WORDS} words for each; with lists only. Removed rows do
   * not show: a search by lists must not depend on what was here before. Kept until the class changes.
   */
  listRuns(): Int32Array {
    this.#listRuns ??= this.#findListRuns();
    return this.#listRuns;
  }

  #findListRuns(): Int32Array {
    const { f32 } = this.#settings.memory;
    const lists = this.#lists;
    const words: number[] = [];
    for (const { vectors, scales, firstSlot, rows } of this.runs()) {
      const firstScale = scales / 4;
      for (let from = 0; from < rows;) {
        const list = lists[firstSlot + from] as number;
        let to = from;
        while (to < rows && lists[firstSlot + to] === list && f32[firstScale + to] !== 0) to++;
        if (to > from) {
          const at = vectors + from * this.#stride;
          words.push(list, at, scales + from * 4, to - from, firstSlot + from);
        }
        from = Math.max(to, from + 1);
      }
    }
    return Int32Array.from(words);
  }

  /** Overwrites all rows and gives the memory back. */
  release(): void {
    this.#releaseExtents();
    this.#extents = [];
    this.#listRuns = null;
    this.#rows = this.#room = this.#sorted = 0;
  }

  #releaseExtents(): void {
    const { memory } = this.#settings;
    for (const { vectors, room } of this.#extents) memory.release(vectors, this.#bytesFor(room));
  }

  #extend(room: number): void {
    const vectors = this.#settings.memory.allocate(this.#bytesFor(room));
    this.#extents.push({
      firstSlot: this.#room,
      room,
      vectors,
      scales: vectors + room * this.#stride,
    });
    this.#room += room;
  }

  /** Moves all rows into one new stretch, ordered by list and within a list by slot. */
  #sort(): void {
    const { memory } = this.#settings;
    const rows = this.#rows;
    const order = orderBy(this.#lists.subarray(0, rows));
    const vectors = memory.allocate(this.#bytesFor(rows));
    const scales = vectors + rows * this.#stride;
    order.forEach((from, to) => {
      const old = this.#place(from);
      memory.bytes.copyWithin(vectors + to * this.#stride, old.vectors, old.vectors + this.#stride);
      memory.f32[scales / 4 + to] = memory.f32[old.scales / 4] as number;
    });
    this.#lists = order.map((from) => this.#lists[from] as number);
    this.#rowsBySlot = order.map((from) => this.#rowsBySlot[from] as number);
    this.#rowsBySlot.forEach((row, slot) => (this.#slots[row] = slot));
    this.#listRuns = null;
    this.#releaseExtents();
    this.#extents = [{ firstSlot: 0, room: rows, vectors, scales }];
    this.#room = this.#sorted = rows;
  }

  #slotOf(row: number): number {
    return this.#settings.lists === null ? row : (this.#slots[row] as number);
  }

  #bytesFor(room: number): number {
    return room * (this.#stride + 4);
  }

  #place(slot: number): { vectors: number; scales: number } {
    const { firstSlot, vectors, scales } = this.#extentOf(slot);
    const at = slot - firstSlot;
    return { vectors: vectors + at * this.#stride, scales: scales + at * 4 };
  }

  #extentOf(slot: number): Extent {
    let low = 0;
    let high = this.#extents.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#extents[middle] as Extent).firstSlot <= slot) low = middle;
      else high = middle - 1;
    }
    return this.#extents[low] as Extent;
  }
}

/** Positions ordered by value, equal ones by position: a counting sort. */
function orderBy(values: Uint32Array): Uint32Array {
  const starts = new Uint32Array(values.reduce((most, value) => Math.max(most, value), 0) + 2);
  for (const value of values) starts[value + 1] = (starts[value + 1] as number) + 1;
  for (let value = 1; value < starts.length; value++) {
    starts[value] = (starts[value] as number) + (starts[value - 1] as number);
  }
  const order = new Uint32Array(values.length);
  values.forEach((value, at) => {
    const next = starts[value] as number;
    order[next] = at;
    starts[value] = next + 1;
  });
  return order;
}
