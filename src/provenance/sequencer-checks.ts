// SPDX-License-Identifier: Apache-2.0
// What a sequencer makes sure of before it writes.
import { compareBytes, fail, hex, need, type Signer } from '../core/index.ts';
import type { Ledger } from './ledger.ts';
import { leafHash, type TreeHead } from './merkle.ts';
import type { HeadRecord } from './staging.ts';
import { covers, type LedgerState } from './state.ts';
import { TILE_WIDTH } from './tiles.ts';

/** Refuses a head that is older than the one the log key has signed. @throws {ROLLBACK} */
export function checkSignedHead(signed: HeadRecord | null, head: TreeHead): void {
  if (signed === null) return;
  const isNotOlder =
    head.size > signed.size || (head.size === signed.size && hex(head.root) === signed.root);
  need(
    'INV-SEQUENCER-HEAD',
    isNotOlder,
    'ROLLBACK',
    `the log ends at ${head.size}, but its key has signed ${signed.size} entries`,
  );
}

/**
 * A sequencer key that is live where it signs: the batch before it may just have revoked one.
 * @throws {KEY_UNAVAILABLE}
 */
export function liveSigner(signers: readonly Signer[], state: LedgerState, index: number): Signer {
  const live = signers.find(({ keyid }) => {
    const key = state.keys.get(keyid);
    return key?.role === 'sequencer' && covers(key, index);
  });
  if (live === undefined)
    throw fail('KEY_UNAVAILABLE', 'no live sequencer key to sign the state with');
  return live;
}

/** The end of a log. */
export interface LogTail {
  /** Size of the log that it belongs to. */
  readonly size: number;
  /** Entries of the bundle that is not full at that size. */
  readonly entries: readonly Uint8Array[];
}

/**
 * Entries of the partial bundle at the head, checked against the verified edge of the tree.
 * @throws {INTEGRITY} when one of them was altered
 */
export async function partialBundle(ledger: Ledger): Promise<LogTail> {
  const { edge } = ledger.view;
  const from = edge.size - (edge.size % TILE_WIDTH);
  const tail: Uint8Array[] = [];
  for await (const [, entry] of ledger.reader.entries(from, edge.size)) tail.push(entry);
  const hashes = edge.levels[0] ?? [];
  const isOurs = tail.every((entry, i) => compareBytes(leafHash(entry), hashes[i] ?? entry) === 0);
  need('INV-SEQUENCER-TAIL', isOurs, 'INTEGRITY', 'an entry bundle of the log was altered');
  return { size: edge.size, entries: tail };
}
