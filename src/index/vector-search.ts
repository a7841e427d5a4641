// SPDX-License-Identifier: Apache-2.0
import type { QuantisedVector } from '../provenance/index.ts';
import type { Kernel, KernelRows } from './kernels/kernel.ts';
import { REST_LISTS, REST_ROWS } from './planner.ts';
import type { VectorPlan } from './port.ts';
import type { RunDirectory } from './run-directory.ts';
import type { RunTable } from './run-table.ts';
import { compareRows, type ScoredRow, TopRows } from './top-rows.ts';
import { scanVectors } from './vector-scan.ts';

/** The most similar rows of a caller. */
export interface NearestRows {
  /** Best first, ties broken as {@link compareRows} does. */
  readonly rows: readonly ScoredRow[];
  /** Vectors compared with the query. */
  readonly compared: number;
  /** What was done in the end. */
  readonly plan: VectorPlan;
  /** Lists gone through. */
  readonly lists: number;
}

/** The best `depth` rows of a directory: exactly with plan `all`, most of them with plan `lists`. */
export function nearestRows(
  directory: RunDirectory,
  query: { readonly vector: QuantisedVector; readonly kernel: Kernel | null },
  { plan, depth }: { readonly plan: VectorPlan; readonly depth: number },
): NearestRows {
  const { vector, kernel } = query;
  if (plan === 'none') return { rows: [], compared: 0, plan, lists: 0 };
  if (kernel === null) return plainly(directory, vector, depth);
  const byLists = plan === 'lists' ? throughLists(directory, { vector, kernel }, depth) : null;
  if (byLists !== null) return byLists;
  const table = directory.table();
  const rows = rowsOf(table, kernel.scan(table, vector, depth), depth);
  return { rows, compared: directory.liveRows, plan: 'all', lists: 0 };
}

/** Null where ties at the end of the ranking can only be broken by comparing all rows. */
function throughLists(
  directory: RunDirectory,
  { vector, kernel }: { readonly vector: QuantisedVector; readonly kernel: Kernel },
  depth: number,
): NearestRows | null {
  const assigner = directory.lists;
  if (assigner === null) return null;
  const table = directory.listTable();
  const { at, count, starts } = table;
  const limits = { restRows: REST_ROWS, restLists: REST_LISTS, depth };
  const found = kernel.probe({ at, count, starts, assigner }, vector, limits);
  if (found === null) return null;
  const { compared, lists } = found;
  return { rows: rowsOf(table, found, depth), compared, plan: 'lists', lists };
}

function plainly(directory: RunDirectory, vector: QuantisedVector, depth: number): NearestRows {
  const top = new TopRows(depth);
  for (const block of directory.blocks) scanVectors(block, vector, top);
  return { rows: top.ranked(), compared: directory.liveRows, plan: 'all', lists: 0 };
}

function rowsOf(table: RunTable, { scores, ordinals }: KernelRows, depth: number): ScoredRow[] {
  const rows = ordinals.map((ordinal, at) => {
    const { block, row } = table.rowAt(ordinal);
    return { block, row, score: scores[at] as number };
  });
  return rows.sort(compareRows).slice(0, depth);
}
