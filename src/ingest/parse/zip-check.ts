// SPDX-License-Identifier: Apache-2.0
// A look at a ZIP file (PKWARE APPNOTE 6.3) before a library unpacks it: how large it really becomes.
import { inflateRawSync } from 'node:zlib';
import { fail } from '../../core/index.ts';

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const MAX_ENTRIES = 10_000;

/** A file in a ZIP. */
interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly compressed: number;
  readonly offset: number;
}

/**
 * Unpacks every entry to see that their sum stays within the limit, whatever sizes the file claims.
 * @returns the bytes of the entries that `keep` wants
 * @throws {SOURCE_TOO_LARGE} when they become larger, {SOURCE_MALFORMED} when it is no ZIP or uses what nobody uses
 */
export function unzipChecked(
  bytes: Uint8Array,
  maxBytes: number,
  keep: (name: string) => boolean,
): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kept = new Map<string, Uint8Array>();
  let left = maxBytes;
  for (const entry of entriesOf(view, bytes)) {
    const data = unpack(view, bytes, entry, left);
    left -= data.length;
    if (keep(entry.name)) kept.set(entry.name, data);
  }
  return kept;
}

function* entriesOf(view: DataView, bytes: Uint8Array): Generator<ZipEntry> {
  const end = endOf(view);
  const count = view.getUint16(end + 10, true);
  if (count > MAX_ENTRIES) throw fail('SOURCE_TOO_LARGE', 'a file holds too many parts');
  let at = view.getUint32(end + 16, true);
  for (let n = 0; n < count; n++) {
    if (at + 46 > end || view.getUint32(at, true) !== ENTRY) throw malformed();
    const name = view.getUint16(at + 28, true);
    yield {
      name: new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + name)),
      method: view.getUint16(at + 10, true),
      compressed: view.getUint32(at + 20, true),
      offset: view.getUint32(at + 42, true),
    };
    at += 46 + name + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
}

/** The end record stands in the last 64 KiB. */
function endOf(view: DataView): number {
  const first = Math.max(0, view.byteLength - 22 - 0xffff);
  for (let at = view.byteLength - 22; at >= first; at--) {
    if (view.getUint32(at, true) === END) return at;
  }
  throw malformed();
}

function unpack(view: DataView, bytes: Uint8Array, entry: ZipEntry, left: number): Uint8Array {
  const { method, compressed, offset } = entry;
  if (offset + 30 > bytes.length || view.getUint32(offset, true) !== LOCAL) throw malformed();
  const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  const data = bytes.subarray(start, start + compressed);
  if (data.length < compressed) throw malformed();
  if (method === 0) {
    if (data.length > left) throw tooLarge();
    return data;
  }
  if (method !== 8) throw malformed();
  try {
    return inflateRawSync(data, { maxOutputLength: Math.max(1, left) });
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw isTooLarge ? tooLarge() : malformed();
  }
}

function tooLarge(): Error {
  return fail('SOURCE_TOO_LARGE', 'the parts of a file are larger than the limit when unpacked');
}

function malformed(): Error {
  return fail('SOURCE_MALFORMED', 'the file is no sound ZIP archive');
}
