// SPDX-License-Identifier: Apache-2.0
import { vectorBytes } from '../provenance/index.ts';
import type { ClassBlock } from './class-block.ts';

/** Rows that are copied into one stretch. */
const TOGETHER = 16;

/** Bytes to copy into, seen in three ways. */
export interface CopyRoom {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly view: DataView;
}

/**
 * Copies of the signed vector bytes of a few rows, side by side: making a buffer for each takes longer than comparing some
 * hundred rows.
 */
export class VectorCopies {
  #room = roomOf(0);
  #next = 0;

  /** A copy of a row's bytes. */
  of(block: ClassBlock, row: number): Uint8Array {
    const width = vectorBytes(block.dims);
    // Whole words, so that they can be copied as such.
    const step = Math.ceil(width / 4) * 4;
    if (this.#next + step > this.#room.bytes.length) {
      this.#room = roomOf(step * TOGETHER);
      this.#next = 0;
    }
    const at = this.#next;
    this.#next += step;
    block.vectors.copyInto(this.#room, at, row);
    return this.#room.bytes.subarray(at, at + width);
  }
}

function roomOf(bytes: number): CopyRoom {
  const buffer = new ArrayBuffer(bytes);
  return {
    bytes: new Uint8Array(buffer),
    words: new Int32Array(buffer),
    view: new DataView(buffer),
  };
}
