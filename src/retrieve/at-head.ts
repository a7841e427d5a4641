// SPDX-License-Identifier: Apache-2.0
import type { RetrievalOptions } from './types.ts';

/**
 * Runs `work` when access view and index are those of the ledger's head. Between two turns of the event loop another
 * batch may land, so `work` must not wait for anything: what it sees then belongs together.
 * @throws what keeps them behind, for example {POLICY_TAMPERED}
 */
export async function atHead<T>(
  { isSettled, settle }: Pick<RetrievalOptions, 'isSettled' | 'settle'>,
  work: () => T,
): Promise<T> {
  while (!isSettled()) await settle();
  return work();
}
