// SPDX-License-Identifier: Apache-2.0
import type { Hash } from './merkle.ts';
import { pairs } from './tree-edge.ts';

/**
 * The hashes of one tile and the nodes above them. Each row of nodes is computed once: proofs of one tile share them,
 * and without that each proof would hash the whole tile again.
 */
export class TileNodes {
  readonly hashes: readonly Hash[];
  readonly #rows: (readonly Hash[])[];

  constructor(hashes: readonly Hash[]) {
    this.hashes = hashes;
    this.#rows = [hashes];
  }

  /** The node over `count` hashes, a power of two, that begins at a multiple of it; undefined when the tile lacks some. */
  node(from: number, count: number): Hash | undefined {
    const height = Math.log2(count);
    while (this.#rows.length <= height) this.#rows.push(pairs(this.#rows.at(-1) ?? []));
    return this.#rows[height]?.[from / count];
  }
}
