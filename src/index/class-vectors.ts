// SPDX-License-Identifier: Apache-2.0
import type { QuantisedVector } from '../provenance/index.ts';
import { strideOf } from './kernels/kernel.ts';
import type { LinearMemory } from './kernels/linear-memory.ts';

/** Rows that a class grows by at most. */
const MAX_GROWTH = 16384;

/** A stretch of memory with room for some rows: their vectors, then their scales. */
interface Extent {
  readonly firstRow: number;
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
  readonly firstRow: number;
  readonly rows: number;
}

/**
 * The vectors of one class in the memory of the index. Grows by stretches that hold this class alone, as many rows
 * again as there are up to 16,384, so that nothing is copied when it grows.
 */
export class ClassVectors {
  readonly #memory: LinearMemory;
  readonly #dims: number;
  readonly #stride: number;
  readonly #extents: Extent[] = [];
  #rows = 0;
  #room = 0;

  constructor(memory: LinearMemory, dims: number) {
    this.#memory = memory;
    this.#dims = dims;
    this.#stride = strideOf(dims);
  }

  /**
   * Makes room for so many more rows, side by side as far as they do not fit.
   * @throws {INDEX_FULL} when memory is used up; nothing is changed then
   */
  reserve(rows: number): void {
    const missing = this.#rows + rows - this.#room;
    if (missing <= 0) return;
    const room = Math.max(missing, Math.min(this.#room, MAX_GROWTH));
    const vectors = this.#memory.allocate(this.#bytesFor(room));
    const scales = vectors + room * this.#stride;
    this.#extents.push({ firstRow: this.#room, room, vectors, scales });
    this.#room += room;
  }

  /** Adds a row, for which there must be room. */
  push({ scale, q }: QuantisedVector): void {
    const { vector, scaleAt } = this.#place(this.#rows);
    this.#memory.i8.set(q, vector);
    this.#memory.f32[scaleAt / 4] = scale;
    this.#rows++;
  }

  /** Overwrites a row. A scale of zero is what marks it as removed. */
  erase(row: number): void {
    const { vector, scaleAt } = this.#place(row);
    this.#memory.i8.fill(0, vector, vector + this.#dims);
    this.#memory.f32[scaleAt / 4] = 0;
  }

  /** Scale of a row; 0 for a removed one. */
  scaleOf(row: number): number {
    return this.#memory.f32[this.#place(row).scaleAt / 4] as number;
  }

  /** Components of a row: a view until something is added to any class. */
  componentsOf(row: number): Int8Array {
    const { vector } = this.#place(row);
    return this.#memory.i8.subarray(vector, vector + this.#dims);
  }

  /** All rows, removed ones among them, as stretches in order. */
  runs(): VectorRun[] {
    return this.#extents.flatMap(({ firstRow, room, vectors, scales }) => {
      const rows = Math.min(room, this.#rows - firstRow);
      return rows > 0 ? [{ vectors, scales, firstRow, rows }] : [];
    });
  }

  /** Overwrites all rows and gives the memory back. */
  release(): void {
    for (const { vectors, room } of this.#extents) {
      this.#memory.release(vectors, this.#bytesFor(room));
    }
    this.#extents.length = 0;
    this.#rows = this.#room = 0;
  }

  #bytesFor(room: number): number {
    return room * (this.#stride + 4);
  }

  #place(row: number): { vector: number; scaleAt: number } {
    const extent = this.#extentOf(row);
    const at = row - extent.firstRow;
    return { vector: extent.vectors + at * this.#stride, scaleAt: extent.scales + at * 4 };
  }

  #extentOf(row: number): Extent {
    let low = 0;
    let high = this.#extents.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#extents[middle] as Extent).firstRow <= row) low = middle;
      else high = middle - 1;
    }
    return this.#extents[low] as Extent;
  }
}
