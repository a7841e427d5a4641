// SPDX-License-Identifier: Apache-2.0
// A segment at rest: its four parts, each a sealed message under the segment's own data key.
import { concat, fail, hex, lp, need, readU32, sha256 } from '../core/index.ts';
import type { EncodedSegment } from '../index/index.ts';
import { type KeyRef, open, seal, sealContext } from '../keys/index.ts';
import { dataKey, type KeyRow, type SealedStore } from '../store/index.ts';
import { segmentRef } from './refs.ts';
import type { SegmentEntry } from './segment-table.ts';

const PARTS = ['rows', 'postings', 'dict', 'names'] as const;

/** A sealed segment and the wrapped key that opens it. */
export interface SealedSegment {
  readonly bytes: Uint8Array;
  readonly key: KeyRow;
}

/** Seals a segment under a fresh data key. */
export async function sealSegment(
  stores: SealedStore,
  ref: KeyRef,
  segment: EncodedSegment,
): Promise<SealedSegment> {
  const dek = stores.random.bytes(32);
  const messages = PARTS.map((part) =>
    lp(seal(dek, sealContext(ref, part), segment[part], stores.random)),
  );
  const bytes = concat(...messages);
  const row = await stores.ring.wrap(ref, dek);
  dek.fill(0);
  return { bytes, key: { ref, objectDigest: hex(sha256(bytes)), row } };
}

/**
 * Reads and opens a segment.
 * @throws {INDEX_TAMPERED} when its bytes are missing or not the signed ones; {@link KEY_ROW_MISSING} when its key is gone
 */
export async function openSegment(
  stores: SealedStore,
  tenantId: string,
  entry: SegmentEntry,
): Promise<EncodedSegment> {
  const { classNo, segment, generation } = entry;
  const bytes = await stores.objects.getRange(entry.path, entry.offset, entry.bytes);
  const isSigned = bytes?.length === entry.bytes && hex(sha256(bytes)) === entry.sha256;
  need('INV-SEGMENT-DIGEST', isSigned, 'INDEX_TAMPERED', 'an index segment is not the signed one');
  const ref = segmentRef(tenantId, classNo, segment, generation);
  const dek = await dataKey(stores, ref, entry.sha256);
  const sealed = split(bytes);
  const opened = sealed.map((part, i) => open(dek, sealContext(ref, PARTS[i] as string), part));
  dek.fill(0);
  const [rows, postings, dict, names] = opened as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  return { rows, postings, dict, names };
}

function split(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = at + 4 <= bytes.length ? readU32(bytes, at) : Number.NaN;
    if (!(at + 4 + length <= bytes.length)) break;
    parts.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  if (parts.length !== PARTS.length) throw fail('INDEX_TAMPERED', 'an index segment is malformed');
  return parts;
}
