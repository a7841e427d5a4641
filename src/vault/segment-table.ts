// SPDX-License-Identifier: Apache-2.0
// Which segments make up an index snapshot (docs/formats.md, "Index segments").
import {
  concat,
  fail,
  fromUtf8,
  type Hex,
  hex,
  lp,
  readU32,
  readU64,
  u32be,
  u64be,
} from '../core/index.ts';
import { leafHash, rootOf } from '../provenance/index.ts';

/** One sealed segment: a range of an object of its own or of a pack. */
export interface SegmentEntry {
  readonly classNo: number;
  /** Number of the segment in its class. */
  readonly segment: number;
  /** Log size at which it was sealed; part of its key's place. */
  readonly generation: number;
  /** Where its bytes stand in the object at `path`. */
  readonly offset: number;
  readonly bytes: number;
  readonly rows: number;
  /** SHA-256 of its bytes. */
  readonly sha256: Hex;
  readonly path: string;
}

const LABEL = lp('sr/seg/v1');
const FIXED = LABEL.length + 4 + 4 + 8 + 8 + 8 + 4 + 32 + 4;

/** The plaintext of the sealed table: every entry's leaf data, length-prefixed, in order. */
export function encodeTable(entries: readonly SegmentEntry[]): Uint8Array {
  return concat(...sorted(entries).map((entry) => lp(leafData(entry))));
}

/** RFC 6962 root over the entries; what the index snapshot statement signs. */
export function segmentsRoot(entries: readonly SegmentEntry[]): Hex {
  return hex(rootOf(sorted(entries).map((entry) => leafHash(leafData(entry)))));
}

/**
 * Reads a table.
 * @throws {FORMAT_INVALID} when it is malformed
 */
export function decodeTable(bytes: Uint8Array): SegmentEntry[] {
  const entries: SegmentEntry[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = at + 4 <= bytes.length ? readU32(bytes, at) : Number.NaN;
    if (!(at + 4 + length <= bytes.length && length >= FIXED)) throw malformed();
    entries.push(entryOf(bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return entries;
}

function leafData(entry: SegmentEntry): Uint8Array {
  return concat(
    LABEL,
    u32be(entry.classNo),
    u32be(entry.segment),
    u64be(entry.generation),
    u64be(entry.offset),
    u64be(entry.bytes),
    u32be(entry.rows),
    Uint8Array.from(Buffer.from(entry.sha256, 'hex')),
    lp(entry.path),
  );
}

function entryOf(leaf: Uint8Array): SegmentEntry {
  const at = LABEL.length;
  const pathLength = readU32(leaf, FIXED - 4);
  if (leaf.length !== FIXED + pathLength) throw malformed();
  const [generation, offset, bytes] = [at + 8, at + 16, at + 24].map((place) =>
    readU64(leaf, place),
  ) as [number, number, number];
  // Beyond 2^53 there are no numbers, and the root over such an entry cannot be computed.
  if (![generation, offset, bytes].every(Number.isSafeInteger)) throw malformed();
  return {
    classNo: readU32(leaf, at),
    segment: readU32(leaf, at + 4),
    generation,
    offset,
    bytes,
    rows: readU32(leaf, at + 32),
    sha256: hex(leaf.subarray(at + 36, at + 68)),
    path: fromUtf8(leaf.subarray(FIXED)),
  };
}

function sorted(entries: readonly SegmentEntry[]): SegmentEntry[] {
  return entries.toSorted((a, b) => a.classNo - b.classNo || a.segment - b.segment);
}

function malformed(): Error {
  return fail('FORMAT_INVALID', 'the segment table of an index snapshot is malformed');
}
