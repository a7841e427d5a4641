// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { concat, u32be } from '../../src/core/index.ts';
import { type Hash, leafHash, nodeHash, rootOf } from '../../src/provenance/merkle.ts';
import { levelCount } from '../../src/provenance/tiles.ts';
import { foldComplete, TreeEdge } from '../../src/provenance/tree-edge.ts';
import { fc } from '../support/property.ts';

const leaves = (n: number): Hash[] => Array.from({ length: n }, (_, i) => leafHash(u32be(i)));
const ALL = leaves(5000);

/** Roots of trees of 2^level equal leaves, for sizes that nobody wants to hash one by one. */
function uniformRoot(level: number, leaf: Hash): Hash {
  let hash = leaf;
  for (let i = 0; i < level; i++) hash = nodeHash(hash, hash);
  return hash;
}

describe('the right edge of a tree', () => {
  it('has the root of the tree, however the leaves were appended', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(steps, (growth) => {
        let edge = TreeEdge.empty;
        for (const step of growth) {
          const before = edge.root();
          const old = edge;
          edge = edge.append(ALL.slice(edge.size, Math.min(ALL.length, edge.size + step))).edge;
          expect(old.root()).toEqual(before);
        }
        expect(edge.root()).toEqual(rootOf(ALL.slice(0, edge.size)));
      }),
      { numRuns: 30 },
    );
  });

  it('hands out each tile at the moment it becomes full', () => {
    const { edge, full } = TreeEdge.empty.append(ALL.slice(0, 1000));
    expect(full.map(({ level, index }) => [level, index])).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
    ]);
    expect(full[1]?.hashes).toEqual(ALL.slice(256, 512));
    expect(edge.levels.map((hashes) => hashes.length)).toEqual([1000 - 768, 3]);
    expect(edge.levels[1]?.[2]).toEqual(rootOf(ALL.slice(512, 768)));
    const next = edge.append(ALL.slice(1000, 1024));
    expect(next.full.map(({ level, index }) => [level, index])).toEqual([[0, 3]]);
    expect(next.full[0]?.hashes).toEqual(ALL.slice(768, 1024));
    expect(next.edge.levels.map((hashes) => hashes.length)).toEqual([0, 4]);
  });

  it('of nothing has the root of the empty tree', () => {
    expect(TreeEdge.empty.root()).toEqual(rootOf([]));
    expect(TreeEdge.empty.append([])).toEqual({ edge: TreeEdge.empty, full: [] });
  });

  it('crosses 65,536 entries: a tile of level 1 becomes full and level 2 begins', () => {
    const leaf = ALL[0] as Hash;
    const tile = new Array<Hash>(255).fill(leaf);
    const upper = new Array<Hash>(255).fill(uniformRoot(8, leaf));
    const before = new TreeEdge(65_535, [tile, upper]);
    const { edge, full } = before.append([leaf, leaf]);
    expect(full.map(({ level, index }) => [level, index])).toEqual([
      [0, 255],
      [1, 0],
    ]);
    expect(edge.size).toBe(65_537);
    expect(edge.levels.map((hashes) => hashes.length)).toEqual([1, 0, 1]);
    expect(edge.root()).toEqual(nodeHash(uniformRoot(16, leaf), leaf));
    expect(edge.levels.map((_, level) => levelCount(level, 65_537) % 256)).toEqual([1, 0, 1]);
  });

  it('goes on far beyond 2^32 entries', () => {
    const leaf = ALL[0] as Hash;
    const levels = Array.from({ length: 5 }, (_, level) =>
      new Array<Hash>(255).fill(uniformRoot(8 * level, leaf)),
    );
    const { edge, full } = new TreeEdge(2 ** 40 - 1, levels).append([leaf]);
    expect(full.map(({ level }) => level)).toEqual([0, 1, 2, 3, 4]);
    expect(full.map(({ index }) => index)).toEqual([2 ** 32 - 1, 2 ** 24 - 1, 65_535, 255, 0]);
    expect(edge.root()).toEqual(uniformRoot(40, leaf));
  });

  it('folds complete rows only by their own pairs', () => {
    expect(foldComplete(ALL.slice(0, 1))).toEqual(ALL[0]);
    expect(foldComplete(ALL.slice(0, 8))).toEqual(rootOf(ALL.slice(0, 8)));
    const [a, b] = ALL as [Hash, Hash];
    expect(foldComplete([a, b])).toEqual(nodeHash(a, b));
    expect(foldComplete([a, b])).not.toEqual(leafHash(concat(a, b)));
  });
});
