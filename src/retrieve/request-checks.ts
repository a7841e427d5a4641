// SPDX-License-Identifier: Apache-2.0
import { fail, isPrincipal } from '../core/index.ts';
import type { SearchMode } from '../index/index.ts';
import type { SearchRequest } from './types.ts';

/** Passages that a search gives when it is not told how many. */
export const DEFAULT_K = 10;
const MAX_K = 1000;
const MAX_QUERY_LENGTH = 8192;
const MODES: readonly SearchMode[] = ['hybrid', 'vector', 'bm25'];
/** Passages that are found for each one wanted, when they are to be put into another order. */
const POOL = 4;
const LEAST_POOL = 40;

/** Whether a caller's id can be one. Ids reach this from JSON too: a list of one name would pass for the name. */
export function isName(id: unknown): boolean {
  return typeof id === 'string' && isPrincipal(id);
}

/** Passages to find before they are put into another order. */
export function poolSize({ k = DEFAULT_K, reranker, diversity = 0 }: SearchRequest): number {
  if (reranker === undefined && diversity === 0) return k;
  return Math.min(MAX_K, Math.max(k * POOL, LEAST_POOL));
}

/** Demands what every search needs. @throws {USAGE} */
export function checkRequest(request: SearchRequest, k: number): void {
  if (!Number.isInteger(k) || k < 1 || k > MAX_K) throw fail('USAGE', 'k must lie in 1..1000');
  const { query, mode, diversity = 0 } = request;
  if (mode !== undefined && !MODES.includes(mode)) throw fail('USAGE', 'there is no such mode');
  if (!(diversity >= 0 && diversity <= 1)) throw fail('USAGE', 'diversity must lie in 0..1');
  if (query.trim() === '') throw fail('USAGE', 'the query is empty');
  if (query.length > MAX_QUERY_LENGTH || !query.isWellFormed()) {
    throw fail('USAGE', 'the query is longer than 8,192 characters or not well-formed text');
  }
}

/** Ends what nobody waits for any more. @throws {ABORTED} */
export function checkSignal({ signal }: { readonly signal?: AbortSignal | undefined }): void {
  if (signal?.aborted === true) throw fail('ABORTED', 'the search was cancelled');
}
