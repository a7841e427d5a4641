// SPDX-License-Identifier: Apache-2.0
import type { AlarmSink, Clock, ObjectVersion } from '../core/index.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { LogReader } from './log-reader.ts';
import type { TreeHead } from './merkle.ts';
import type { ConflictSink } from './published-head.ts';
import type { ClaimedState } from './replay.ts';
import type { StateRecord } from './state.ts';
import type { TrustStore } from './trust.ts';

/** Keeps the ledger's state between runs in a place that may be hostile: what it gives back is checked, never used as is. */
export interface LedgerCache {
  /** What was saved last, or null. */
  load(): Promise<ClaimedState | null>;
  /** Adds or replaces records and notes the new size; all or nothing. */
  save(size: number, records: readonly StateRecord[]): Promise<void>;
  /** Forgets everything and saves the given records. */
  replace(size: number, records: readonly StateRecord[]): Promise<void>;
}

/** What a ledger is opened with. */
export interface LedgerOptions {
  /** `K_id` of the tenant. */
  readonly idKey: Uint8Array;
  readonly reader: LogReader;
  readonly trust: TrustStore;
  readonly cache: LedgerCache;
  readonly clock: Clock;
  readonly onAlarm: AlarmSink;
  /**
   * Milliseconds for which a published head that was read counts as the newest one, default 0: the store is asked for
   * every query. What this process signs itself is seen at once all the same.
   */
  readonly followInterval?: number;
  /** Keeps the evidence when two signed heads conflict. */
  readonly keepConflict?: ConflictSink;
  /** A newer starting point than the beginning of the log, or null: a sealed state snapshot. */
  readonly snapshot?: (head: TreeHead) => Promise<ClaimedState | null>;
}

/** A published checkpoint that was read and is the ledger's head. */
export interface Look {
  readonly head: Checkpoint;
  /** When it was read, Unix milliseconds. */
  readonly time: number;
  /** What the store told of it just before it was read. */
  readonly token: ObjectVersion | null;
}
