// SPDX-License-Identifier: Apache-2.0
// A sealed document version in a store, with the statement that an ingest key would sign for it.
import { utf8 } from '../../src/core/index.ts';
import type { KeyRef } from '../../src/keys/index.ts';
import { encodeVector, quantise, type VectorForm } from '../../src/provenance/index.ts';
import {
  type DocumentInput,
  type IngestStatement,
  MemoryStore,
  objectPath,
  OpenDocument,
  type SealedDocument,
  sealDocument,
} from '../../src/store/index.ts';
import { FixedClock } from './fixed-clock.ts';
import { SeededRandom } from './seeded-random.ts';

/** Where the fixture's document stands. */
export const DOC_REF: KeyRef = { tenantId: 'acme', kind: 'doc', id: `d-${'c'.repeat(26)}`, no: 2 };
const FORM: VectorForm = { model: 'test-model', dims: 8, dtype: 'i8' };

/** A document of so many sentences before it is sealed; every sentence is a chunk. */
export function documentInput(sentences: number, ref = DOC_REF, word = 'Rule'): DocumentInput {
  const texts = Array.from({ length: sentences }, (_, i) =>
    utf8(`${word} ${i} of the café says: wash ${i} cups before the ${i + 1}th guest arrives. `),
  );
  let start = 0;
  const chunks = texts.map((text, i) => {
    const range = { start, end: start + text.length };
    start = range.end;
    const vector = Float32Array.from({ length: 8 }, (_v, d) => Math.sin(i * 8 + d + 1));
    const meta = { headings: ['Rules'], page: null, pos: range };
    return { ...range, meta, vector: encodeVector(quantise(vector)) };
  });
  const meta = {
    namespace: 'files',
    sourceUri: 'rules/café.md',
    title: 'Rules',
    mediaType: 'text/markdown',
    scan: { findings: [] },
    access: null,
  };
  return { ref, text: Buffer.concat(texts), chunks, meta, form: FORM };
}

/** What the log would say of a sealed version: the fields that opening it looks at. */
export function statementOf(sealed: SealedDocument): IngestStatement {
  const { parts, chunks, facts, chunkRoot, sha256 } = sealed;
  return {
    kind: 'ingest',
    subject: { name: 'urn', digest: { sha256, srChunkTreeV1: chunkRoot } },
    predicate: { parts, chunks, facts, embedder: FORM },
  } as unknown as IngestStatement;
}

/** A sealed document in a store of its own. */
export class StoredDocument {
  readonly input: DocumentInput;
  readonly dek: Uint8Array;
  readonly sealed: SealedDocument;
  readonly statement: IngestStatement;

  constructor(sentences: number, options: { seed?: string; ref?: KeyRef; word?: string } = {}) {
    const random = new SeededRandom(options.seed ?? 'stored document');
    this.input = documentInput(sentences, options.ref, options.word);
    this.dek = random.bytes(32);
    this.sealed = sealDocument(this.dek, this.input, random);
    this.statement = statementOf(this.sealed);
  }

  /** The sentences as they must come out. */
  get texts(): string[] {
    return this.input.chunks.map(({ start, end }) =>
      Buffer.from(this.input.text.subarray(start, end)).toString('utf8'),
    );
  }

  /** Opens the version from a store that holds `bytes` in its place. */
  async open(
    bytes: Uint8Array | null = this.sealed.bytes,
    options: { ref?: KeyRef; dek?: Uint8Array; statement?: IngestStatement } = {},
  ): Promise<OpenDocument> {
    const { ref = this.input.ref, dek = this.dek, statement = this.statement } = options;
    const store = new MemoryStore(new FixedClock());
    const path = objectPath(ref, statement.subject.digest['sha256'] ?? '');
    if (bytes !== null) await store.putIfAbsent(path, bytes);
    return OpenDocument.open(store, ref, dek, statement);
  }

  /** Opens the version and reads every text and vector. */
  async readAll(
    bytes?: Uint8Array | null,
    options: { ref?: KeyRef; dek?: Uint8Array; statement?: IngestStatement } = {},
  ): Promise<{ texts: string[]; vectors: Uint8Array[] }> {
    const document = await this.open(bytes, options);
    return { texts: await document.texts(), vectors: await document.vectors() };
  }
}
