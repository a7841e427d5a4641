// SPDX-License-Identifier: Apache-2.0
// Opening a document version: every byte is proven against its signed statement before it is used.
import {
  base64,
  compareBytes,
  concat,
  fail,
  fromUtf8,
  type Hex,
  hex,
  need,
  sha256,
} from '../core/index.ts';
import {
  documentSalt,
  factsOpening,
  FRAME_BYTES,
  type KeyRef,
  open,
  type Opener,
  openFrames,
  openHeader,
  plainLength,
  SEAL_HEADER_BYTES,
  sealContext,
  textOpening,
  vectorOpening,
} from '../keys/index.ts';
import {
  type ChunkLeaf,
  type ChunkTree,
  type DocMeta,
  type Hash,
  openMeta,
  type StatementOf,
  textCommit,
  vecCommit,
  vectorBytes,
} from '../provenance/index.ts';
import type { DocumentParts } from './document-seal.ts';
import { objectPath } from './paths.ts';
import type { SealedSource } from './sealed-bytes.ts';

/** Objects up to this size are read whole and hashed; larger ones are read by frames. */
export const WHOLE_OBJECT_BYTES = 256 * 1024;
const SEALED_FRAME = FRAME_BYTES + 16;

/** The ingest statement of a document version, verified by the ledger. */
export type IngestStatement = StatementOf<'ingest'>;

/**
 * A document version whose meta part has been proven into its signed chunk tree. Text and vectors are checked chunk by
 * chunk when they are asked for. Holds the derived keys of the version in memory until `close`.
 */
export class OpenDocument {
  readonly statement: IngestStatement;
  readonly tree: ChunkTree;
  readonly #source: SealedSource;
  readonly #path: string;
  readonly #salt: Uint8Array;
  readonly #text: Opener;
  readonly #vec: Opener;

  private constructor(
    at: { source: SealedSource; path: string; statement: IngestStatement; tree: ChunkTree },
    keys: { salt: Uint8Array; text: Opener; vec: Opener },
  ) {
    this.#source = at.source;
    this.#path = at.path;
    this.statement = at.statement;
    this.tree = at.tree;
    this.#salt = keys.salt;
    this.#text = keys.text;
    this.#vec = keys.vec;
  }

  /**
   * Reads and proves headers and meta part.
   * @param dek the data key, or what is still fetching it: the object is read meanwhile
   * @throws {INTEGRITY} when the stored object is missing, has another size, digest, header or chunk tree
   * @throws {KEY_COMMITMENT} when the data key is not the one that sealed it
   */
  static async open(
    source: SealedSource,
    ref: KeyRef,
    dek: Uint8Array | Promise<Uint8Array>,
    statement: IngestStatement,
  ): Promise<OpenDocument> {
    const { parts, chunks, facts } = statement.predicate;
    const path = objectPath(ref, digestOf(statement));
    const reading = readSealed(source, path, statement);
    // Where both fail, it is the key that is told of.
    reading.catch(() => undefined);
    const key = await dek;
    const bytes = await reading;
    const openers = {
      text: openHeader(key, sealContext(ref, 'text'), bytes.header('text')),
      vec: openHeader(key, sealContext(ref, 'vec'), bytes.header('vec')),
    };
    const meta = open(key, sealContext(ref, 'meta'), await bytes.part(parts.meta));
    const chunkRoot = statement.subject.digest['srChunkTreeV1'] ?? '';
    const salt = documentSalt(key, ref);
    const tree = openMeta(meta, { chunks, chunkRoot, facts }, factsOpening(salt));
    return new OpenDocument({ source, path, statement, tree }, { salt, ...openers });
  }

  /** The confidential facts of the document. */
  get meta(): DocMeta {
    return this.tree.doc;
  }

  /** The proven leaf of chunk `i`. @throws {INTEGRITY} when there is none */
  leaf(i: number): ChunkLeaf {
    const leaf = this.tree.leaves[i];
    if (leaf === undefined)
      throw fail('INTEGRITY', 'an index row names a chunk that does not exist');
    return leaf;
  }

