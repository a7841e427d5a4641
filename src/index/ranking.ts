// SPDX-License-Identifier: Apache-2.0
import type { QuantisedVector } from '../provenance/index.ts';
import { LexicalQuery } from './bm25.ts';
import type { ClassBlock } from './class-block.ts';
import { fusedScore, type FusionWeights, share } from './fusion.ts';
import type { Kernel } from './kernels/kernel.ts';
import type { LexicalTerm } from './lexical-term.ts';
import { planVectors } from './planner.ts';
import type { SearchMode, VectorPlan } from './port.ts';
import type { RunDirectory } from './run-directory.ts';
import { compareRows, type ScoredRow, TopRows } from './top-rows.ts';
import { similarityOf } from './vector-scan.ts';
import { nearestRows } from './vector-search.ts';

/** What a search looks for. */
export interface RankingQuery {
  readonly mode: SearchMode;
  readonly vector: QuantisedVector;
  readonly terms: readonly LexicalTerm[];
  readonly weights: FusionWeights;
  /** Compares vectors; null where there is no WebAssembly. */
  readonly kernel: Kernel | null;
  /** Up to so many rows every vector is compared; `Infinity` for an exact search. */
  readonly allRows: number;
}

/** The outcome of one pass over the caller's blocks. */
export interface Ranking {
  /** Best first. */
  readonly rows: readonly ScoredRow[];
  /** Whether a deeper pass could find more. */
  readonly complete: boolean;
  /** Classes that held a row. */
  readonly classes: number;
  readonly rowsScanned: number;
  readonly postingsRead: number;
  readonly plan: VectorPlan;
  readonly lists: number;
}

/** How far a pass goes. */
export interface Pass {
  /** Rows taken from each ranking. */
  readonly depth: number;
  /** Whether no pass of this search went before. */
  readonly isFirst: boolean;
}

/** Ranks the rows of a caller: the best `depth` by each ranking that the mode uses, fused in mode `hybrid`. */
export function rank(directory: RunDirectory, query: RankingQuery, pass: Pass): Ranking {
  const { mode } = query;
  const { depth } = pass;
  const lexical = mode === 'vector' ? null : new LexicalQuery(directory.blocks, query.terms);
  const byWords = new TopRows(depth);
  lexical?.search(byWords);
  const words = byWords.ranked();
  const plan = mode === 'bm25' ? 'none' : planVectors(directory, query, pass);
  const vectors = nearestRows(directory, query, { plan, depth });
  const both = mode === 'hybrid' && lexical !== null;
  return {
    rows: both ? fuse(words, vectors.rows, { lexical, query }) : [...words, ...vectors.rows],
    complete: words.length < depth && vectors.rows.length < depth,
    classes: directory.blocks.filter(({ liveRows }) => liveRows > 0).length,
    rowsScanned: vectors.compared,
    postingsRead: lexical?.postings ?? 0,
    plan: vectors.plan,
    lists: vectors.lists,
  };
}

/**
 * Scores the union of two rankings. A row that stands in only one of them is looked up in the other, so that its score
 * is a function of the row and not of how deep the rankings were cut.
 */
function fuse(
  words: readonly ScoredRow[],
  vectors: readonly ScoredRow[],
  { lexical, query }: { readonly lexical: LexicalQuery; readonly query: RankingQuery },
): ScoredRow[] {
  const { weights, vector } = query;
  // Best first: the maxima over all of the caller's rows, and over nothing else.
  const mostWords = words[0]?.score ?? 0;
  const mostSimilar = Math.max(0, vectors[0]?.score ?? 0);
  const seen = new Map<ClassBlock, Set<number>>();
  const fused: ScoredRow[] = [];
  for (const { block, row } of [...words, ...vectors]) {
    const rows = seen.get(block) ?? new Set();
    if (rows.has(row)) continue;
    seen.set(block, rows.add(row));
    const similarity = Math.max(0, similarityOf(block, row, vector));
    const byWords = share(lexical.scoreOf(block, row), mostWords);
    const score = fusedScore(weights, byWords, share(similarity, mostSimilar));
    fused.push({ block, row, score });
  }
  return fused.sort(compareRows);
}
