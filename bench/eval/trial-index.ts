// SPDX-License-Identifier: Apache-2.0
// The product's own embedder and index, filled with the documents of a test collection.
import { docIdOf, type Hex, hex, sha256, utf8 } from '../../src/core/index.ts';
import { type Embedder, passageText } from '../../src/embed/index.ts';
import { MemoryIndex, type SearchMode } from '../../src/index/index.ts';
import { encodeVector, type QuantisedVector, quantise } from '../../src/provenance/index.ts';

/** A passage of a document. */
export interface TrialRow {
  readonly headings: readonly string[];
  readonly body: string;
}

/** A document cut into rows and embedded, ready to stand in several indexes. */
export interface TrialDocument {
  readonly id: string;
  /** Source name, whose words count; empty where ids say nothing. */
  readonly sourceUri: string;
  readonly title: string | null;
  readonly rows: readonly TrialRow[];
  readonly vectors: readonly Uint8Array[];
}

/** A question with its vector. */
export interface TrialQuery {
  readonly text: string;
  readonly vector: QuantisedVector;
}

/** A row that was found. */
export interface TrialHit {
  readonly id: string;
  readonly row: number;
  readonly score: number;
}

/** Embeds the rows of a document. */
export async function embedDocument(
  embedder: Embedder,
  document: Omit<TrialDocument, 'vectors'>,
): Promise<TrialDocument> {
  const { sourceUri, title, rows } = document;
  const texts = rows.map(({ headings, body }) => passageText({ sourceUri, title, headings }, body));
  const vectors = await embedder.embedDocuments(texts);
  return { ...document, vectors: vectors.map((vector) => encodeVector(quantise(vector))) };
}

/** Embeds a question. */
export async function embedQuery(embedder: Embedder, text: string): Promise<TrialQuery> {
  return { text, vector: quantise(await embedder.embedQuery(text)) };
}

/** An index over embedded documents, each in a class. */
export class TrialIndex {
  readonly #index: MemoryIndex;
  readonly #questions: string;
  readonly #ids = new Map<Hex, string>();

  constructor(embedder: Embedder) {
    const { dims, space, model } = embedder.identity;
    this.#questions = embedder.questionsBy?.() ?? model.id;
    this.#index = new MemoryIndex({ dims, space });
  }

  /** Number of rows. */
  get rows(): number {
    return this.#index.counts().rows;
  }

  add({ id, sourceUri, title, rows, vectors }: TrialDocument, classNo = 0): void {
    const leafHash = hex(sha256(utf8(id)));
    this.#ids.set(leafHash, id);
    this.#index.add({
      docId: docIdOf(new Uint8Array(32), 'eval', id),
      leafHash,
      classNo,
      name: { sourceUri, title },
      rows: rows.map(({ headings, body }, i) => ({
        i,
        vector: vectors[i] as Uint8Array,
        text: { title, headings, body },
      })),
    });
  }

  /** The rows found, best first, as many as are taken. */
  *hits(
    query: TrialQuery,
    mode: SearchMode,
    classes: readonly number[] = [0],
  ): Generator<TrialHit> {
    const cursor = this.#index.search({ classes, ...query, mode, questions: this.#questions });
    for (let batch = cursor.next(100); batch.length > 0; batch = cursor.next(100)) {
      for (const { leafHash, i, score } of batch) {
        yield { id: this.#ids.get(leafHash) as string, row: i, score };
      }
    }
  }

  /** The best documents, each at the place of its best row. */
  documents(
    query: TrialQuery,
    mode: SearchMode,
    { depth = 100, classes = [0] }: { depth?: number; classes?: readonly number[] } = {},
  ): string[] {
    const found = new Set<string>();
    for (const { id } of this.hits(query, mode, classes)) {
      if (found.add(id).size === depth) break;
    }
    return [...found];
  }
}
