// SPDX-License-Identifier: Apache-2.0
// The state map: a persistent, path-compressed binary Merkle trie over 256-bit keys (docs/formats.md, "State map").
// A version of the map is its root node; setting a leaf copies the path and shares the rest, so that a caller may keep
// an old version and discard a new one.
import { compareBytes, concat, type Hex, hex, lp, sha256, u16be, utf8 } from '../core/index.ts';
import type { Hash } from './merkle.ts';

/** A leaf with its value; `hash` is what the trie commits to. */
export interface TrieLeaf<V> {
  readonly key: Uint8Array;
  readonly value: V;
  readonly valueHash: Hash;
  readonly hash: Hash;
}

interface TrieBranch<V> {
  readonly bit: number;
  readonly left: TrieNode<V>;
  readonly right: TrieNode<V>;
  memo: Hash | null;
}

/** A version of the map; null is the empty map. */
export type Trie<V> = TrieNode<V> | null;
type TrieNode<V> = TrieLeaf<V> | TrieBranch<V>;

/** Proof of presence or absence, root to leaf (docs/formats.md, "State map"). */
export interface TrieProof {
  /** The key of the leaf that the path ends in: the wanted key, or another one that shows the wanted one is absent. */
  readonly key32: Hex;
  readonly valueHash: Hex;
  readonly path: readonly (readonly [bit: number, sibling: Hex])[];
}

const LEAF_PREFIX = concat(Uint8Array.of(0), lp('sr/state/v1'));
const NODE_PREFIX = Uint8Array.of(1);

/** Root of the map without leaves. */
export const EMPTY_STATE_ROOT: Hash = sha256(lp(utf8('sr/state-empty/v1')));

/** The hash that a leaf contributes. */
export function trieLeafHash(key: Uint8Array, valueHash: Hash): Hash {
  return sha256(concat(LEAF_PREFIX, key, valueHash));
}

/** A leaf ready to be set. */
export function trieLeaf<V>(key: Uint8Array, value: V, valueHash: Hash): TrieLeaf<V> {
  return { key, value, valueHash, hash: trieLeafHash(key, valueHash) };
}

/** Root hash; computed once per version and branch. */
export function trieRoot<V>(trie: Trie<V>): Hash {
  return trie === null ? EMPTY_STATE_ROOT : hashOf(trie);
}

/** The leaf under a key, or null. */
export function trieGet<V>(trie: Trie<V>, key: Uint8Array): TrieLeaf<V> | null {
  const leaf = trie === null ? null : nearest(trie, key);
  return leaf !== null && compareBytes(leaf.key, key) === 0 ? leaf : null;
}

/** A new version in which `leaf` stands under its key; the old version stays as it is. */
export function trieSet<V>(trie: Trie<V>, leaf: TrieLeaf<V>): TrieNode<V> {
  if (trie === null) return leaf;
  const bit = firstDifference(nearest(trie, leaf.key).key, leaf.key);
  return bit === null ? replace(trie, leaf) : insert(trie, leaf, bit);
}

/** Every leaf in the order of its key. */
export function* trieLeaves<V>(trie: Trie<V>): Generator<TrieLeaf<V>> {
  const stack = trie === null ? [] : [trie];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (isLeaf(node)) yield node;
    else stack.push(node.right, node.left);
  }
}

/** Proof for a key, present or absent; null for the empty map, whose root says it all. */
export function trieProve<V>(trie: Trie<V>, key: Uint8Array): TrieProof | null {
  if (trie === null) return null;
  const path: [number, Hex][] = [];
  let node: TrieNode<V> = trie;
  while (!isLeaf(node)) {
    const right = bitOf(key, node.bit);
    path.push([node.bit, hex(hashOf(right ? node.left : node.right))]);
    node = right ? node.right : node.left;
  }
  return { key32: hex(node.key), valueHash: hex(node.valueHash), path };
}

/** What a checked proof shows. */
export type ProofVerdict = 'present' | 'absent' | 'invalid';

/**
 * Checks a proof for a wanted key against a root. Directions come from the wanted key, never from the proof.
 * @param proof null claims the empty map
 */
export function verifyTrieProof(
  proof: TrieProof | null,
  wanted: Uint8Array,
  root: Hash,
): ProofVerdict {
  if (proof === null) return compareBytes(root, EMPTY_STATE_ROOT) === 0 ? 'absent' : 'invalid';
  const [key, valueHash] = [bytes32(proof.key32), bytes32(proof.valueHash)];
  if (key === null || valueHash === null || proof.path.length > 256) return 'invalid';
  let hash = trieLeafHash(key, valueHash);
  let above = 256;
  for (const [bit, sibling] of proof.path.toReversed()) {
    const other = bytes32(sibling);
    if (!Number.isInteger(bit) || bit < 0 || bit >= above || other === null) return 'invalid';
    // A key that took another turn anywhere could not stand where the wanted key would.
    if (bitOf(key, bit) !== bitOf(wanted, bit)) return 'invalid';
    hash = bitOf(wanted, bit) ? branchHash(bit, other, hash) : branchHash(bit, hash, other);
    above = bit;
  }
  if (compareBytes(hash, root) !== 0) return 'invalid';
  return compareBytes(key, wanted) === 0 ? 'present' : 'absent';
}

function nearest<V>(trie: TrieNode<V>, key: Uint8Array): TrieLeaf<V> {
  let node = trie;
  while (!isLeaf(node)) node = bitOf(key, node.bit) ? node.right : node.left;
  return node;
}

function replace<V>(node: TrieNode<V>, leaf: TrieLeaf<V>): TrieNode<V> {
  if (isLeaf(node)) return leaf;
  return bitOf(leaf.key, node.bit)
    ? branch(node.bit, node.left, replace(node.right, leaf))
    : branch(node.bit, replace(node.left, leaf), node.right);
}

function insert<V>(node: TrieNode<V>, leaf: TrieLeaf<V>, bit: number): TrieNode<V> {
  if (isLeaf(node) || node.bit > bit) {
    return bitOf(leaf.key, bit) ? branch(bit, node, leaf) : branch(bit, leaf, node);
  }
  return bitOf(leaf.key, node.bit)
    ? branch(node.bit, node.left, insert(node.right, leaf, bit))
    : branch(node.bit, insert(node.left, leaf, bit), node.right);
}

function branch<V>(bit: number, left: TrieNode<V>, right: TrieNode<V>): TrieBranch<V> {
  return { bit, left, right, memo: null };
}

function hashOf<V>(node: TrieNode<V>): Hash {
  if (isLeaf(node)) return node.hash;
  node.memo ??= branchHash(node.bit, hashOf(node.left), hashOf(node.right));
  return node.memo;
}

function branchHash(bit: number, left: Hash, right: Hash): Hash {
  return sha256(concat(NODE_PREFIX, u16be(bit), left, right));
}

function isLeaf<V>(node: TrieNode<V>): node is TrieLeaf<V> {
  return 'key' in node;
}

/** Bit 0 is the most significant bit of byte 0. */
function bitOf(key: Uint8Array, bit: number): boolean {
  return (((key[bit >> 3] as number) >> (7 - (bit & 7))) & 1) === 1;
}

function firstDifference(a: Uint8Array, b: Uint8Array): number | null {
  for (let i = 0; i < 32; i++) {
    const x = (a[i] as number) ^ (b[i] as number);
    if (x !== 0) return i * 8 + Math.clz32(x) - 24;
  }
  return null;
}

function bytes32(text: Hex): Uint8Array | null {
  return /^[0-9a-f]{64}$/.test(text) ? Uint8Array.from(Buffer.from(text, 'hex')) : null;
}
