// SPDX-License-Identifier: Apache-2.0
import type { Kernel } from './kernels/kernel.ts';
import type { VectorPlan } from './port.ts';
import type { RunDirectory } from './run-directory.ts';

/**
 * Up to so many rows every vector is compared unless the index is told otherwise: where the question
 * lies outside what the caller may read, lists cost more than that; where it lies inside, they are worth it from about
 * 4,000 rows on. The benchmark prints both.
 */
export const ALL_ROWS = 6000;
/** Rows without a better one after which a search by lists ends, at the earliest. */
export const REST_ROWS = 750;
/** Lists without a better row after which it ends, besides half as many again as came before. */
export const REST_LISTS = 8;

/** Chooses by sizes that a caller's classes alone decide. */
export function planVectors(
  { liveRows, lists }: Pick<RunDirectory, 'liveRows' | 'lists'>,
  { allRows, kernel }: { readonly allRows: number; readonly kernel: Kernel | null },
  { isFirst }: { readonly isFirst: boolean },
): Exclude<VectorPlan, 'none'> {
  const mayUseLists = lists !== null && kernel !== null && isFirst;
  return mayUseLists && liveRows > allRows ? 'lists' : 'all';
}
