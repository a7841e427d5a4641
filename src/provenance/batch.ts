// SPDX-License-Identifier: Apache-2.0
// What a batch of entries does to the log, computed before anything is written or signed. Pure but for the state
// entry's signature.
import { fail, type Hex, type Signer } from '../core/index.ts';
import { apply, type Applied, type VoidReason } from './apply.ts';
import { leafHash } from './merkle.ts';
import type { LogView } from './replay.ts';
import type { BatchTiles } from './staging.ts';
import {
  expiredKeys,
  type LedgerState,
  nameOf,
  type StateRecord,
  stateRoot,
  withRecords,
} from './state.ts';
import { signStatement } from './statement.ts';

/** Why the sequencer does not append an entry: the ledger would void it, or its time or key is out of date. */
export type RefusalReason = VoidReason | 'TIME';

/** What became of one submitted entry. */
export type CommitOutcome =
  | {
      readonly outcome: 'committed';
      readonly index: number;
      readonly leafHash: Hex;
      readonly records: readonly StateRecord[];
    }
  | { readonly outcome: 'refused'; readonly reason: RefusalReason };

/** Entries that the ledger accepts, in order, and the state after them. */
export interface Accepted {
  readonly entries: readonly Uint8Array[];
  readonly state: LedgerState;
  readonly records: readonly StateRecord[];
  readonly outcomes: readonly CommitOutcome[];
}

const MAX_AGE_SECONDS = 24 * 3600;
const MAX_LEAD_SECONDS = 600;

/**
 * Runs entries through the ledger at the end of a view.
 * @param now Unix seconds of the sequencer's clock; null accepts any signed time (a staged batch was judged before)
 * @throws {UPGRADE_REQUIRED} {@link STATE_MISMATCH} when the ledger would halt
 */
export function accept(
  idKey: Uint8Array,
  view: LogView,
  entries: readonly Uint8Array[],
  now: number | null,
): Accepted {
  let { state } = view;
  const taken: Uint8Array[] = [];
  const outcomes: CommitOutcome[] = [];
  const records = new Map<string, StateRecord>();
  for (const entry of entries) {
    const index = view.edge.size + taken.length;
    const result = apply(idKey, state, index, entry);
    if (result.outcome === 'halt') throw fail(result.reason, 'an entry would halt every reader');
    const refusal = result.outcome === 'void' ? result.reason : untimely(state, result, now);
    if (refusal !== null || result.outcome === 'void') {
      outcomes.push({ outcome: 'refused', reason: refusal ?? 'FORMAT' });
      continue;
    }
    taken.push(entry);
    state = result.state;
    for (const record of result.records) records.set(`${record.kind} ${nameOf(record)}`, record);
    const hash = Buffer.from(leafHash(entry)).toString('hex');
    outcomes.push({ outcome: 'committed', index, leafHash: hash, records: result.records });
  }
  return { entries: taken, state, records: [...records.values()], outcomes };
}

/** Two accepted runs of entries, one after the other. */
export function joined(first: Accepted, second: Accepted): Accepted {
  return {
    entries: [...first.entries, ...second.entries],
    state: second.state,
    records: [...first.records, ...second.records],
    outcomes: [...first.outcomes, ...second.outcomes],
  };
}

/** What a state entry at `index` commits to: the map after the entries before it and after keys that its time ends. */
export function closingState(
  idKey: Uint8Array,
  state: LedgerState,
  index: number,
  now: number,
): { readonly state: LedgerState; readonly time: number } {
  const time = Math.max(now, state.last?.time ?? 0);
  return { state: withRecords(idKey, state, expiredKeys(state, index, time)), time };
}

/** The state entry that ends a batch. */
export async function stateEntry(
  closing: { readonly state: LedgerState; readonly time: number },
  index: number,
  signer: Signer,
  snapshot: StateSnapshot | null,
): Promise<Uint8Array> {
  const { state, time } = closing;
  const { last, vault } = state;
  if (vault === null) throw fail('INTERNAL', 'a state entry before genesis');
  const predicate = {
    log: vault.log,
    time,
    root: stateRoot(state),
    count: state.count,
    coversSize: index,
    prevState: last === null ? null : { index: last.index, leafHash: last.leafHash },
    snapshot,
  };
  return signStatement('state', predicate, signer);
}

/** A sealed copy of the state map that a state entry names. */
export interface StateSnapshot {
  /** SHA-256 of the sealed object, hex. */
  readonly digest: Hex;
  /** Length of the sealed object. */
  readonly bytes: number;
}

/** The log after a batch. */
export interface Extended {
  readonly view: LogView;
  readonly tiles: BatchTiles;
}

/**
 * The tiles of a batch and the view after it.
 * @param tail entries of the bundle that was partial before the batch
 */
export function extend(view: LogView, tail: readonly Uint8Array[], accepted: Accepted): Extended {
  const { edge, full } = view.edge.append(accepted.entries.map(leafHash));
  const entries = [...tail, ...accepted.entries];
  return {
    view: { state: accepted.state, edge },
    tiles: { before: view.edge, after: edge, full, entries },
  };
}

function untimely(state: LedgerState, result: Applied, now: number | null): RefusalReason | null {
  if (now === null) return null;
  const { time } = result.statement.predicate;
  const notAfter = state.keys.get(result.signerId)?.notAfter ?? null;
  const isCurrent = time >= now - MAX_AGE_SECONDS && time <= now + MAX_LEAD_SECONDS;
  return isCurrent && (notAfter === null || notAfter >= now) ? null : 'TIME';
}
