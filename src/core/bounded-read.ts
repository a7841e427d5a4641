// SPDX-License-Identifier: Apache-2.0
import type { ObjectStore } from './ports.ts';

/**
 * An object of which no more than `limit` bytes can be right: however much a hostile store has put there, no more than
 * `limit + 1` bytes are asked for.
 * @returns null when it is absent; more than `limit` bytes when it is too long, for the caller's parser to refuse
 */
export async function readBounded(
  store: ObjectStore,
  path: string,
  limit: number,
): Promise<Uint8Array | null> {
  return store.getRange(path, 0, limit + 1);
}
