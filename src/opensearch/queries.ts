// SPDX-License-Identifier: Apache-2.0
// The bodies of searches. Every one stands under the class filter of its caller.
import { B, K1 } from '../index/index.ts';
import type { QuantisedVector } from '../provenance/index.ts';
import { MAX_DEPTH } from './mapping.ts';

/** A term of the query with its weight among the caller's rows. */
export interface WeightedTerm {
  /** The forms in which rows may hold it; a row holds one of them at most. */
  readonly tokens: readonly string[];
  /** `idf * (k1 + 1)`. */
  readonly weight: number;
}

/** What the words of a query are worth to one caller. */
export interface WordQuery {
  /** In the order of the query. */
  readonly terms: readonly WeightedTerm[];
  /** Average number of terms of the caller's rows. */
  readonly averageLength: number;
}

/** Occurrences of one term that count, as in the embedded home. */
const MAX_OCCURRENCES = 255;

/**
 * BM25 with the caller's own statistics as parameters: to the last bit of a float64 what the embedded home computes, then
 * rounded to float32 by the engine. Nothing of another row takes part.
 */
const BM25 = `
double average = params.average;
double score = 0;
double length = doc['len'].value;
for (int t = 0; t < params.tokens.length; t++) {
  int n = termFreq('w', params.tokens[t]);
  if (n > 0) {
    if (n > ${MAX_OCCURRENCES}) { n = ${MAX_OCCURRENCES}; }
    double weight = params.weights[t];
    score += (weight * n) / (n + ${K1} * (1 - ${B} + ${B} * (length / average)));
  }
}
return score;`;

/** From the k-NN plugin's score of an inner product, `1 + x` or `1 / (1 - x)`, to a similarity on the same scale. */
const SIMILARITY = `
double product = _score >= 1 ? _score - 1 : 1 - 1 / _score;
double similarity = product * doc['s'].value * params.scale;
return similarity >= 0 ? 1 + similarity : 1 / (1 - similarity);`;
/** How many times the depth a rough score is looked through. */
const ROUGH = 10;

/** Fields that a hit carries; everything that a candidate is made of. */
const FIELDS = ['doc', 'leaf', 'i', 'cls', 'sv'];

/** What every search that gives hits has in common. */
function hits(depth: number): object {
  return {
    size: depth,
    track_total_hits: false,
    _source: false,
    docvalue_fields: FIELDS,
    stored_fields: '_none_',
  };
}

/** The rows under the filter that hold a term of the query, scored by its words. */
function wordsClause(filter: object, { terms, averageLength }: WordQuery): object {
  const pairs = terms.flatMap(({ tokens, weight }) => tokens.map((token) => ({ token, weight })));
  const tokens = pairs.map(({ token }) => token);
  return {
    script_score: {
      query: { bool: { filter: [filter, { terms: { w: tokens } }] } },
      script: {
        source: BM25,
        params: { tokens, weights: pairs.map(({ weight }) => weight), average: averageLength },
      },
    },
  };
}

/** How words are to be found. */
export interface WordSearch {
  readonly words: WordQuery;
  readonly depth: number;
  /** Scores every row that holds a term exactly; else those that a rough score puts first, many times the depth. */
  readonly exact: boolean;
}

/** The best `depth` rows by words. */
export function wordSearch(filter: object, { words, depth, exact }: WordSearch): object {
  const query = wordsClause(filter, words);
  if (exact) {
    // Ties in the order of the embedded home.
    const sort = [{ _score: 'desc' }, { leaf: 'asc' }, { i: 'asc' }];
    return { ...hits(depth), query, sort, track_scores: true };
  }
  const should = words.terms.flatMap(({ tokens, weight }) =>
    tokens.map((value) => ({ term: { w: { value, boost: weight } } })),
  );
  return {
    ...hits(depth),
    query: { bool: { filter: [filter], should, minimum_should_match: 1 } },
    rescore: exactly(query, Math.min(MAX_DEPTH, depth * ROUGH)),
  };
}

/** Replaces the scores of the best `window` rows; rows that hold no term get 0. */
function exactly(query: object, window: number): object {
  const weights = { query_weight: 0, rescore_query_weight: 1 };
  return { window_size: window, query: { rescore_query: query, ...weights } };
}

/** How vectors are to be found. */
export interface VectorSearch {
  readonly vector: QuantisedVector;
  readonly depth: number;
  /** Compares every vector under the filter; else the engine's graph is followed, with the filter inside. */
  readonly exact: boolean;
  /** Scores what was found by words; the similarity is computed from the signed vectors anyway. */
  readonly words: WordQuery | null;
}

/** The best `depth` rows by similarity. */
export function vectorSearch(filter: object, search: VectorSearch): object {
  const { vector, depth, exact, words } = search;
  const components = [...vector.q];
  const query = exact
    ? allVectors(filter, vector)
    : { knn: { v: { vector: components, k: depth, filter } } };
  if (words === null) return { ...hits(depth), query };
  return { ...hits(depth), query, rescore: exactly(wordsClause(filter, words), depth) };
}

/** Every row under the filter, scored by the similarity that the embedded home computes, in float32. */
function allVectors(filter: object, { scale, q }: QuantisedVector): object {
  const products = {
    script_score: {
      query: { bool: { filter: [filter] } },
      script: {
        lang: 'knn',
        source: 'knn_score',
        params: { field: 'v', query_value: [...q], space_type: 'innerproduct' },
      },
    },
  };
  return {
    script_score: { query: products, script: { source: SIMILARITY, params: { scale } } },
  };
}

/** Counts of the rows under a filter, and of those that hold each of some terms. */
export function countsSearch(filter: object, terms: readonly (readonly string[])[]): object {
  const filters = Object.fromEntries(
    terms.map((tokens, at) => [String(at), { terms: { w: [...tokens] } }]),
  );
  return {
    size: 0,
    track_total_hits: true,
    query: { bool: { filter: [filter] } },
    aggs: {
      length: { sum: { field: 'len' } },
      classes: { cardinality: { field: 'cls', precision_threshold: 40_000 } },
      documents: { filter: { term: { first: true } } },
      languages: { terms: { field: 'lang', size: 64 } },
      ...(terms.length > 0 && { terms: { filters: { filters } } }),
    },
  };
}
