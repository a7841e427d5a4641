// SPDX-License-Identifier: Apache-2.0
import type { Embedder } from '../../src/embed/index.ts';
import type { SearchMode } from '../../src/index/index.ts';
import type { Collection, CollectionDocument, JudgedQuery } from './collection.ts';
import { type Judgements, ndcg, recall, reciprocalRank } from './metrics.ts';
import { bootstrap, type Interval } from './statistics.ts';
import {
  embedDocument,
  embedQuery,
  type TrialDocument,
  TrialIndex,
  type TrialQuery,
} from './trial-index.ts';

/** Words of a row; a longer document is several rows of about equal length and scores as its best one. */
export const ROW_WORDS = 256;

/** Every mode, in the order of reports. */
export const MODES: readonly SearchMode[] = ['hybrid', 'vector', 'bm25'];

/** What is measured of a ranking of documents. */
export const METRICS = {
  ndcg10: (ranked: readonly string[], judged: Judgements) => ndcg(ranked, judged, 10),
  recall10: (ranked: readonly string[], judged: Judgements) => recall(ranked, judged, 10),
  recall100: (ranked: readonly string[], judged: Judgements) => recall(ranked, judged, 100),
  mrr10: (ranked: readonly string[], judged: Judgements) => reciprocalRank(ranked, judged, 10),
} as const;

/** Name of a metric. */
export type Metric = keyof typeof METRICS;

/** Means over all queries with 95 % bootstrap intervals. */
export type Scores = Readonly<Record<Metric, Interval>>;

/** What was measured, on what, with what. */
export interface Evaluation {
  readonly documents: number;
  readonly rows: number;
  readonly queries: number;
  readonly embedder: string;
  readonly modes: Readonly<Partial<Record<SearchMode, Scores>>>;
  /** nDCG@10 of hybrid less that of words alone, query by query; null unless both were measured. */
  readonly hybridGain: Interval | null;
}

/** A collection with vectors. */
export interface Prepared {
  readonly documents: readonly TrialDocument[];
  readonly queries: readonly (JudgedQuery & TrialQuery)[];
}

/** Cuts and embeds a collection. */
export async function prepare(collection: Collection, embedder: Embedder): Promise<Prepared> {
  const documents: TrialDocument[] = [];
  for (const document of collection.documents) {
    documents.push(await embedDocument(embedder, rowsOf(document)));
  }
  const queries: (JudgedQuery & TrialQuery)[] = [];
  for (const query of collection.queries) {
    queries.push({ ...query, ...(await embedQuery(embedder, query.text)) });
  }
  return { documents, queries };
}

/** Indexes a collection with the real embedder and index, asks every query and scores the documents found. */
export async function evaluate(
  collection: Collection,
  embedder: Embedder,
  modes: readonly SearchMode[] = MODES,
): Promise<Evaluation> {
  const { documents, queries } = await prepare(collection, embedder);
  const index = new TrialIndex(embedder);
  for (const document of documents) index.add(document);
  const scores: Partial<Record<SearchMode, Scores>> = {};
  const gains = new Map<SearchMode, readonly number[]>();
  for (const mode of modes) {
    const rankings = queries.map((query) => ({
      ranked: index.documents(query, mode),
      judged: query.judged,
    }));
    scores[mode] = scoresOf(rankings);
    gains.set(mode, valuesOf(rankings, 'ndcg10'));
  }
  const [hybrid, words] = [gains.get('hybrid'), gains.get('bm25')];
  return {
    documents: documents.length,
    rows: index.rows,
    queries: queries.length,
    embedder: embedder.identity.model.id,
    modes: scores,
    hybridGain:
      hybrid === undefined || words === undefined
        ? null
        : bootstrap(hybrid.map((value, at) => value - (words[at] as number))),
  };
}

/** A ranking of documents with the judgements it is measured by. */
export interface Judged {
  readonly ranked: readonly string[];
  readonly judged: Judgements;
}

/** All metrics over some rankings. */
export function scoresOf(rankings: readonly Judged[]): Scores {
  const score = (metric: Metric): Interval => bootstrap(valuesOf(rankings, metric));
  return {
    ndcg10: score('ndcg10'),
    recall10: score('recall10'),
    recall100: score('recall100'),
    mrr10: score('mrr10'),
  };
}

function valuesOf(rankings: readonly Judged[], metric: Metric): number[] {
  return rankings.map(({ ranked, judged }) => METRICS[metric](ranked, judged));
}

function rowsOf({ id, title, text }: CollectionDocument): Omit<TrialDocument, 'vectors'> {
  return { id, sourceUri: '', title, rows: split(text).map((body) => ({ headings: [], body })) };
}

/** Cuts a text into as few rows as {@link ROW_WORDS} allows, of about equal length. */
export function split(text: string): string[] {
  const words = text.split(/\s+/);
  const rows = Math.ceil(words.length / ROW_WORDS);
  const size = Math.ceil(words.length / rows);
  return Array.from({ length: rows }, (_, i) => words.slice(i * size, (i + 1) * size).join(' '));
}
