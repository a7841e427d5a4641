// SPDX-License-Identifier: Apache-2.0
// Another order for passages that were found and verified: by a second model, and without near-duplicates.
import { fail } from '../core/index.ts';
import type { ResolvedPassage } from './types.ts';

/**
 * Judges how well passages answer a question, better and slower than the index does. It sees only passages that the
 * caller may read, and it cannot add any. Passages are untrusted text.
 */
export interface Reranker {
  /** Name and version of the model. */
  readonly id: string;
  /** A finite score for each text, in order; higher is better, comparable within one call. */
  rerank(
    query: string,
    texts: readonly string[],
    options: { readonly signal?: AbortSignal },
  ): Promise<readonly number[]>;
}

/** How to reorder. */
export interface Reordering {
  readonly reranker?: Reranker | undefined;
  /** From 0, the order as it is, to 1, nothing but difference from what stands before. */
  readonly diversity?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Words in a row whose sets are compared. */
const SHINGLE = 3;
const MAX_SHINGLES = 2000;

/**
 * The best `k` of some passages, in a new order.
 * @throws {USAGE} when diversity lies outside 0..1, {RERANKER_FAILED} when the reranker breaks its promise, {ABORTED}
 */
export async function reorder(
  query: string,
  passages: readonly ResolvedPassage[],
  { k, reranker, diversity = 0, signal }: Reordering & { readonly k: number },
): Promise<ResolvedPassage[]> {
  const judged =
    reranker === undefined ? [...passages] : await reranked(query, passages, { reranker, signal });
  return diversity === 0 ? judged.slice(0, k) : diverse(judged, k, diversity);
}

async function reranked(
  query: string,
  passages: readonly ResolvedPassage[],
  { reranker, signal }: { readonly reranker: Reranker; readonly signal: AbortSignal | undefined },
): Promise<ResolvedPassage[]> {
  const texts = passages.map(({ passage }) => passage.text);
  let scores: readonly number[];
  try {
    scores = await reranker.rerank(query, texts, signal === undefined ? {} : { signal });
  } catch (error) {
    if (signal?.aborted === true) throw fail('ABORTED', 'the search was cancelled');
    // Its message may quote a passage.
    throw fail('RERANKER_FAILED', 'the reranker failed', { cause: (error as Error).name });
  }
  if (scores.length !== passages.length || !scores.every(Number.isFinite)) {
    throw fail('RERANKER_FAILED', 'the reranker gave other scores than were asked for');
  }
  return passages
    .map((passage, at) => ({ ...passage, score: scores[at] as number }))
    .sort((a, b) => b.score - a.score);
}

/** Maximal marginal relevance (Carbonell and Goldstein, 1998) over shares of common word triples. */
function diverse(
  passages: readonly ResolvedPassage[],
  k: number,
  weight: number,
): ResolvedPassage[] {
  const left = passages.map((passage) => ({
    passage,
    shingles: shinglesOf(passage.passage.text),
    nearest: 0,
  }));
  const scores = passages.map(({ score }) => score);
  const [most, least] = [Math.max(...scores), Math.min(...scores)];
  const relevance = (score: number): number =>
    most > least ? (score - least) / (most - least) : 1;
  const chosen: ResolvedPassage[] = [];
  while (chosen.length < k && left.length > 0) {
    let best = 0;
    const worth = left.map(
      ({ passage, nearest }) => (1 - weight) * relevance(passage.score) - weight * nearest,
    );
    for (let at = 1; at < left.length; at++) {
      // Of equals the first: the order they came in.
      if ((worth[at] as number) > (worth[best] as number)) best = at;
    }
    const [next] = left.splice(best, 1) as [(typeof left)[number]];
    chosen.push(next.passage);
    for (const other of left) {
      other.nearest = Math.max(other.nearest, jaccard(next.shingles, other.shingles));
    }
  }
  return chosen;
}

function shinglesOf(text: string): ReadonlySet<string> {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const shingles = new Set<string>();
  for (let at = 0; at + SHINGLE <= words.length && shingles.size < MAX_SHINGLES; at++) {
    shingles.add(words.slice(at, at + SHINGLE).join(' '));
  }
  return shingles.size > 0 ? shingles : new Set(words);
}

function jaccard(some: ReadonlySet<string>, others: ReadonlySet<string>): number {
  let common = 0;
  for (const shingle of some) if (others.has(shingle)) common += 1;
  const all = some.size + others.size - common;
  return all === 0 ? 1 : common / all;
}
