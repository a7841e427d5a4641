// SPDX-License-Identifier: Apache-2.0

/** Graded judgements of one query by document; anything above 0 is relevant, what is not judged counts as 0. */
export type Judgements = ReadonlyMap<string, number>;

/**
 * Normalised discounted cumulative gain of the first `k` documents, as trec_eval computes it: linear gain, discount
 * log2(rank + 1), divided by the same sum for the best possible ranking. 0 when nothing is relevant.
 */
export function ndcg(ranked: readonly string[], judged: Judgements, k: number): number {
  const gains = ranked.slice(0, k).map((document) => gainOf(judged, document));
  const ideal = [...judged.values()].map((grade) => Math.max(0, grade)).sort((a, b) => b - a);
  const best = discounted(ideal.slice(0, k));
  return best === 0 ? 0 : discounted(gains) / best;
}

/** Share of the relevant documents that stand among the first `k`. 0 when nothing is relevant. */
export function recall(ranked: readonly string[], judged: Judgements, k: number): number {
  const relevant = [...judged.values()].filter((grade) => grade > 0).length;
  const found = ranked.slice(0, k).filter((document) => gainOf(judged, document) > 0).length;
  return relevant === 0 ? 0 : found / relevant;
}

/** One over the rank of the first relevant document, 0 when it comes after rank `k`. */
export function reciprocalRank(ranked: readonly string[], judged: Judgements, k: number): number {
  const at = ranked.slice(0, k).findIndex((document) => gainOf(judged, document) > 0);
  return at < 0 ? 0 : 1 / (at + 1);
}

function gainOf(judged: Judgements, document: string): number {
  return Math.max(0, judged.get(document) ?? 0);
}

function discounted(gains: readonly number[]): number {
  return gains.reduce((sum, gain, at) => sum + gain / Math.log2(at + 2), 0);
}
