// SPDX-License-Identifier: Apache-2.0
// RFC 6962 / RFC 9162 Merkle trees. Sizes and indices are safe integers, so no 32-bit shifts: arithmetic only.
import { concat, sha256 } from '../core/index.ts';

/** 32 bytes. */
export type Hash = Uint8Array;

/** The hash of a complete subtree: leaves [index * 2^level, (index + 1) * 2^level). */
export type NodeReader = (level: number, index: number) => Hash | Promise<Hash>;

const LEAF = Uint8Array.of(0);

/** Root of the tree without leaves (RFC 6962 section 2.1): SHA-256 of nothing. */
export const EMPTY_ROOT: Hash = sha256(new Uint8Array(0));

/** A proof that climbs further than any tree of 2^53 leaves is refused before it is read. */
export const MAX_PROOF_HASHES = 63;

/** SHA256(0x00 || data). */
export function leafHash(data: Uint8Array): Hash {
  return sha256(concat(LEAF, data));
}

/** What {@link nodeHash} hashes: trees are made of it, so it is not allocated anew for each. */
const node = Uint8Array.of(1, ...new Uint8Array(64));

/** SHA256(0x01 || left || right). @throws {RangeError} for hashes of another length */
export function nodeHash(left: Hash, right: Hash): Hash {
  if (left.length !== 32 || right.length !== 32) throw new RangeError('a hash has 32 bytes');
  node.set(left, 1);
  node.set(right, 33);
  return sha256(node);
}

/** Largest power of two smaller than `n`, for n >= 2: where RFC 6962 splits a tree. */
function splitPoint(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** Root over leaf hashes in memory. */
export function rootOf(leaves: readonly Hash[]): Hash {
  return leaves.length === 0 ? EMPTY_ROOT : subtree(leaves, 0, leaves.length);
}

/** Audit path of leaf `index`, leaf to root, over leaf hashes in memory. */
export function inclusionProof(leaves: readonly Hash[], index: number): Hash[] {
  return inclusionRanges(index, leaves.length).map(([lo, hi]) => subtree(leaves, lo, hi));
}

/** A half-open range of leaves. */
export type LeafRange = readonly [lo: number, hi: number];

/**
 * The ranges whose hashes form the inclusion proof of `index` in a tree of `size`, leaf to root.
 * @throws {RangeError} for an index outside the tree
 */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  if (!(index >= 0 && index < size)) throw new RangeError('leaf index outside the tree');
  const ranges: LeafRange[] = [];
  let [lo, hi] = [0, size];
  while (hi - lo > 1) {
    const middle = lo + splitPoint(hi - lo);
    if (index < middle) {
      ranges.push([middle, hi]);
      hi = middle;
    } else {
      ranges.push([lo, middle]);
      lo = middle;
    }
  }
  return ranges.reverse();
}

/**
 * The ranges whose hashes form the consistency proof from `oldSize` to `size` (RFC 9162 section 2.1.4.1).
 * @throws {RangeError} unless 1 <= oldSize <= size
 */
export function consistencyRanges(oldSize: number, size: number): LeafRange[] {
  if (!(oldSize >= 1 && oldSize <= size))
    throw new RangeError('no consistency proof for these sizes');
  const ranges: LeafRange[] = [];
  let [lo, hi] = [0, size];
  while (hi > oldSize) {
    const middle = lo + splitPoint(hi - lo);
    if (oldSize <= middle) {
      ranges.push([middle, hi]);
      hi = middle;
    } else {
      ranges.push([lo, middle]);
      lo = middle;
    }
  }
  if (lo > 0) ranges.push([lo, hi]);
  return ranges.reverse();
}

/** Hash of a range that stands in a proof, folded from complete subtrees (at most one per level). */
export async function rangeHash([lo, hi]: LeafRange, node: NodeReader): Promise<Hash> {
  const parts: Hash[] = [];
  for (let at = lo; at < hi;) {
    const [level, width] = widestSubtree(at, hi);
    parts.push(await node(level, at / width));
    at += width;
  }
  return foldRight(parts);
}

/** Joins the complete subtrees that make up a tree, left to right and so of falling size, into its root. */
export function foldRight(parts: readonly Hash[]): Hash {
  let root = parts.at(-1) ?? EMPTY_ROOT;
  for (let i = parts.length - 2; i >= 0; i--) root = nodeHash(parts[i] as Hash, root);
  return root;
}

