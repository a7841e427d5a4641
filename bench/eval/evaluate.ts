// SPDX-License-Identifier: Apache-2.0
import { docIdOf, type Hex, hex, sha256, utf8 } from '../../src/core/index.ts';
import { type Embedder, passageText } from '../../src/embed/index.ts';
import { MemoryIndex, type SearchMode } from '../../src/index/index.ts';
import { encodeVector, quantise } from '../../src/provenance/index.ts';
import type { Collection, CollectionDocument } from './collection.ts';
import { ndcg, recall, reciprocalRank } from './metrics.ts';

/** Words of a row; a longer document is several rows of about equal length and scores as its best one. */
export const ROW_WORDS = 256;

/** Every mode, in the order of reports. */
export const MODES: readonly SearchMode[] = ['hybrid', 'vector', 'bm25'];

/** Means over all queries. */
export interface Scores {
  readonly ndcg10: number;
  readonly recall10: number;
  readonly recall100: number;
  readonly mrr10: number;
}

/** What was measured, on what, with what. */
export interface Evaluation {
  readonly documents: number;
  readonly rows: number;
  readonly queries: number;
  readonly embedder: string;
  readonly modes: Readonly<Partial<Record<SearchMode, Scores>>>;
}

const CLASS_NO = 0;
const DEPTH = 100;

/** Indexes a collection with the real embedder and index, asks every query and scores the documents found. */
export async function evaluate(
  collection: Collection,
  embedder: Embedder,
  modes: readonly SearchMode[] = MODES,
): Promise<Evaluation> {
  const { identity } = embedder;
  const index = new MemoryIndex({ dims: identity.dims, space: identity.space });
  const ids = new Map<Hex, string>();
  for (const document of collection.documents) {
    ids.set(await addDocument(index, embedder, document), document.id);
  }
  const search = async (text: string, mode: SearchMode): Promise<string[]> => {
    const vector = quantise(await embedder.embedQuery(text));
    const cursor = index.search({ classes: [CLASS_NO], text, vector, mode });
    const found = new Set<string>();
    for (let batch = cursor.next(DEPTH); batch.length > 0 && found.size < DEPTH;) {
      for (const { leafHash } of batch) found.add(ids.get(leafHash) as string);
      batch = cursor.next(DEPTH);
    }
    return [...found].slice(0, DEPTH);
  };
  const scores: Partial<Record<SearchMode, Scores>> = {};
  for (const mode of modes) {
    scores[mode] = await scoresOf(collection, (text) => search(text, mode));
  }
  return {
    documents: collection.documents.length,
    rows: index.counts().rows,
    queries: collection.queries.length,
    embedder: identity.model.id,
    modes: scores,
  };
}

async function addDocument(
  index: MemoryIndex,
  embedder: Embedder,
  { id, title, text }: CollectionDocument,
): Promise<Hex> {
  const bodies = split(text);
  const vectors = await embedder.embedDocuments(bodies.map((body) => passageText(title, [], body)));
  const leafHash = hex(sha256(utf8(id)));
  index.add({
    docId: docIdOf(new Uint8Array(32), 'eval', id),
    leafHash,
    classNo: CLASS_NO,
    name: { sourceUri: id, title },
    rows: bodies.map((body, i) => ({
      i,
      vector: encodeVector(quantise(vectors[i] as Float32Array)),
      text: { title, headings: [], body },
    })),
  });
  return leafHash;
}

/** Cuts a text into as few rows as {@link ROW_WORDS} allows, of about equal length. */
export function split(text: string): string[] {
  const words = text.split(/\s+/);
  const rows = Math.ceil(words.length / ROW_WORDS);
  const size = Math.ceil(words.length / rows);
  return Array.from({ length: rows }, (_, i) => words.slice(i * size, (i + 1) * size).join(' '));
}

async function scoresOf(
  { queries }: Collection,
  search: (text: string) => Promise<string[]>,
): Promise<Scores> {
  const sums = { ndcg10: 0, recall10: 0, recall100: 0, mrr10: 0 };
  for (const { text, judged } of queries) {
    const ranked = await search(text);
    sums.ndcg10 += ndcg(ranked, judged, 10);
    sums.recall10 += recall(ranked, judged, 10);
    sums.recall100 += recall(ranked, judged, 100);
    sums.mrr10 += reciprocalRank(ranked, judged, 10);
  }
  const mean = (sum: number): number => sum / Math.max(1, queries.length);
  return {
    ndcg10: mean(sums.ndcg10),
    recall10: mean(sums.recall10),
    recall100: mean(sums.recall100),
    mrr10: mean(sums.mrr10),
  };
}
