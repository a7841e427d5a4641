// SPDX-License-Identifier: Apache-2.0
import { concat, fromHex, jcsBytes, lp } from '../../src/core/index.ts';
import { ClassBlock } from '../../src/index/class-block.ts';
import {
  type DecodedClass,
  decodeClass,
  type EncodedSegment,
  MemoryIndex,
  type PassageDocument,
} from '../../src/index/index.ts';
import { LinearMemory } from '../../src/index/kernels/linear-memory.ts';
import { prepare } from '../../src/index/prepare.ts';
import { encodeBlock } from '../../src/index/segment-encode.ts';
import { DIMS, documentOf, rowOf, SPACE } from './corpus.ts';

/** Where the segments of these tests belong. */
export const PLACE = { classNo: 1, dims: DIMS };
/** The parts of a segment. */
export const PARTS = ['rows', 'postings', 'dict', 'names'] as const;

/** An index that holds these documents. */
export function indexOf(all: readonly PassageDocument[]): MemoryIndex {
  const index = new MemoryIndex({ dims: DIMS, space: SPACE });
  all.forEach((document) => index.add(document));
  return index;
}

/** The only segment of these documents of class 1. */
export function segmentOf(...all: readonly PassageDocument[]): EncodedSegment {
  const [segment, ...others] = indexOf(all).encode(1);
  if (segment === undefined || others.length > 0) throw new Error('not one segment');
  return segment;
}

/** Segments of at most `limit` bytes where rows allow it. */
export function encodeSmall(all: readonly PassageDocument[], limit: number): EncodedSegment[] {
  const block = new ClassBlock(1, {
    dims: DIMS,
    hashKey: { k0: 1, k1: 2 },
    memory: new LinearMemory(),
    lists: null,
  });
  for (const document of all) {
    const { docId, leafHash, name, rows } = prepare(document, DIMS);
    block.add({ docId, leafHash, name, rows: rows.length, place: null }, rows);
  }
  return encodeBlock(block, limit);
}

/** Decodes one segment as the whole class. */
export function decode(segment: EncodedSegment): DecodedClass {
  return decodeClass([segment], PLACE);
}

/** A document's record in the names part. */
export function nameRecord({ docId, leafHash, name }: PassageDocument): Uint8Array {
  return concat(fromHex(leafHash) as Uint8Array, lp(jcsBytes({ docId, ...name })));
}

/** A document of two rows, whose chunk numbers have a gap. */
export const one = documentOf('one', 1, [
  rowOf(0, 'grant policy', [1]),
  rowOf(3, 'deny grant', [0, 1]),
]);
/** A document of one row. */
export const two = documentOf('two', 1, [rowOf(0, 'audit grant grant', [0, 0, 1])]);
/** Both in the order of their leaf hashes. */
export const [first, second] = [one, two].sort((a, b) => (a.leafHash < b.leafHash ? -1 : 1)) as [
  PassageDocument,
  PassageDocument,
];
