// SPDX-License-Identifier: Apache-2.0
// The signed tree over a document's chunks and the meta part that carries it (docs/formats.md, "Document version").
import { z } from 'zod';
import {
  compareBytes,
  concat,
  fail,
  type Hex,
  hex,
  hmac,
  jcsBytes,
  lp,
  need,
  parseJcs,
  readU32,
  readU64,
  u32be,
  u64be,
} from '../core/index.ts';
import { type Hash, leafHash, rootOf } from './merkle.ts';

const chunkMetaSchema = z.strictObject({
  headings: z.array(z.string()),
  page: z.int().min(1).nullable(),
  pos: z.strictObject({ start: z.int().min(0), end: z.int().min(0) }).nullable(),
});
const docMetaSchema = z.strictObject({
  namespace: z.string(),
  sourceUri: z.string(),
  title: z.string().nullable(),
  mediaType: z.string().nullable(),
  scan: z.strictObject({
    findings: z.array(z.strictObject({ kind: z.string(), count: z.int().min(1) })),
  }),
  /** Permissions that came with the document (sidecar, front matter) as JSON text, or null. */
  access: z.string().nullable(),
});

/** Where a chunk stands: heading path, page of a paged source, byte range in the source file. */
export type ChunkMeta = z.infer<typeof chunkMetaSchema>;
/** The confidential facts of a document: names, type, what screening found. */
export type DocMeta = z.infer<typeof docMetaSchema>;

/** The fields of one leaf of the chunk tree. */
export interface ChunkLeaf {
  readonly i: number;
  /** Chunks of the document. */
  readonly n: number;
  /** Byte range in the text part, half-open, on code point borders. */
  readonly start: number;
  readonly end: number;
  readonly textCommit: Hash;
  readonly vecCommit: Hash;
  readonly meta: ChunkMeta;
}

/** How a vector was made and is stored. */
export interface VectorForm {
  readonly model: string;
  readonly dims: number;
  readonly dtype: 'i8' | 'f32le';
}

const LEAF_LABEL = lp('sr/chunk/v1');
const TEXT_LABEL = lp('sr/text/v1');
const VEC_LABEL = lp('sr/vec/v1');
const FACTS_LABEL = lp('sr/facts/v1');

/** HMAC(openT_i, LP("sr/text/v1") || chunk bytes). */
export function textCommit(opening: Uint8Array, chunk: Uint8Array): Hash {
  return hmac(opening, concat(TEXT_LABEL, chunk));
}

/** HMAC(openV_i, LP("sr/vec/v1") || LP(model) || u32be(dims) || LP(dtype) || vector bytes). */
export function vecCommit(opening: Uint8Array, form: VectorForm, vector: Uint8Array): Hash {
  return hmac(opening, concat(VEC_LABEL, lp(form.model), u32be(form.dims), lp(form.dtype), vector));
}

/** HMAC(openF, LP("sr/facts/v1") || LP(JCS(document meta))): binds the confidential facts to the statement. */
export function factsCommit(opening: Uint8Array, doc: DocMeta): Hex {
  return hex(hmac(opening, concat(FACTS_LABEL, lp(jcsBytes(doc)))));
}

/** The bytes of a leaf. */
export function encodeLeaf(leaf: ChunkLeaf): Uint8Array {
  return concat(
    LEAF_LABEL,
    u32be(leaf.i),
    u32be(leaf.n),
    u64be(leaf.start),
    u64be(leaf.end),
    leaf.textCommit,
    leaf.vecCommit,
    lp(jcsBytes(leaf.meta)),
  );
}

/**
 * Reads the bytes of a leaf.
 * @throws {FORMAT_INVALID} when they are not exactly one leaf
 */
export function decodeLeaf(bytes: Uint8Array): ChunkLeaf {
  const at = LEAF_LABEL.length;
  const fixed = at + 4 + 4 + 8 + 8 + 32 + 32 + 4;
  if (bytes.length < fixed || compareBytes(bytes.subarray(0, at), LEAF_LABEL) !== 0) {
    throw fail('FORMAT_INVALID', 'not a chunk leaf');
  }
  const metaLength = readU32(bytes, fixed - 4);
  const [start, end] = [readU64(bytes, at + 8), readU64(bytes, at + 16)];
  const isPlaced = Number.isSafeInteger(start) && Number.isSafeInteger(end);
  if (bytes.length !== fixed + metaLength || !isPlaced) {
    throw fail('FORMAT_INVALID', 'not a chunk leaf');
  }
  return {
    i: readU32(bytes, at),
    n: readU32(bytes, at + 4),
    start,
    end,
    textCommit: bytes.subarray(at + 24, at + 56),
    vecCommit: bytes.subarray(at + 56, at + 88),
    meta: parsed(chunkMetaSchema, bytes.subarray(fixed)),
  };
}

