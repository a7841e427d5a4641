// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { concat, hex, hmac, jcsBytes, lp, u32be, u64be, utf8 } from '../../src/core/index.ts';
import type { KeyRef } from '../../src/keys/index.ts';
import {
  type ChunkLeaf,
  chunkRoot,
  type ChunkTree,
  decodeLeaf,
  encodeLeaf,
  encodeMeta,
  factsCommit,
  openMeta,
  textCommit,
  vecCommit,
} from '../../src/provenance/chunk-tree.ts';
import { leafHash, rootOf } from '../../src/provenance/merkle.ts';
import { chunkedDocument, FORM } from '../support/chunk-fixture.ts';
import {
  codeThrownBy,
  everyBitFlip,
  everyTruncation,
  expectRefusal,
} from '../support/tampering.ts';

const REF: KeyRef = { tenantId: 'acme', kind: 'doc', id: `d-${'a'.repeat(26)}`, no: 1 };
const DEK = new Uint8Array(32).fill(5);
const { leaves, meta, text, vectors, facts, factsOpening } = chunkedDocument(DEK, REF);
const SIGNED = { chunks: leaves.length, chunkRoot: chunkRoot(leaves), facts };
const PART = encodeMeta(leaves, meta);
const opened = (part: Uint8Array, signed = SIGNED): ChunkTree =>
  openMeta(part, signed, factsOpening);
/** A meta part that is right in itself, with the root and the facts that somebody signed over it. */
const openSelfMade = (own: readonly ChunkLeaf[], doc: unknown = meta): ChunkTree =>
  opened(encodeMeta(own, doc as typeof meta), {
    chunks: own.length,
    chunkRoot: chunkRoot(own),
    facts: factsCommit(factsOpening, doc as typeof meta),
  });

describe('commitments', () => {
  it('are keyed hashes of chunk and vector with labels of their own', () => {
    const opening = new Uint8Array(32).fill(1);
    const chunk = utf8('chunk');
    expect(hex(textCommit(opening, chunk))).toBe(
      hex(hmac(opening, concat(lp('sr/text/v1'), chunk))),
    );
    const [vector] = vectors as [Uint8Array];
    const message = concat(lp('sr/vec/v1'), lp('test-model'), u32be(8), lp('i8'), vector);
    expect(hex(vecCommit(opening, FORM, vector))).toBe(hex(hmac(opening, message)));
  });

  it('to the facts of a document are a keyed hash with a label of its own', () => {
    const opening = new Uint8Array(32).fill(1);
    const message = concat(lp('sr/facts/v1'), lp(jcsBytes(meta)));
    expect(factsCommit(opening, meta)).toBe(hex(hmac(opening, message)));
  });

  it('bind the model, the dimension and the number type of a vector', () => {
    const opening = new Uint8Array(32).fill(1);
    const [vector] = vectors as [Uint8Array];
    const forms = [
      FORM,
      { ...FORM, model: 'x' },
      { ...FORM, dims: 9 },
      { ...FORM, dtype: 'f32le' as const },
    ];
    expect(new Set(forms.map((form) => hex(vecCommit(opening, form, vector)))).size).toBe(4);
  });
});

describe('a chunk leaf', () => {
  const [leaf] = leaves as [ChunkLeaf];

  it('has the layout of the formats and gives back its fields', () => {
    const bytes = concat(
      ...[lp('sr/chunk/v1'), u32be(0), u32be(3), u64be(0), u64be(leaf.end)],
      ...[leaf.textCommit, leaf.vecCommit, lp(jcsBytes(leaf.meta))],
    );
    expect(hex(encodeLeaf(leaf))).toBe(hex(bytes));
    expect(hex(encodeLeaf(decodeLeaf(bytes)))).toBe(hex(bytes));
    expect(decodeLeaf(bytes).meta).toEqual(leaf.meta);
  });

  it('is refused cut short, padded, with another label or with other facts', () => {
    const bytes = encodeLeaf(leaf);
    for (const cut of everyTruncation(bytes))
      expectRefusal(() => decodeLeaf(cut), 'FORMAT_INVALID');
    expectRefusal(() => decodeLeaf(concat(bytes, Uint8Array.of(0))), 'FORMAT_INVALID');
    expectRefusal(() => decodeLeaf(bytes.with(14, 0x32)), 'FORMAT_INVALID');
    const lengthAt = bytes.length - jcsBytes(leaf.meta).length - 1;
    expectRefusal(() => decodeLeaf(bytes.with(lengthAt, 0)), 'FORMAT_INVALID');
    for (const other of [
      {},
      { ...leaf.meta, page: 0 },
      { ...leaf.meta, note: 1 },
      { ...leaf.meta, headings: [1] },
    ]) {
      const odd = encodeLeaf({ ...leaf, meta: other as ChunkLeaf['meta'] });
      expectRefusal(() => decodeLeaf(odd), 'FORMAT_INVALID');
    }
  });
});

