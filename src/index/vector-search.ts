// SPDX-License-Identifier: Apache-2.0
import type { QuantisedVector } from '../provenance/index.ts';
import type { Kernel } from './kernels/kernel.ts';
import type { RunDirectory } from './run-directory.ts';
import { compareRows, type ScoredRow, TopRows } from './top-rows.ts';
import { scanVectors } from './vector-scan.ts';

/** The best `depth` rows of a directory, best first: exact, ties broken as {@link compareRows} does. */
export function nearestRows(
  directory: RunDirectory,
  query: QuantisedVector,
  { depth, kernel }: { readonly depth: number; readonly kernel: Kernel | null },
): ScoredRow[] {
  if (kernel === null) {
    const top = new TopRows(depth);
    for (const block of directory.blocks) scanVectors(block, query, top);
    return top.ranked();
  }
  const { scores, ordinals } = kernel.scan(directory.table, query, depth);
  const rows = Array.from(ordinals, (ordinal, at) => {
    const { block, row } = directory.rowAt(ordinal);
    return { block, row, score: scores[at] as number };
  });
  return rows.sort(compareRows).slice(0, depth);
}
