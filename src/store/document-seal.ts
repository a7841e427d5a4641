// SPDX-License-Identifier: Apache-2.0
// One document version becomes one sealed object: sealed(text) || sealed(meta) || sealed(vec).
import { base64, concat, fail, hex, type Hex, type Random, sha256 } from '../core/index.ts';
import {
  documentSalt,
  factsOpening,
  type KeyRef,
  seal,
  SEAL_HEADER_BYTES,
  sealContext,
  textOpening,
  vectorOpening,
} from '../keys/index.ts';
import {
  type ChunkLeaf,
  type ChunkMeta,
  chunkRoot,
  type DocMeta,
  encodeMeta,
  factsCommit,
  type Predicate,
  textCommit,
  vecCommit,
  type VectorForm,
} from '../provenance/index.ts';

/** A chunk before it is committed to. */
export interface ChunkInput {
  /** Byte range in the text. */
  readonly start: number;
  readonly end: number;
  readonly meta: ChunkMeta;
  /** The signed vector bytes. */
  readonly vector: Uint8Array;
}

/** A document version before it is sealed. */
export interface DocumentInput {
  readonly ref: KeyRef;
  /** The normalised UTF-8 text, exactly. */
  readonly text: Uint8Array;
  readonly chunks: readonly ChunkInput[];
  readonly meta: DocMeta;
  readonly form: VectorForm;
}

/** What the ingest statement says of the three parts. */
export type DocumentParts = Predicate<'ingest'>['parts'];

/** A sealed object with what its statement must say. The data key is not in it: wrap it, then forget it. */
export interface SealedDocument {
  readonly bytes: Uint8Array;
  readonly sha256: Hex;
  readonly parts: DocumentParts;
  readonly chunkRoot: Hex;
  readonly chunks: number;
  /** Commitment to the document's facts. */
  readonly facts: Hex;
}

/** The largest number of chunks of one document. */
export const MAX_CHUNKS = 2 ** 20;

/**
 * Commits to every chunk and vector and seals text, meta and vectors under one data key.
 * @throws {INTERNAL} when a chunk range is empty, out of order or outside the text
 */
export function sealDocument(
  dek: Uint8Array,
  input: DocumentInput,
  random: Random,
): SealedDocument {
  const salt = documentSalt(dek, input.ref);
  const leaves = commitChunks(salt, input);
  const facts = factsCommit(factsOpening(salt), input.meta);
  salt.fill(0);
  const meta = encodeMeta(leaves, input.meta);
  const vectors = concat(...input.chunks.map((chunk) => chunk.vector));
  const sealPart = (part: string, plain: Uint8Array): Uint8Array =>
    seal(dek, sealContext(input.ref, part), plain, random);
  const sealed = {
    text: sealPart('text', input.text),
    meta: sealPart('meta', meta),
    vec: sealPart('vec', vectors),
  };
  const bytes = concat(sealed.text, sealed.meta, sealed.vec);
  const metaAt = sealed.text.length;
  return {
    bytes,
    sha256: hex(sha256(bytes)),
    parts: {
      text: partOf(sealed.text, 0),
      meta: partOf(sealed.meta, metaAt),
      vec: partOf(sealed.vec, metaAt + sealed.meta.length),
    },
    chunkRoot: chunkRoot(leaves),
    chunks: leaves.length,
    facts,
  };
}

function commitChunks(salt: Uint8Array, input: DocumentInput): ChunkLeaf[] {
  const n = input.chunks.length;
  if (n < 1 || n > MAX_CHUNKS) throw fail('INTERNAL', 'a document has no chunks, or too many');
  let before = 0;
  return input.chunks.map(({ start, end, meta, vector }, i) => {
    if (!(start >= before && start < end && end <= input.text.length)) {
      throw fail('INTERNAL', 'a chunk has a range that the formats do not allow');
    }
    before = start;
    const text = textCommit(textOpening(salt, i), input.text.subarray(start, end));
    const vec = vecCommit(vectorOpening(salt, i), input.form, vector);
    return { i, n, start, end, textCommit: text, vecCommit: vec, meta };
  });
}

function partOf(sealed: Uint8Array, off: number): DocumentParts['text'] {
  return { off, bytes: sealed.length, header: base64(sealed.subarray(0, SEAL_HEADER_BYTES)) };
}
