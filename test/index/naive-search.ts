// SPDX-License-Identifier: Apache-2.0
// The same ranking, written as its definition reads: every row, every term, one sort.
import type { PassageDocument, SearchMode } from '../../src/index/index.ts';
import { rowTermsOf } from '../../src/index/bags.ts';
import { LANGUAGES } from '../../src/index/language.ts';
import { queryTermsOf } from '../../src/index/words.ts';
import { decodeVector, type QuantisedVector, similarity } from '../../src/provenance/index.ts';
import { DIMS } from './corpus.ts';

/** A row with both of its scores. */
export interface NaiveRow {
  readonly leafHash: string;
  readonly i: number;
  readonly words: number;
  readonly similarity: number;
}

/** A row as a search gives it. */
export interface NaiveHit {
  readonly leafHash: string;
  readonly i: number;
  readonly score: number;
}

/** BM25 and similarity of every row of the documents. */
export function naiveRows(
  documents: readonly PassageDocument[],
  query: { readonly text: string; readonly vector: QuantisedVector },
): NaiveRow[] {
  const rows = documents.flatMap((document) => {
    const terms = rowTermsOf({ name: document.name, rows: document.rows.map(({ text }) => text) });
    return document.rows.map(({ i, vector }, at) => ({
      leafHash: document.leafHash,
      i,
      terms: terms[at] as string[],
      similarity: similarity(query.vector, decodeVector(vector, DIMS)),
    }));
  });
  const average = rows.reduce((sum, { terms }) => sum + terms.length, 0) / rows.length;
  // A word of the query in the forms that it has in each language.
  const forms = queryTermsOf(query.text).map(
    (term) => new Set([term.plain, ...LANGUAGES.map((language) => term.in(language))]),
  );
  const idf = (any: ReadonlySet<string>): number => {
    const n = rows.filter(({ terms }) => terms.some((term) => any.has(term))).length;
    return Math.log(1 + (rows.length - n + 0.5) / (n + 0.5));
  };
  return rows.map(({ terms, ...row }) => {
    let words = 0;
    for (const any of forms) {
      const occurrences = terms.filter((term) => any.has(term)).length;
      const norm = 1.2 * (1 - 0.75 + 0.75 * (terms.length / average));
      words += (idf(any) * 2.2 * occurrences) / (occurrences + norm);
    }
    return { ...row, words };
  });
}

/** All rows that a search of the mode gives, best first. */
export function naiveHits(
  rows: readonly NaiveRow[],
  mode: SearchMode,
  weights = { words: 1, vectors: 1 },
): NaiveHit[] {
  const mostWords = Math.max(0, ...rows.map(({ words }) => words));
  const mostSimilar = Math.max(0, ...rows.map((row) => row.similarity));
  const share = (part: number, whole: number): number => (whole > 0 ? part / whole : 0);
  const scoreOf = (row: NaiveRow): number => {
    if (mode === 'bm25') return row.words;
    if (mode === 'vector') return row.similarity;
    const positive = Math.max(0, row.similarity);
    return (
      weights.words * share(row.words, mostWords) + weights.vectors * share(positive, mostSimilar)
    );
  };
  return rows
    .filter(({ words }) => mode !== 'bm25' || words > 0)
    .map((row) => ({ leafHash: row.leafHash, i: row.i, score: scoreOf(row) }))
    .sort(
      (a, b) =>
        b.score - a.score ||
        (a.leafHash < b.leafHash ? -1 : 1) * Number(a.leafHash !== b.leafHash) ||
        a.i - b.i,
    );
}
