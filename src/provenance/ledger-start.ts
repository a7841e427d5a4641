// SPDX-License-Identifier: Apache-2.0
// Where a ledger begins when it is opened: which head it may go on from, and which stored state it may believe.
import { holds, isStrongroomError } from '../core/index.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { LedgerOptions } from './ledger-options.ts';
import type { OpenedHead } from './log-key.ts';
import type { TreeHead } from './merkle.ts';
import { acceptRecovery } from './recovery.ts';
import { EMPTY_VIEW, type LogView, viewFromClaim } from './replay.ts';
import type { Trust } from './trust.ts';

/** What this machine trusts, and the head it leaves behind when a recovery takes it back. */
export interface Continued {
  readonly trust: Trust;
  readonly goneBackFrom: TreeHead | null;
}

/**
 * What this machine trusts, once the head is shown to continue the one it has seen, or the one that a recovery goes back
 * to. Nothing is remembered yet.
 */
export async function continuedTrust(
  options: LedgerOptions,
  { trust, head }: OpenedHead,
): Promise<Continued> {
  if (trust.head === null) return { trust, goneBackFrom: null };
  const { reader, keepConflict } = options;
  try {
    await reader.checkContinues(trust.head, head);
    return { trust, goneBackFrom: null };
  } catch (error) {
    if (!isStrongroomError(error, 'ROLLBACK') && !isStrongroomError(error, 'SPLIT_VIEW'))
      throw error;
    const back = await acceptRecovery(reader, trust, trust.head, head);
    if (back === null) {
      if (error.code === 'SPLIT_VIEW') await keepConflict?.(trust.head, head);
      throw error;
    }
    options.onAlarm({
      code: 'ROLLBACK',
      message: 'the log was taken back on purpose, as the root key has signed',
      details: { from: trust.head.size, to: back.size },
    });
    return { trust: { ...trust, head: back }, goneBackFrom: trust.head };
  }
}

/**
 * Where the replay of a log begins: at what the cache or a sealed copy claims, if that is proven, else at nothing. `discard`
 * says that the cache must be replaced as a whole.
 */
export async function startingView(
  options: LedgerOptions,
  trust: Trust,
  head: Checkpoint,
): Promise<{ view: LogView; discard: boolean }> {
  const cached = await options.cache.load();
  // A state entry vouches for stored rows only if this machine has replayed the log up to it: the rows themselves say
  // whose keys count, so the holder of the log key could append one that agrees with edited rows.
  const seen = trust.head?.size ?? 0;
  if (cached !== null && holds('INV-LEDGER-CACHE-SEEN', cached.size <= seen)) {
    const view = await viewFromClaim(options.idKey, cached, options.reader, head);
    if (view !== null) return { view, discard: false };
    options.onAlarm({
      code: 'LEDGER_TAMPERED',
      message: 'the ledger database was refused and is rebuilt from the signed log',
    });
  }
  const claim = (await options.snapshot?.(head)) ?? null;
  if (claim === null) return { view: EMPTY_VIEW, discard: true };
  // A snapshot may be newer than what this machine has replayed, so its sequencer key must lead to the trusted root.
  const view = await viewFromClaim(options.idKey, claim, options.reader, head, trust.rootKey);
  return { view: view ?? EMPTY_VIEW, discard: true };
}
