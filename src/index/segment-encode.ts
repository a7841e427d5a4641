// SPDX-License-Identifier: Apache-2.0
import { concat, fromHex, jcsBytes, lp, u32be } from '../core/index.ts';
import { vectorBytes } from '../provenance/index.ts';
import { idOf, occurrencesOf, packed } from './bags.ts';
import type { ClassBlock, StoredDocument } from './class-block.ts';

/** Largest sum of the four parts of a segment. */
export const SEGMENT_BYTES = 16 * 2 ** 20;

/**
 * One segment of a class as it is sealed: consecutive rows of the class in ascending order of (leaf hash, chunk
 * number), with everything that is needed to search them. Big endian; `LP` and `JCS` as everywhere in the formats.
 *
 * ```
 * rows     = n x ( leaf hash 32 || u32be(i) || vector )                vector = f32le scale || int8[dims]
 * dict     = t x ( u8(length) || UTF-8 of a term )                     strictly ascending by bytes, length 1..255
 * postings = n x ( u32be(terms of the row, repeats included) || u16be(k) || k x u32be(term * 256 + occurrences) )
 *                                                                      row by row in the order of `rows`; term = its
 *                                                                      number in `dict`, strictly ascending;
 *                                                                      occurrences 1..255, where 255 is "or more"
 * names    = m x ( leaf hash 32 || LP(JCS{docId, sourceUri, title}) )  exactly the documents of `rows`, ascending
 * ```
 *
 * A class is cut into segments greedily: a row that would take the four parts over 16 MiB begins the next segment. A
 * document whose rows are cut stands in the names of both. The bytes are a function of the rows alone, not of the order
 * in which they came in.
 */
export interface EncodedSegment {
  readonly rows: Uint8Array;
  readonly postings: Uint8Array;
  readonly dict: Uint8Array;
  readonly names: Uint8Array;
}

/** A row of a block with its document. */
interface PlacedRow {
  readonly document: StoredDocument;
  readonly row: number;
}

/** The segments of a class; none for a class without rows. `limit` is there for tests. */
export function encodeBlock(block: ClassBlock, limit: number = SEGMENT_BYTES): EncodedSegment[] {
  return cut(block, sortedRows(block), limit).map((draft) => encodeSegment(block, draft));
}

function sortedRows(block: ClassBlock): PlacedRow[] {
  const documents = block.documents().sort((a, b) => (a.leafHash < b.leafHash ? -1 : 1));
  return documents.flatMap((document) => {
    const first = document.place?.firstRow ?? 0;
    return Array.from({ length: document.rows }, (_, at) => ({ document, row: first + at }));
  });
}

/** A segment while rows are added to it. */
interface Draft {
  readonly rows: PlacedRow[];
  /** 1 for each term of the class that the segment's dictionary holds. */
  readonly holds: Uint8Array;
  bytes: number;
}

function cut(block: ClassBlock, rows: readonly PlacedRow[], limit: number): Draft[] {
  const drafts: Draft[] = [];
  for (const placed of rows) {
    let draft = drafts.at(-1);
    if (draft === undefined || draft.bytes + costOf(block, placed, draft) > limit) {
      draft = { rows: [], holds: new Uint8Array(block.terms.size), bytes: 0 };
      drafts.push(draft);
    }
    draft.bytes += costOf(block, placed, draft);
    draft.rows.push(placed);
    for (const entry of block.postings.ofRow(placed.row)) draft.holds[idOf(entry)] = 1;
  }
  return drafts;
}

/** Bytes by which a row makes a segment longer. */
function costOf(block: ClassBlock, { document, row }: PlacedRow, draft: Draft): number {
  const entries = block.postings.ofRow(row);
  let bytes = 32 + 4 + vectorBytes(block.dims) + 4 + 2 + 4 * entries.length;
  for (const entry of entries) {
    const term = idOf(entry);
    if (draft.holds[term] === 0) bytes += 1 + block.terms.bytesOf(term).length;
  }
  return draft.rows.at(-1)?.document === document ? bytes : bytes + nameOf(document).length;
}

function encodeSegment(block: ClassBlock, { rows, holds }: Draft): EncodedSegment {
  const terms = sortedTerms(block, holds);
  const numbers = new Uint32Array(block.terms.size);
  terms.forEach((term, number) => (numbers[term] = number));
  const documents = new Set(rows.map(({ document }) => document));
  return {
    rows: join(rows.map((placed) => rowOf(block, placed))),
    postings: join(rows.map(({ row }) => postingsOf(block, row, numbers))),
    dict: join(terms.map((term) => shortLp(block.terms.bytesOf(term)))),
    names: join([...documents].map(nameOf)),
  };
}

function sortedTerms(block: ClassBlock, holds: Uint8Array): number[] {
  const terms: { readonly id: number; readonly key: string }[] = [];
  for (let id = 0; id < holds.length; id++) {
    if (holds[id] === 1) terms.push({ id, key: byteString(block.terms.bytesOf(id)) });
  }
  return terms.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ id }) => id);
}

/** One character for each byte: orders as the bytes do, and quicker. */
function byteString(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function rowOf(block: ClassBlock, { document, row }: PlacedRow): Uint8Array {
  return concat(leafHashOf(document), u32be(block.chunkOf(row)), block.vectorOf(row));
}

function postingsOf(block: ClassBlock, row: number, numbers: Uint32Array): Uint8Array {
  const entries = block.postings
    .ofRow(row)
    .map((entry) => packed(numbers[idOf(entry)] as number, occurrencesOf(entry)))
    .sort();
  const bytes = new Uint8Array(4 + 2 + 4 * entries.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, block.lengthOf(row));
  view.setUint16(4, entries.length);
  entries.forEach((entry, at) => view.setUint32(6 + 4 * at, entry));
  return bytes;
}

function nameOf(document: StoredDocument): Uint8Array {
  const { docId, name } = document;
  const { sourceUri, title } = name;
  return concat(leafHashOf(document), lp(jcsBytes({ docId, sourceUri, title })));
}

function leafHashOf({ leafHash }: StoredDocument): Uint8Array {
  return fromHex(leafHash) as Uint8Array;
}

function shortLp(bytes: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(bytes.length), bytes);
}

/** `concat` without an argument per part, of which there are too many for a call. */
function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