/**
 * RFC 9162 section 2.1.3.2, with the strictness that the RFC leaves open: hashes of exactly 32 bytes, none missing and
 * none left over. A proof does not bind the tree size, so `size` and `root` must come from a signed checkpoint.
 */
export function verifyInclusion(
  leaf: Hash,
  at: { readonly index: number; readonly size: number },
  proof: readonly Hash[],
  root: Hash,
): boolean {
  const computed = rootFromInclusion(leaf, at, proof);
  return computed !== null && sameHash(computed, root);
}

/** The root that an inclusion proof leads to, or null when its length does not fit index and size. */
function rootFromInclusion(
  leaf: Hash,
  at: { readonly index: number; readonly size: number },
  proof: readonly Hash[],
): Hash | null {
  const { index, size } = at;
  if (
    !isPosition(index) ||
    !isPosition(size) ||
    index >= size ||
    !areHashes(proof) ||
    !areHashes([leaf])
  ) {
    return null;
  }
  let [fn, sn] = [index, size - 1];
  let hash = leaf;
  for (const sibling of proof) {
    if (sn === 0) return null;
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(sibling, hash);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 ? hash : null;
}

/** One side of a consistency proof. */
export interface TreeHead {
  readonly size: number;
  readonly root: Hash;
}

/** RFC 9162 section 2.1.4.2: the tree `newer` extends the tree `older`. An empty `older` is refused: it proves nothing. */
export function verifyConsistency(
  older: TreeHead,
  newer: TreeHead,
  proof: readonly Hash[],
): boolean {
  if (!areHashes([newer.root])) return false;
  const roots = consistencyRoots(older, newer.size, proof);
  return roots !== null && sameHash(roots.older, older.root) && sameHash(roots.newer, newer.root);
}

/** The two roots that a consistency proof leads to, or null when it does not fit the sizes. */
export function consistencyRoots(
  older: TreeHead,
  size: number,
  proof: readonly Hash[],
): { readonly older: Hash; readonly newer: Hash } | null {
  const m = older.size;
  if (!isPosition(m) || !isPosition(size) || m === 0 || m > size) return null;
  if (!areHashes([older.root, ...proof])) return null;
  if (m === size) return proof.length === 0 ? { older: older.root, newer: older.root } : null;
  const roots = climb(m, size, isPowerOfTwo(m) ? [older.root, ...proof] : [...proof]);
  return roots === null ? null : { older: roots[0], newer: roots[1] };
}

function climb(m: number, n: number, path: readonly Hash[]): [Hash, Hash] | null {
  const first = path[0];
  if (first === undefined) return null;
  let [fn, sn] = [m - 1, n - 1];
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)];
  let [oldRoot, newRoot] = [first, first];
  for (const sibling of path.slice(1)) {
    if (sn === 0) return null;
    if (fn % 2 === 1 || fn === sn) {
      oldRoot = nodeHash(sibling, oldRoot);
      newRoot = nodeHash(sibling, newRoot);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      newRoot = nodeHash(newRoot, sibling);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 ? [oldRoot, newRoot] : null;
}

function subtree(leaves: readonly Hash[], lo: number, hi: number): Hash {
  if (hi - lo === 1) return leaves[lo] as Hash;
  const middle = lo + splitPoint(hi - lo);
  return nodeHash(subtree(leaves, lo, middle), subtree(leaves, middle, hi));
}

/** The widest complete subtree that starts at `at` and ends at or before `end`. */
function widestSubtree(at: number, end: number): [level: number, width: number] {
  let [level, width] = [0, 1];
  while (at % (width * 2) === 0 && at + width * 2 <= end) {
    level += 1;
    width *= 2;
  }
  return [level, width];
}

function areHashes(hashes: readonly Hash[]): boolean {
  return hashes.length <= MAX_PROOF_HASHES + 2 && hashes.every((hash) => hash.length === 32);
}

function sameHash(a: Hash, b: Hash): boolean {
  return Buffer.compare(a, b) === 0;
}

function isPosition(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}

function isPowerOfTwo(n: number): boolean {
  return splitPoint(n + 1) === n;
}

function half(n: number): number {
  return Math.floor(n / 2);
}
