// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import {
  compareBytes,
  fail,
  fromUtf8,
  type Hex,
  hex,
  isDocId,
  isStrongroomError,
  jcs,
  need,
  parseJcs,
  readU32,
} from '../core/index.ts';
import { decodeVector, vectorBytes } from '../provenance/index.ts';
import { type Bag, idOf, occurrencesOf } from './bags.ts';
import type { PreparedDocument, PreparedRow } from './class-block.ts';
import type { DocumentName } from './port.ts';
import { type EncodedSegment, SEGMENT_BYTES } from './segment-encode.ts';
import { SegmentReader } from './segment-reader.ts';
import { MAX_TERMS } from './words.ts';

const nameSchema = z.strictObject({
  docId: z.string().refine(isDocId),
  sourceUri: z.string(),
  title: z.string().nullable(),
});

/** Which class segments are said to hold, and what vectors. */
export interface SegmentPlace {
  readonly classNo: number;
  readonly dims: number;
}

/**
 * The rows of a class as its segments tell them: not searchable yet, and to be verified before they are. Plain data, so
 * that the loader can leave documents out.
 */
export interface DecodedClass extends SegmentPlace {
  /** Ascending by leaf hash, their rows by chunk number. Vectors are views into the segments' bytes. */
  readonly documents: readonly PreparedDocument[];
}

/** What the names part tells of a document. */
interface Named {
  readonly docId: string;
  readonly name: DocumentName;
}

/** A document while its rows are gathered. */
interface Gathered {
  readonly leafHash: Hex;
  readonly named: Named;
  readonly rows: PreparedRow[];
}

interface DecodedRow extends PreparedRow {
  readonly leafHash: Hex;
}

/**
 * Reads all segments of a class, in order. Every length, order and number is checked before it is used, and memory
 * stays within a small multiple of the bytes given.
 * @throws {INDEX_TAMPERED} for bytes that do not have the form of an {@link EncodedSegment}
 * @throws {FORMAT_INVALID} for text that is not UTF-8 or names that are not canonical JSON
 */
export function decodeClass(
  segments: readonly EncodedSegment[],
  place: SegmentPlace,
): DecodedClass {
  const documents: Gathered[] = [];
  for (const segment of segments) {
    const names = decodeNames(segment.names);
    let named = 0;
    let previous: Hex | null = null;
    for (const row of decodeRows(segment, place.dims)) {
      if (row.leafHash !== previous) named++;
      previous = row.leafHash;
      gather(documents, row, names.get(row.leafHash));
    }
    const exact = named === names.size;
    need('INV-SEGMENT-NAMES', exact, 'INDEX_TAMPERED', 'a segment names documents without rows');
  }
  return {
    ...place,
    documents: documents.map(({ leafHash, named, rows }) => ({ leafHash, ...named, rows })),
  };
}

/** Adds a row to its document, which is the last one or comes after it. */
function gather(documents: Gathered[], row: DecodedRow, named: Named | undefined): void {
  const { leafHash, i, vector, bag } = row;
  const last = documents.at(-1);
  const continues = last?.leafHash === leafHash;
  const ascends =
    last === undefined ||
    leafHash > last.leafHash ||
    (continues && i > (last.rows.at(-1) as PreparedRow).i);
  need('INV-SEGMENT-ROWS', ascends, 'INDEX_TAMPERED', 'the rows of a class do not ascend');
  const known = named !== undefined && (!continues || sameName(last.named, named));
  need('INV-SEGMENT-NAMED', known, 'INDEX_TAMPERED', 'a row of a segment has no name, or two');
  if (continues) last.rows.push({ i, vector, bag });
  else documents.push({ leafHash, named, rows: [{ i, vector, bag }] });
}

/** Within a segment there is one name; a document that was cut has two, which must say the same. */
function sameName(a: Named, b: Named): boolean {
  return a === b || jcs(a) === jcs(b);
}

function decodeRows(segment: EncodedSegment, dims: number): DecodedRow[] {
  const { rows, postings, dict, names } = segment;
  const size = rows.length + postings.length + dict.length + names.length;
  need('INV-SEGMENT-SIZE', size <= SEGMENT_BYTES, 'INDEX_TAMPERED', 'a segment is too long');
  const lexicon = decodeDict(dict);
  const words = new SegmentReader(postings);
  const reader = new SegmentReader(rows);
  const decoded: DecodedRow[] = [];
  while (!reader.atEnd) {
    const leafHash = hex(reader.take(32));
    const i = reader.u32();
    const vector = checkedVector(reader.take(vectorBytes(dims)), dims);
    decoded.push({ leafHash, i, vector, bag: decodeBag(words, lexicon) });
  }
  need('INV-SEGMENT-END', words.atEnd, 'INDEX_TAMPERED', 'a segment has words without rows');
  return decoded;
}

function checkedVector(bytes: Uint8Array, dims: number): Uint8Array {
  try {
    decodeVector(bytes, dims);
  } catch (error) {
    if (!isStrongroomError(error, 'VECTOR_INVALID')) throw error;
    throw fail('INDEX_TAMPERED', 'a row of a segment has a malformed vector', {}, error);
  }
  return bytes;
}

function decodeDict(bytes: Uint8Array): string[] {
  const reader = new SegmentReader(bytes);
  const lexicon: string[] = [];
  let previous: Uint8Array = new Uint8Array(0);
  while (!reader.atEnd) {
    const term = reader.take(reader.u8());
    const ascends = compareBytes(term, previous) > 0;
    need('INV-SEGMENT-DICT', ascends, 'INDEX_TAMPERED', 'the terms of a segment do not ascend');
    lexicon.push(fromUtf8(term));
    previous = term;
  }
  return lexicon;
}

function decodeBag(reader: SegmentReader, lexicon: readonly string[]): Bag {
  const length = reader.u32();
  const entries = new Uint32Array(reader.u16());
  const bytes = reader.take(4 * entries.length);
  let occurrences = 0;
  let sound = length <= MAX_TERMS;
  for (let at = 0; at < entries.length; at++) {
    const entry = readU32(bytes, 4 * at);
    entries[at] = entry;
    occurrences += occurrencesOf(entry);
    const ascends = at === 0 || idOf(entry) > idOf(entries[at - 1] as number);
    sound &&= ascends && idOf(entry) < lexicon.length && occurrencesOf(entry) > 0;
  }
  sound &&= occurrences <= length;
  need('INV-SEGMENT-POSTINGS', sound, 'INDEX_TAMPERED', 'the words of a row are malformed');
  return { lexicon, entries, length };
}

function decodeNames(bytes: Uint8Array): Map<Hex, Named> {
  const reader = new SegmentReader(bytes);
  const names = new Map<Hex, Named>();
  let previous = '';
  while (!reader.atEnd) {
    const leafHash = hex(reader.take(32));
    const ascends = leafHash > previous;
    need('INV-SEGMENT-ORDER', ascends, 'INDEX_TAMPERED', 'the names of a segment do not ascend');
    names.set(leafHash, parseName(reader.take(reader.u32())));
    previous = leafHash;
  }
  return names;
}

function parseName(bytes: Uint8Array): Named {
  const parsed = nameSchema.safeParse(parseJcs(bytes));
  if (!parsed.success) throw fail('INDEX_TAMPERED', 'a name of a segment is malformed');
  const { docId, sourceUri, title } = parsed.data;
  return { docId, name: { sourceUri, title } };
}
