// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { concat, hex, sha256, u32be } from '../../src/core/index.ts';
import {
  consistencyRanges,
  consistencyRoots,
  EMPTY_ROOT,
  foldRight,
  type Hash,
  inclusionProof,
  inclusionRanges,
  leafHash,
  MAX_PROOF_HASHES,
  nodeHash,
  rangeHash,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from '../../src/provenance/merkle.ts';
import { fc } from '../support/property.ts';
import { flipBit } from '../support/tampering.ts';

const leaves = (n: number): Hash[] => Array.from({ length: n }, (_, i) => leafHash(u32be(i)));

/** RFC 6962 section 2.1, word for word. */
function naiveRoot(all: readonly Hash[]): Hash {
  if (all.length === 0) return sha256(new Uint8Array(0));
  if (all.length === 1) return all[0] as Hash;
  const k = 2 ** Math.floor(Math.log2(all.length - 1));
  return sha256(concat(Uint8Array.of(1), naiveRoot(all.slice(0, k)), naiveRoot(all.slice(k))));
}

/** RFC 6962 section 2.1.2, word for word. */
function naiveConsistency(m: number, all: readonly Hash[], complete: boolean): Hash[] {
  const n = all.length;
  if (m === n) return complete ? [] : [naiveRoot(all)];
  const k = 2 ** Math.floor(Math.log2(n - 1));
  return m <= k
    ? [...naiveConsistency(m, all.slice(0, k), complete), naiveRoot(all.slice(k))]
    : [...naiveConsistency(m - k, all.slice(k), false), naiveRoot(all.slice(0, k))];
}

/** Hashes of complete subtrees straight from the leaves. */
const nodeReader =
  (all: readonly Hash[]) =>
  (level: number, index: number): Hash =>
    naiveRoot(all.slice(index * 2 ** level, (index + 1) * 2 ** level));

const consistencyProof = (m: number, all: readonly Hash[]): Promise<Hash[]> =>
  Promise.all(consistencyRanges(m, all.length).map((range) => rangeHash(range, nodeReader(all))));

describe('roots', () => {
  it('of no leaves is the hash of nothing', () => {
    expect(EMPTY_ROOT).toEqual(sha256(new Uint8Array(0)));
    expect(rootOf([])).toEqual(EMPTY_ROOT);
    expect(foldRight([])).toEqual(EMPTY_ROOT);
  });

  it('follow the recursion of RFC 6962 for every size up to 130', () => {
    for (let n = 0; n <= 130; n++) expect(rootOf(leaves(n))).toEqual(naiveRoot(leaves(n)));
  });

  it('keep leaves and nodes apart', () => {
    const [a, b] = leaves(2) as [Hash, Hash];
    expect(nodeHash(a, b)).not.toEqual(leafHash(concat(a, b)));
    expect(hex(leafHash(new Uint8Array(0)))).toBe(hex(sha256(Uint8Array.of(0))));
  });

  it('are folded from the frontier of complete subtrees', () => {
    for (let n = 1; n <= 70; n++) {
      const all = leaves(n);
      // One subtree for each bit of the size, the largest first.
      const bits = Array.from(n.toString(2)).map((bit, i, all) => ({
        bit,
        level: all.length - 1 - i,
      }));
      let at = 0;
      const parts = bits.flatMap(({ bit, level }) => {
        if (bit === '0') return [];
        const from = at;
        at += 2 ** level;
        return [nodeReader(all)(level, from / 2 ** level)];
      });
      expect(foldRight(parts)).toEqual(naiveRoot(all));
    }
  });

  it('split at the largest power of two below the size, beyond 2^32 too', () => {
    // The last hash of the proof of the first leaf is that of everything behind the split.
    for (const [size, split] of [
      ...[2, 3, 4, 5, 8, 9].map((n, i) => [n, [1, 2, 2, 4, 4, 8][i] ?? 0] as const),
      [2 ** 40 + 1, 2 ** 40] as const,
      [Number.MAX_SAFE_INTEGER, 2 ** 52] as const,
    ]) {
      expect(inclusionRanges(0, size).at(-1)).toEqual([split, size]);
    }
  });
});

describe('inclusion proofs', () => {
  it('hold for every leaf of every size up to 66 and fail for every other place', () => {
    for (let size = 1; size <= 66; size++) {
      const all = leaves(size);
      const root = rootOf(all);
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(all, index);
        const leaf = all[index] as Hash;
        expect(verifyInclusion(leaf, { index, size }, proof, root)).toBe(true);
        for (const other of [index - 1, index + 1]) {
          expect(verifyInclusion(leaf, { index: other, size }, proof, root)).toBe(false);
        }
      }
    }
  });

  it('are refused with any bit turned over, a hash missing, left over or of another length', () => {
    const [size, index] = [37, 18];
    const all = leaves(size);
    const [root, leaf, proof] = [rootOf(all), all[index] as Hash, inclusionProof(all, index)];
    const holds = (p: readonly Hash[]): boolean => verifyInclusion(leaf, { index, size }, p, root);
    expect(holds(proof)).toBe(true);
    for (const [at, hash] of proof.entries()) {
      for (let bit = 0; bit < 256; bit++)
        expect(holds(proof.with(at, flipBit(hash, bit)))).toBe(false);
      expect(holds(proof.toSpliced(at, 1))).toBe(false);
      expect(holds(proof.with(at, hash.subarray(1)))).toBe(false);
      expect(holds(proof.with(at, concat(hash, Uint8Array.of(0))))).toBe(false);
      expect(holds(proof.toSpliced(at, 0, hash))).toBe(false);
    }
    expect(holds([...proof, root])).toBe(false);
    expect(holds([])).toBe(false);
    expect(verifyInclusion(leaf.subarray(1), { index, size }, proof, root)).toBe(false);
  });

  it('do not exist outside the tree', () => {
    const root = rootOf(leaves(4));
    const leaf = leaves(1)[0] as Hash;
    for (const index of [-1, 4, 0.5, Number.NaN, 2 ** 53]) {
      expect(verifyInclusion(leaf, { index, size: 4 }, [], root)).toBe(false);
    }
    for (const size of [0, -1, 4.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      for (const proof of [[root, root], [], inclusionProof(leaves(4), 0)]) {
        expect(verifyInclusion(leaf, { index: 0, size }, proof, root)).toBe(false);
      }
    }
    const proof = inclusionProof(leaves(4), 0);
    expect(verifyInclusion(leaf, { index: 0, size: 4 }, proof, root)).toBe(true);
    expect(verifyInclusion(leaf, { index: 0, size: 4 }, [...proof, root], root)).toBe(false);
    expect(verifyInclusion(leaf, { index: 0, size: 1 }, [], leaf)).toBe(true);
    expect(() => inclusionRanges(4, 4)).toThrow(RangeError);
    expect(() => inclusionRanges(-1, 4)).toThrow(RangeError);
  });

  it('with a hundred thousand hashes are refused unread', () => {
    const leaf = leafHash(u32be(0));
    const bomb = new Array<Hash>(100_000).fill(leaf);
    const at = { index: 0, size: Number.MAX_SAFE_INTEGER };
    // An array that must not be read tells when it is.
    const unread = new Proxy(bomb, {
      get: (target, name) => {
        if (name === 'length') return target.length;
        throw new Error('a hash was read');
      },
    });
    expect(verifyInclusion(leaf, at, unread, leaf)).toBe(false);
    expect(MAX_PROOF_HASHES).toBe(63);
  });

  it('work where 32-bit shifts would break', () => {
    const size = 2 ** 33;
    const siblings = Array.from({ length: 33 }, (_, i) => leafHash(u32be(i)));
    const index = 2 ** 32 + 5;
    let expected = leafHash(u32be(99));
    for (const [level, sibling] of siblings.entries()) {
      const right = Math.floor(index / 2 ** level) % 2 === 1;
      expected = right ? nodeHash(sibling, expected) : nodeHash(expected, sibling);
    }
    const at = { index, size };
    expect(verifyInclusion(leafHash(u32be(99)), at, siblings, expected)).toBe(true);
    expect(inclusionRanges(index, size)).toHaveLength(33);
  });
});

describe('consistency proofs', () => {
  it('are those of RFC 6962 and hold for every pair of sizes up to 34', async () => {
    for (let n = 1; n <= 34; n++) {
      const all = leaves(n);
      const newer = { size: n, root: rootOf(all) };
      for (let m = 1; m <= n; m++) {
        const proof = await consistencyProof(m, all);
        expect(proof).toEqual(naiveConsistency(m, all, true));
        const older = { size: m, root: rootOf(all.slice(0, m)) };
        expect(verifyConsistency(older, newer, proof)).toBe(true);
        const wrong = { size: m, root: leafHash(older.root) };
        expect(verifyConsistency(wrong, newer, proof)).toBe(false);
        expect(verifyConsistency(older, { size: n, root: leafHash(newer.root) }, proof)).toBe(
          false,
        );
      }
    }
  });

  it('are refused with any bit turned over, a hash missing or left over', async () => {
    const all = leaves(21);
    const [older, newer] = [
      { size: 13, root: rootOf(all.slice(0, 13)) },
      { size: 21, root: rootOf(all) },
    ];
    const proof = await consistencyProof(13, all);
    const holds = (p: readonly Hash[]): boolean => verifyConsistency(older, newer, p);
    expect(holds(proof)).toBe(true);
    for (const [at, hash] of proof.entries()) {
      for (let bit = 0; bit < 256; bit++)
        expect(holds(proof.with(at, flipBit(hash, bit)))).toBe(false);
      expect(holds(proof.toSpliced(at, 1))).toBe(false);
      expect(holds(proof.with(at, hash.subarray(1)))).toBe(false);
    }
    expect(holds([...proof, newer.root])).toBe(false);
    expect(holds([])).toBe(false);
    expect(verifyConsistency(newer, older, proof)).toBe(false);
  });

  it('are refused for sizes that are no sizes', () => {
    const root = rootOf(leaves(3));
    for (const [m, n] of [
      [1.5, 3],
      [1, 3.5],
      [Number.NaN, 3],
      [1, Number.NaN],
      [-1, 3],
      [1, 2 ** 53],
    ] as const) {
      expect(verifyConsistency({ size: m, root }, { size: n, root }, [root])).toBe(false);
      expect(verifyConsistency({ size: m, root }, { size: m, root }, [])).toBe(m === 1);
    }
  });

  it('prove nothing about the empty tree, and equal sizes only with equal roots', () => {
    const head = { size: 3, root: rootOf(leaves(3)) };
    expect(verifyConsistency({ size: 0, root: EMPTY_ROOT }, head, [])).toBe(false);
    expect(verifyConsistency(head, head, [])).toBe(true);
    expect(verifyConsistency(head, { ...head, root: EMPTY_ROOT }, [])).toBe(false);
    expect(verifyConsistency(head, head, [EMPTY_ROOT])).toBe(false);
    expect(() => consistencyRanges(0, 3)).toThrow(RangeError);
    expect(() => consistencyRanges(4, 3)).toThrow(RangeError);
  });

  it('give both roots that they lead to, also when neither is the expected one', async () => {
    for (let n = 1; n <= 20; n++) {
      const all = leaves(n);
      for (let m = 1; m <= n; m++) {
        const older = { size: m, root: rootOf(all.slice(0, m)) };
        const proof = await consistencyProof(m, all);
        const roots = { older: older.root, newer: rootOf(all) };
        expect(consistencyRoots(older, n, proof)).toEqual(roots);
        // From anything but a power of two the hashes alone decide; else the older root is the first of them.
        const other = consistencyRoots({ size: m, root: EMPTY_ROOT }, n, proof);
        if (Number.isInteger(Math.log2(m)) || m === n) expect(other?.older).toEqual(EMPTY_ROOT);
        else expect(other).toEqual(roots);
        expect(consistencyRoots(older, n, [...proof, EMPTY_ROOT])).toBeNull();
      }
    }
    expect(consistencyRoots({ size: 2, root: EMPTY_ROOT }, 3, [])).toBeNull();
  });

  it('never take another tree for a continuation', async () => {
    const size = fc.integer({ min: 2, max: 60 });
    await fc.assert(
      fc.asyncProperty(size, fc.nat(), fc.nat(), async (n, a, b) => {
        const m = 1 + (a % (n - 1));
        const all = leaves(n);
        const forged = all.with(b % m, leafHash(u32be(1_000_000)));
        const newer = { size: n, root: rootOf(forged) };
        const older = { size: m, root: rootOf(all.slice(0, m)) };
        expect(verifyConsistency(older, newer, await consistencyProof(m, forged))).toBe(false);
      }),
    );
  });
});