  /**
   * The text of chunk `i`: its frames are read, opened and compared with the signed commitment.
   * @throws {INTEGRITY} when they are not what was signed
   */
  async text(i: number): Promise<string> {
    const leaf = this.leaf(i);
    const { plain, keep } = await this.#read('text', leaf.start, leaf.end);
    const text = this.#checked(i, plain);
    keep();
    return text;
  }

  /** The texts of all chunks, from one read of the text part. @throws {INTEGRITY} */
  async texts(): Promise<string[]> {
    const length = plainLength(this.statement.predicate.parts.text.bytes);
    const { plain: all } = await this.#read('text', 0, length);
    return this.tree.leaves.map((leaf, i) => this.#checked(i, all.subarray(leaf.start, leaf.end)));
  }

  /** The whole normalised text, each chunk of it compared with its commitment. @throws {INTEGRITY} */
  async wholeText(): Promise<string> {
    const length = plainLength(this.statement.predicate.parts.text.bytes);
    const { plain: all } = await this.#read('text', 0, length);
    for (const [i, { start, end }] of this.tree.leaves.entries()) {
      this.#checked(i, all.subarray(start, end));
    }
    return fromUtf8(all);
  }

  /** The opening that shows an outsider that the text of chunk `i` belongs to its commitment. */
  textOpening(i: number): Uint8Array {
    return textOpening(this.#salt, i);
  }

  /** Compares a vector from an index with the signed commitment of chunk `i`. @throws {INTEGRITY} when it differs */
  checkVector(i: number, vector: Uint8Array): void {
    const { model, dims, dtype } = this.statement.predicate.embedder;
    const commit = vecCommit(vectorOpening(this.#salt, i), { model, dims, dtype }, vector);
    const isSigned = compareBytes(commit, this.leaf(i).vecCommit) === 0;
    need('INV-VECTOR-COMMIT', isSigned, 'INTEGRITY', 'the vector of a chunk is not the signed one');
  }

  /** The signed vectors of all chunks, read from the sealed object and checked. @throws {INTEGRITY} */
  async vectors(): Promise<Uint8Array[]> {
    const { embedder, chunks } = this.statement.predicate;
    const width = embedder.dtype === 'i8' ? vectorBytes(embedder.dims) : embedder.dims * 4;
    const { plain: all } = await this.#read('vec', 0, width * chunks);
    return Array.from({ length: chunks }, (_, i) => {
      const vector = all.slice(i * width, (i + 1) * width);
      this.checkVector(i, vector);
      return vector;
    });
  }

  /** Leaf hashes of the chunk tree, for inclusion proofs. */
  get leafHashes(): readonly Hash[] {
    return this.tree.hashes;
  }

  /** Forgets the derived keys, and has the source forget the object. */
  close(): void {
    this.#source.forget?.(this.#path);
    this.#salt.fill(0);
    this.#text.key.fill(0);
    this.#vec.key.fill(0);
  }

  /** Text bytes of chunk `i`, compared with the signed commitment. */
  #checked(i: number, bytes: Uint8Array): string {
    const commit = textCommit(textOpening(this.#salt, i), bytes);
    const isSigned = compareBytes(commit, this.leaf(i).textCommit) === 0;
    need('INV-TEXT-COMMIT', isSigned, 'INTEGRITY', 'the text of a chunk is not the signed one');
    return fromUtf8(bytes);
  }

  /** Plaintext bytes [start, end) of a part, from exactly the frames that hold them; `keep` once they are proven. */
  async #read(
    part: 'text' | 'vec',
    start: number,
    end: number,
  ): Promise<{ plain: Uint8Array; keep: () => void }> {
    const { off, bytes } = this.statement.predicate.parts[part];
    const first = Math.floor(start / FRAME_BYTES);
    const last = Math.max(first, Math.floor((end - 1) / FRAME_BYTES));
    const from = SEAL_HEADER_BYTES + first * SEALED_FRAME;
    const to = Math.min(bytes, SEAL_HEADER_BYTES + (last + 1) * SEALED_FRAME);
    // A signed range may still lie outside the part.
    if (to <= from) throw missing();
    const frames = await this.#source.getRange(this.#path, off + from, to - from);
    if (frames?.length !== to - from) throw missing();
    const opened = openFrames(part === 'text' ? this.#text : this.#vec, frames, first, last);
    const within = start - first * FRAME_BYTES;
    if (opened.length < within + (end - start)) throw missing();
    const plain = opened.subarray(within, within + (end - start));
    return { plain, keep: () => this.#source.keep?.(this.#path, off + from, frames) };
  }
}

/** SHA-256 of the sealed object that a statement names. */
export function digestOf(statement: IngestStatement): Hex {
  return statement.subject.digest['sha256'] ?? '';
}

interface SealedBytesOf {
  header(part: 'text' | 'vec'): Uint8Array;
  part(part: DocumentParts['text']): Promise<Uint8Array>;
}

/**
 * Checks size first, then digest (small objects, by one read) or the signed headers (large ones, whose frames are read
 * singly).
 */
async function readSealed(
  source: SealedSource,
  path: string,
  statement: IngestStatement,
): Promise<SealedBytesOf> {
  const { parts } = statement.predicate;
  const total = parts.text.bytes + parts.meta.bytes + parts.vec.bytes;
  if (total > WHOLE_OBJECT_BYTES) {
    requireSize((await source.stat(path))?.bytes, total);
    return readByRange(source, path, parts);
  }
  // One byte more than there must be tells a longer object, however long, in the same read.
  const bytes = await source.getRange(path, 0, total + 1);
  requireSize(bytes?.length, total);
  const whole = bytes ?? concat();
  const isSigned = hex(sha256(whole)) === digestOf(statement);
  need('INV-OBJECT-DIGEST', isSigned, 'INTEGRITY', 'a sealed object is not the signed one');
  source.keep?.(path, 0, whole);
  const slice = ({ off, bytes: length }: DocumentParts['text']): Uint8Array =>
    whole.subarray(off, off + length);
  for (const part of [parts.text, parts.meta, parts.vec]) {
    signedHeader(slice(part).subarray(0, SEAL_HEADER_BYTES), part);
  }
  return {
    header: (part) => slice(parts[part]).subarray(0, SEAL_HEADER_BYTES),
    part: (part) => Promise.resolve(slice(part)),
  };
}

function requireSize(found: number | undefined, signed: number): void {
  if (found === undefined) throw missing();
  need('INV-OBJECT-SIZE', found === signed, 'INTEGRITY', 'a sealed object has another size');
}

async function readByRange(
  source: SealedSource,
  path: string,
  parts: DocumentParts,
): Promise<SealedBytesOf> {
  const headers = new Map<string, Uint8Array>();
  for (const name of ['text', 'meta', 'vec'] as const) {
    const header = await source.getRange(path, parts[name].off, SEAL_HEADER_BYTES);
    headers.set(name, signedHeader(header, parts[name]));
  }
  return {
    header: (part) => headers.get(part) ?? new Uint8Array(0),
    part: async ({ off, bytes }) => {
      const range = await source.getRange(path, off, bytes);
      return range ?? concat();
    },
  };
}

/** The first bytes of a part, which its statement repeats. @throws {INTEGRITY} */
function signedHeader(header: Uint8Array | null, part: DocumentParts['text']): Uint8Array {
  const isSigned = header !== null && base64(header) === part.header;
  need('INV-OBJECT-HEADER', isSigned, 'INTEGRITY', 'a part of an object is not the signed one');
  return header;
}

function missing(): Error {
  return fail('INTEGRITY', 'a sealed object is missing or cut short');
}
