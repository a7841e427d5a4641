// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { compareBytes, concat, hex, lp, sha256, u16be, u32be } from '../../src/core/index.ts';
import type { Hash } from '../../src/provenance/merkle.ts';
import {
  EMPTY_STATE_ROOT,
  type Trie,
  trieGet,
  trieLeaf,
  trieLeaves,
  trieLeafHash,
  type TrieProof,
  trieProve,
  trieRoot,
  trieSet,
  verifyTrieProof,
} from '../../src/provenance/trie.ts';
import { fc } from '../support/property.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const keyOf = (n: number): Uint8Array => sha256(u32be(n));
const valueOf = (n: number): Hash => sha256(concat(u32be(n), Uint8Array.of(1)));
const build = (pairs: Iterable<readonly [Uint8Array, number]>): Trie<number> => {
  let trie: Trie<number> = null;
  for (const [key, value] of pairs) trie = trieSet(trie, trieLeaf(key, value, valueOf(value)));
  return trie;
};
const numbered = (n: number): Trie<number> =>
  build(Array.from({ length: n }, (_, i) => [keyOf(i), i] as const));

/** The root by its definition, from all leaves at once and without any path copying. */
function naiveRoot(leaves: readonly (readonly [Uint8Array, number])[]): Hash {
  if (leaves.length === 0) return sha256(lp('sr/state-empty/v1'));
  const [first] = leaves as [readonly [Uint8Array, number]];
  if (leaves.length === 1) {
    const [key, value] = first;
    return sha256(concat(Uint8Array.of(0), lp('sr/state/v1'), key, valueOf(value)));
  }
  const bitOf = (key: Uint8Array, bit: number): number =>
    ((key[bit >> 3] as number) >> (7 - (bit % 8))) & 1;
  let bit = 0;
  while (leaves.every(([key]) => bitOf(key, bit) === bitOf(first[0], bit))) bit += 1;
  const side = (wanted: number): Hash =>
    naiveRoot(leaves.filter(([key]) => bitOf(key, bit) === wanted));
  return sha256(concat(Uint8Array.of(1), u16be(bit), side(0), side(1)));
}

/** Keys that share long prefixes, so that paths are deep. */
const closeKey = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 4 }).map((bits) => {
  const key = new Uint8Array(32);
  for (const bit of bits) key[bit >> 3] = (key[bit >> 3] as number) | (128 >> (bit & 7));
  return key;
});
const operations = fc.array(fc.tuple(closeKey, fc.integer({ min: 0, max: 9 })), { maxLength: 30 });

describe('the state map', () => {
  it('holds what a map holds and lists it in the order of keys', () => {
    fc.assert(
      fc.property(operations, closeKey, (pairs, other) => {
        const trie = build(pairs);
        const model = new Map(pairs.map(([key, value]) => [hex(key), value]));
        const listed = [...trieLeaves(trie)].map((leaf) => [hex(leaf.key), leaf.value]);
        expect(listed).toEqual([...model].sort(([a], [b]) => (a < b ? -1 : 1)));
        expect(trieGet(trie, other)?.value).toBe(model.get(hex(other)));
      }),
    );
  });

  it('has the root of its definition, whatever was set before in whatever order', () => {
    fc.assert(
      fc.property(operations, (pairs) => {
        const last = new Map(pairs.map(([key, value]) => [hex(key), [key, value] as const]));
        const leaves = [...last.values()];
        expect(hex(trieRoot(build(pairs)))).toBe(hex(naiveRoot(leaves)));
        expect(hex(trieRoot(build(leaves.toReversed())))).toBe(hex(naiveRoot(leaves)));
      }),
    );
  });

  it('keeps every old version as it was', () => {
    const versions = [null as Trie<number>];
    const roots = [hex(trieRoot<number>(null))];
    for (let i = 0; i < 40; i++) {
      const trie = trieSet(versions.at(-1) ?? null, trieLeaf(keyOf(i % 25), i, valueOf(i)));
      versions.push(trie);
      roots.push(hex(trieRoot(trie)));
    }
    expect(versions.map((trie) => hex(trieRoot(trie)))).toEqual(roots);
    expect(new Set(roots).size).toBe(41);
    expect([...trieLeaves(versions[10] ?? null)]).toHaveLength(10);
  });

  it('commits to keys and values and keeps leaves apart from branches', () => {
    expect(hex(EMPTY_STATE_ROOT)).toBe(hex(sha256(lp('sr/state-empty/v1'))));
    const [key, value] = [keyOf(1), valueOf(1)];
    expect(trieLeafHash(key, value)).not.toEqual(trieLeafHash(value, key));
    expect(trieRoot(build([[key, 1]]))).toEqual(trieLeafHash(key, value));
  });
});