/** The chunk tree of a document as its meta part holds it, checked against itself and a signed root. */
export interface ChunkTree {
  readonly leaves: readonly ChunkLeaf[];
  readonly hashes: readonly Hash[];
  readonly doc: DocMeta;
}

/** The plaintext of a meta part. */
export function encodeMeta(leaves: readonly ChunkLeaf[], doc: DocMeta): Uint8Array {
  const datas = leaves.map(encodeLeaf);
  return concat(
    u32be(leaves.length),
    ...datas.map(leafHash),
    ...datas.map((data) => lp(data)),
    lp(jcsBytes(doc)),
  );
}

/** The root that an ingest statement signs. */
export function chunkRoot(leaves: readonly ChunkLeaf[]): Hex {
  return hex(rootOf(leaves.map((leaf) => leafHash(encodeLeaf(leaf)))));
}

/** What an ingest statement says of its meta part. */
export interface SignedMeta {
  readonly chunks: number;
  readonly chunkRoot: Hex;
  readonly facts: Hex;
}

/**
 * Reads a meta part and proves it into the signed chunk root.
 * @param signed what the ingest statement says
 * @param factsOpening opening of the commitment to the document's facts
 * @throws {INTEGRITY} when the tree is not the signed one
 * @throws {FORMAT_INVALID} when the bytes are malformed
 */
export function openMeta(
  bytes: Uint8Array,
  signed: SignedMeta,
  factsOpening: Uint8Array,
): ChunkTree {
  const reader = new Reader(bytes);
  const n = reader.u32();
  need(
    'INV-META-COUNT',
    n === signed.chunks,
    'INTEGRITY',
    'a document has another number of chunks',
  );
  // Each chunk takes a hash and a length at least: nothing is allocated for chunks that cannot be there.
  if (bytes.length < 4 + n * 36) throw fail('FORMAT_INVALID', 'a meta part is cut short');
  const hashes = Array.from({ length: n }, () => reader.take(32));
  need(
    'INV-META-ROOT',
    hex(rootOf(hashes)) === signed.chunkRoot,
    'INTEGRITY',
    'the chunk tree is not the signed one',
  );
  const leaves = hashes.map((expected, i) => {
    const data = reader.lp();
    const isLeaf = compareBytes(leafHash(data), expected) === 0;
    need('INV-META-LEAF', isLeaf, 'INTEGRITY', 'a chunk leaf is not in the signed tree');
    return checkLeaf(decodeLeaf(data), i, n);
  });
  checkOrder(leaves);
  const doc = parsed(docMetaSchema, reader.lp());
  reader.end();
  const isSigned = factsCommit(factsOpening, doc) === signed.facts;
  need('INV-META-FACTS', isSigned, 'INTEGRITY', 'the facts of a document are not the signed ones');
  return { leaves, hashes, doc };
}

function checkLeaf(leaf: ChunkLeaf, i: number, n: number): ChunkLeaf {
  const placed = leaf.i === i && leaf.n === n;
  need('INV-META-PLACE', placed, 'INTEGRITY', 'a chunk leaf stands in the wrong place');
  if (!(leaf.start < leaf.end)) throw fail('FORMAT_INVALID', 'a chunk has an empty range');
  return leaf;
}

function checkOrder(leaves: readonly ChunkLeaf[]): void {
  for (let i = 1; i < leaves.length; i++) {
    const [before, after] = [leaves[i - 1] as ChunkLeaf, leaves[i] as ChunkLeaf];
    if (after.start < before.start) throw fail('FORMAT_INVALID', 'chunks are out of order');
  }
}

function parsed<T>(schema: z.ZodType<T>, bytes: Uint8Array): T {
  const result = schema.safeParse(parseJcs(bytes));
  if (!result.success) throw fail('FORMAT_INVALID', 'chunk or document facts are malformed');
  return result.data;
}

/** Takes length-checked pieces from the front of a byte array. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length)
      throw fail('FORMAT_INVALID', 'a meta part is cut short');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  u32(): number {
    return readU32(this.take(4), 0);
  }

  lp(): Uint8Array {
    return this.take(this.u32());
  }

  end(): void {
    if (this.#at !== this.#bytes.length)
      throw fail('FORMAT_INVALID', 'a meta part has bytes left over');
  }
}
