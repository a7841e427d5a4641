// SPDX-License-Identifier: Apache-2.0
import type { RetrievalStats, SearchResult, StatsSink } from '../../src/retrieve/index.ts';

/** A result with what the operator is told besides. */
export interface ToldResult extends SearchResult {
  readonly stats: RetrievalStats;
}

/** A search, and what its operator was told. */
export async function told(
  run: (onStats: StatsSink) => Promise<SearchResult>,
): Promise<ToldResult> {
  const seen: RetrievalStats[] = [];
  const result = await run((stats) => seen.push(stats));
  const [stats] = seen;
  if (stats === undefined) throw new Error('a search told its operator nothing');
  return { ...result, stats };
}