describe('proofs', () => {
  it('show presence of every key that is there and absence of every other', () => {
    fc.assert(
      fc.property(operations, fc.array(closeKey, { maxLength: 6 }), (pairs, others) => {
        const trie = build(pairs);
        const root = trieRoot(trie);
        const there = new Set(pairs.map(([key]) => hex(key)));
        for (const key of [...pairs.map(([key]) => key), ...others]) {
          const expected = there.has(hex(key)) ? 'present' : 'absent';
          expect(verifyTrieProof(trieProve(trie, key), key, root)).toBe(expected);
        }
      }),
    );
  });

  it('of the empty map are null and hold for the empty root alone', () => {
    expect(trieProve(null, keyOf(1))).toBeNull();
    expect(verifyTrieProof(null, keyOf(1), EMPTY_STATE_ROOT)).toBe('absent');
    expect(verifyTrieProof(null, keyOf(1), trieRoot(numbered(1)))).toBe('invalid');
  });

  it('show one opaque key and no value when something is absent', () => {
    const trie = numbered(50);
    const proof = trieProve(trie, keyOf(999));
    expect(Object.keys(proof ?? {}).sort()).toEqual(['key32', 'path', 'valueHash']);
  });

  it('of a key of another are invalid for this root and for another root', () => {
    const trie = numbered(20);
    const proof = trieProve(trie, keyOf(3));
    expect(verifyTrieProof(proof, keyOf(3), trieRoot(numbered(21)))).toBe('invalid');
    for (let i = 4; i < 20; i++) {
      expect(verifyTrieProof(proof, keyOf(i), trieRoot(trie))).toBe('invalid');
    }
  });

  it.each([3, 1000])('of key %d are invalid after every change of a single field', (n) => {
    const trie = numbered(120);
    const [root, wanted] = [trieRoot(trie), keyOf(n)];
    const proof = trieProve(trie, wanted) as TrieProof;
    const before = verifyTrieProof(proof, wanted, root);
    expect(before).toBe(n === 3 ? 'present' : 'absent');
    for (const changed of changedProofs(proof)) {
      expect(verifyTrieProof(changed, wanted, root)).toBe('invalid');
    }
  });

  it('cannot claim presence of a key by ending in another leaf', () => {
    const trie = numbered(64);
    const root = trieRoot(trie);
    const absent = keyOf(5000);
    const near = trieProve(trie, absent) as TrieProof;
    expect(verifyTrieProof({ ...near, key32: hex(absent) }, absent, root)).toBe('invalid');
  });

  it('cannot claim absence of a key that is there by ending in another leaf', () => {
    const trie = numbered(64);
    const root = trieRoot(trie);
    for (let i = 0; i < 64; i++) {
      for (let j = 0; j < 64; j++) {
        const verdict = verifyTrieProof(trieProve(trie, keyOf(j)), keyOf(i), root);
        expect(verdict).toBe(i === j ? 'present' : 'invalid');
      }
    }
  });

  it('longer than any path are refused before they are hashed', () => {
    const sibling = hex(keyOf(1));
    const path = Array.from({ length: 100_000 }, (_, i) => [i, sibling] as const);
    const proof = { key32: hex(keyOf(1)), valueHash: hex(valueOf(1)), path };
    expect(verifyTrieProof(proof, keyOf(1), EMPTY_STATE_ROOT)).toBe('invalid');
  });
});

/** Every proof that differs from this one in a single field or step. */
function changedProofs(proof: TrieProof): TrieProof[] {
  const random = new SeededRandom('changes');
  const other = hex(random.bytes(32));
  const flipped = (text: string): string => (text.startsWith('0') ? '1' : '0') + text.slice(1);
  const texts = (text: string): string[] => [
    ...[flipped(text), other, text.toUpperCase() === text ? '' : text.toUpperCase()],
    ...[text.slice(2), `${text}00`, '', `${text.slice(0, -1)}g`],
  ];
  const changed: TrieProof[] = [
    ...texts(proof.key32).map((key32) => ({ ...proof, key32 })),
    ...texts(proof.valueHash).map((valueHash) => ({ ...proof, valueHash })),
    { ...proof, path: [] },
    { ...proof, path: proof.path.toReversed() },
    { ...proof, path: [...proof.path, [255, other]] },
    { ...proof, path: [[0, other], ...proof.path] },
  ];
  for (const [at, [bit, sibling]] of proof.path.entries()) {
    for (const text of texts(sibling)) {
      changed.push({ ...proof, path: proof.path.with(at, [bit, text]) });
    }
    for (const wrong of [bit + 1, bit - 1, -1, 256, 0.5, Number.NaN, bit + 65_536, 2 ** 32 + bit]) {
      changed.push({ ...proof, path: proof.path.with(at, [wrong, sibling]) });
    }
    changed.push({ ...proof, path: proof.path.toSpliced(at, 1) });
    changed.push({ ...proof, path: proof.path.toSpliced(at, 0, [bit, sibling]) });
  }
  return changed.filter((one) => compareBytes(encode(one), encode(proof)) !== 0);
}

function encode(proof: TrieProof): Uint8Array {
  return Buffer.from(JSON.stringify(proof));
}
