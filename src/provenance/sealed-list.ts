// SPDX-License-Identifier: Apache-2.0
// Lists whose content is sealed and erasable while the log commits to it (docs/formats.md, "Sealed lists").
import {
  compareBytes,
  concat,
  fail,
  type Hex,
  hex,
  hmac,
  jcsBytes,
  lp,
  parseJcs,
  type JsonValue,
  readU32,
  u64be,
} from '../core/index.ts';
import { leafHash, rootOf } from './merkle.ts';

/** What the log says of a list. */
export interface ListCommitment {
  readonly count: number;
  readonly contentRoot: Hex;
}

/** Records sorted by the bytes of their canonical form, each length-prefixed. @throws {INTERNAL} when two are the same */
export function encodeList(records: readonly object[]): Uint8Array {
  const sorted = records.map((record) => jcsBytes(record)).sort(compareBytes);
  const isSet = sorted.every(
    (bytes, i) => i === 0 || compareBytes(sorted[i - 1] ?? bytes, bytes) < 0,
  );
  if (!isSet) throw fail('INTERNAL', 'a list holds the same record twice');
  return concat(...sorted.map((bytes) => lp(bytes)));
}

/**
 * Reads a list.
 * @throws {FORMAT_INVALID} when it is malformed or not in order
 */
export function decodeList(bytes: Uint8Array): JsonValue[] {
  return split(bytes).map((record) => parseJcs(record));
}

/** RFC 6962 root over salted records; a salt comes from the list's data key, so the root is no oracle for guesses. */
export function listCommitment(
  kind: string,
  bytes: Uint8Array,
  saltOf: (i: number) => Uint8Array,
): ListCommitment {
  const records = split(bytes);
  const leaves = records.map((record, i) =>
    leafHash(concat(lp('sr/list/v1'), lp(kind), u64be(i), hmac(saltOf(i), record))),
  );
  return { count: records.length, contentRoot: hex(rootOf(leaves)) };
}

function split(bytes: Uint8Array): Uint8Array[] {
  const records: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = at + 4 <= bytes.length ? readU32(bytes, at) : Number.NaN;
    if (!(at + 4 + length <= bytes.length)) throw fail('FORMAT_INVALID', 'a list is cut short');
    const record = bytes.subarray(at + 4, at + 4 + length);
    const before = records.at(-1);
    if (before !== undefined && compareBytes(before, record) >= 0) {
      throw fail('FORMAT_INVALID', 'the records of a list are out of order');
    }
    records.push(record);
    at += 4 + length;
  }
  return records;
}
