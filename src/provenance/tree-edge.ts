// SPDX-License-Identifier: Apache-2.0
import { type Hash, foldRight, nodeHash } from './merkle.ts';
import { TILE_WIDTH } from './tiles.ts';

/** A hash tile that became full while leaves were appended. */
export interface FullTile {
  readonly level: number;
  readonly index: number;
  readonly hashes: readonly Hash[];
}

/**
 * The right edge of a tiled tree: the partial tile of every level. Enough to append leaves, to know the root and to
 * write the next tiles. Immutable: appending makes a new edge.
 */
export class TreeEdge {
  readonly size: number;
  /** Hashes of the partial tile of each level; fewer than 256 each. */
  readonly levels: readonly (readonly Hash[])[];
  #root: Hash | null = null;

  constructor(size: number, levels: readonly (readonly Hash[])[]) {
    this.size = size;
    this.levels = levels;
  }

  /** The edge of the empty tree. */
  static readonly empty = new TreeEdge(0, []);

  /** Appends leaf hashes; tells which tiles became full on the way. */
  append(leaves: readonly Hash[]): { readonly edge: TreeEdge; readonly full: readonly FullTile[] } {
    const levels = this.levels.map((hashes) => [...hashes]);
    const counts = levels.map((hashes, level) => this.#countAt(level) - hashes.length);
    const full: FullTile[] = [];
    for (const leaf of leaves) push(levels, counts, 0, leaf, full);
    return { edge: new TreeEdge(this.size + leaves.length, levels), full };
  }

  /** Root of the tree. */
  root(): Hash {
    this.#root ??= foldRight(this.levels.toReversed().flatMap(completeSubtrees));
    return this.#root;
  }

  #countAt(level: number): number {
    return Math.floor(this.size / TILE_WIDTH ** level);
  }
}

/** Hash of 2^k adjacent hashes. */
export function foldComplete(hashes: readonly Hash[]): Hash {
  let row = hashes;
  while (row.length > 1) row = pairs(row);
  return row[0] as Hash;
}

/** Parents of adjacent hashes; an odd one at the end has none. */
export function pairs(row: readonly Hash[]): Hash[] {
  return Array.from({ length: row.length >> 1 }, (_, i) =>
    nodeHash(row[2 * i] as Hash, row[2 * i + 1] as Hash),
  );
}

// The five arguments are the loop state of `append`, split off for the recursion over levels.
// eslint-disable-next-line max-params
function push(
  levels: Hash[][],
  starts: number[],
  level: number,
  hash: Hash,
  full: FullTile[],
): void {
  const hashes = (levels[level] ??= []);
  starts[level] ??= 0;
  hashes.push(hash);
  if (hashes.length < TILE_WIDTH) return;
  full.push({ level, index: starts[level] / TILE_WIDTH, hashes: [...hashes] });
  starts[level] += TILE_WIDTH;
  levels[level] = [];
  push(levels, starts, level + 1, foldComplete(hashes), full);
}

/** A partial tile as complete subtrees, widest first. */
function completeSubtrees(hashes: readonly Hash[]): Hash[] {
  const parts: Hash[] = [];
  let at = 0;
  for (let width = TILE_WIDTH / 2; width >= 1; width /= 2) {
    if (hashes.length - at >= width) {
      parts.push(foldComplete(hashes.slice(at, at + width)));
      at += width;
    }
  }
  return parts;
}