describe('a meta part', () => {
  it('gives back the leaves, proven into the signed root', () => {
    const tree = opened(PART);
    expect(tree.doc).toEqual(meta);
    expect(tree.leaves.map((leaf) => hex(encodeLeaf(leaf)))).toEqual(
      leaves.map((leaf) => hex(encodeLeaf(leaf))),
    );
    expect(hex(rootOf(tree.hashes))).toBe(SIGNED.chunkRoot);
    expect(
      tree.leaves.map(({ start, end }) => Buffer.from(text.subarray(start, end)).toString()),
    ).toEqual(['First café rule.\n', 'Second rule applies.\n', 'Third rule ends here.\n']);
  });

  it('INV-META-COUNT: is refused with another number of chunks, before anything is allocated', () => {
    expectRefusal(() => opened(PART, { ...SIGNED, chunks: 4 }), 'INTEGRITY');
    const bomb = concat(u32be(2 ** 32 - 1), PART.subarray(4));
    expectRefusal(() => opened(bomb), 'INTEGRITY');
  });

  it('INV-META-COUNT: is refused with a chunk more than was signed, though the tree agrees with itself', () => {
    expectRefusal(() => opened(PART, { ...SIGNED, chunks: 2 }), 'INTEGRITY');
  });

  it('INV-META-ROOT: is refused when its tree is right in itself but not the signed one', () => {
    const other = leaves.map((leaf) => ({ ...leaf, textCommit: new Uint8Array(32) }));
    expectRefusal(() => opened(encodeMeta(other, meta)), 'INTEGRITY');
  });

  it('INV-META-LEAF: is refused when a leaf is not the one that its hash names', () => {
    const hashes = leaves.map((leaf) => leafHash(encodeLeaf(leaf)));
    const altered = leaves.map((leaf) =>
      lp(encodeLeaf({ ...leaf, vecCommit: new Uint8Array(32) })),
    );
    const part = concat(u32be(3), ...hashes, ...altered, lp(jcsBytes(meta)));
    expectRefusal(() => opened(part), 'INTEGRITY');
  });

  it('INV-META-PLACE: is refused when signed leaves stand in each other’s places or count another n', () => {
    const [a, b, c] = leaves as [ChunkLeaf, ChunkLeaf, ChunkLeaf];
    expectRefusal(() => openSelfMade([b, a, c]), 'INTEGRITY');
    expectRefusal(() => openSelfMade([a, b]), 'INTEGRITY');
    expectRefusal(() => openSelfMade([a, a, a]), 'INTEGRITY');
    expectRefusal(() => openSelfMade(leaves.map((leaf) => ({ ...leaf, n: 4 }))), 'INTEGRITY');
  });

  it('is refused with empty or inverted ranges and with chunks out of order', () => {
    const [a, b, c] = leaves as [ChunkLeaf, ChunkLeaf, ChunkLeaf];
    expectRefusal(() => openSelfMade([a, { ...b, end: b.start }, c]), 'FORMAT_INVALID');
    expectRefusal(() => openSelfMade([a, { ...b, end: b.start - 1 }, c]), 'FORMAT_INVALID');
    expectRefusal(
      () => openSelfMade([a, { ...b, start: c.start + 1, end: c.end }, c]),
      'FORMAT_INVALID',
    );
    const overlapping = [a, { ...b, start: a.start, end: a.start + 1 }, c];
    expect(codeThrownBy(() => openSelfMade(overlapping))).toBeNull();
  });

  it('is refused with document facts that do not fit, or with bytes left over', () => {
    expectRefusal(() => openSelfMade(leaves, { ...meta, owner: 'x' }), 'FORMAT_INVALID');
    expectRefusal(() => openSelfMade(leaves, { ...meta, title: 1 }), 'FORMAT_INVALID');
    expectRefusal(() => opened(concat(PART, Uint8Array.of(0))), 'FORMAT_INVALID');
  });

  it('is refused cut short anywhere', () => {
    for (const cut of everyTruncation(PART)) {
      expect(codeThrownBy(() => opened(cut))).toMatch(/^(FORMAT_INVALID|INTEGRITY)$/);
    }
  });

  it('INV-META-FACTS: is refused with other facts than were signed, or under another opening', () => {
    const renamed = encodeMeta(leaves, { ...meta, sourceUri: 'rules/tea.md' });
    expectRefusal(() => opened(renamed), 'INTEGRITY');
    expectRefusal(() => opened(encodeMeta(leaves, { ...meta, access: null })), 'INTEGRITY');
    expectRefusal(() => openMeta(PART, SIGNED, new Uint8Array(32)), 'INTEGRITY');
  });

  it('INV-META-FACTS: is refused with any bit turned over', () => {
    for (const altered of everyBitFlip(PART)) {
      expect(codeThrownBy(() => opened(altered))).toMatch(/^(FORMAT_INVALID|INTEGRITY)$/);
    }
  });
});
