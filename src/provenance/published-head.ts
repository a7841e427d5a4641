// SPDX-License-Identifier: Apache-2.0
// What a published checkpoint must show before anything of its log is believed.
import { type Clock, compareBytes, fail, isStrongroomError } from '../core/index.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { type Cosignature, cosignaturesOf, requireQuorum, type Witnesses } from './cosignature.ts';
import type { LogReader } from './log-reader.ts';
import type { SeenHead, Trust } from './trust.ts';

/** How far a signed time may lie ahead of a reader's clock. */
export const MAX_CLOCK_LEAD_SECONDS = 600;

/** Keeps two signed heads of one log that do not continue each other. Durable on return. */
export type ConflictSink = (seen: SeenHead, found: Checkpoint) => Promise<void>;

/**
 * Opens the published checkpoint: signed by the trusted log key and by the witnesses that the trust file demands.
 * @throws {LOG_TRUNCATED} {@link CHECKPOINT_INVALID} {@link WITNESS_QUORUM}
 */
export function openPublished(bytes: Uint8Array | null, trust: Trust, clock: Clock): Checkpoint {
  if (bytes === null) throw fail('LOG_TRUNCATED', 'the log has no checkpoint');
  const head = openCheckpoint(bytes, trust.log, trust.logKey);
  requireWitnessed(head, trust.file.witnesses, clock, trust.file.maxAge);
  return head;
}

/** Tries of reading a published log. */
const TRIES = 4;

/**
 * Reads a published log, from its checkpoint on, in work that may be done again: while it is read, sequencers of other
 * machines may publish two more heads and remove the partial tiles of this one, which then looks truncated. A log that
 * looks so while its checkpoint stays the same is truncated.
 */
export async function whileItMoves<T>(reader: LogReader, work: () => Promise<T>): Promise<T> {
  let last: Uint8Array | null = null;
  for (let left = TRIES; ; left--) {
    try {
      return await work();
    } catch (error) {
      if (left === 1 || !isStrongroomError(error, 'LOG_TRUNCATED')) throw error;
      const present = await reader.checkpointBytes();
      if (present === null || (last !== null && compareBytes(present, last) === 0)) throw error;
      last = present;
    }
  }
}

/** Cosignatures that hold, by head and by the set of witnesses that were asked for: every query comes by here. */
const verified = new WeakMap<object, WeakMap<Witnesses, readonly Cosignature[]>>();

/**
 * Demands cosignatures of a head. Their signatures are verified once for a head; how old they are is judged each time.
 * @param maxAge seconds that they may be old, or null
 * @throws {WITNESS_QUORUM}
 */
export function requireWitnessed(
  head: Pick<Checkpoint, 'note'>,
  witnesses: Witnesses,
  clock: Clock,
  maxAge: number | null,
): void {
  if (witnesses.k === 0) return;
  const now = Math.floor(clock.now() / 1000);
  const times = { now, maxLead: MAX_CLOCK_LEAD_SECONDS, maxAge };
  requireQuorum(cosignaturesOnce(head, witnesses), witnesses.k, times);
}

function cosignaturesOnce(
  head: Pick<Checkpoint, 'note'>,
  witnesses: Witnesses,
): readonly Cosignature[] {
  let ofHead = verified.get(head);
  if (ofHead === undefined) verified.set(head, (ofHead = new WeakMap()));
  let cosignatures = ofHead.get(witnesses);
  if (cosignatures === undefined) {
    cosignatures = cosignaturesOf(head.note, witnesses);
    ofHead.set(witnesses, cosignatures);
  }
  return cosignatures;
}

/**
 * Demands that a head continues one that was seen before. Two that do not were both signed by the log key, so they are
 * evidence against its holder and are kept.
 * @throws {ROLLBACK} when it is older; {@link SPLIT_VIEW} when it tells another history; {@link PROOF_INVALID}
 */
export async function requireContinuation(
  reader: LogReader,
  seen: SeenHead,
  found: Checkpoint,
  keep: ConflictSink | undefined,
): Promise<void> {
  try {
    await reader.checkContinues(seen, found);
  } catch (error) {
    if (isStrongroomError(error, 'SPLIT_VIEW')) await keep?.(seen, found);
    throw error;
  }
}
