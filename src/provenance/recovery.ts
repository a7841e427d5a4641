// SPDX-License-Identifier: Apache-2.0
// Going back on purpose: a root-signed statement that names the head that was lost and the one to go on from.
import { compareBytes, fromHex, type Hex, hex, need } from '../core/index.ts';
import type { Checkpoint } from './checkpoint.ts';
import { PAYLOAD_TYPE, pae, parseEnvelope } from './dsse.ts';
import type { LogReader } from './log-reader.ts';
import type { TreeHead } from './merkle.ts';
import type { Predicate } from './predicates.ts';
import { verifySignature } from './public-key.ts';
import { checkStatement, parseStatement } from './statement.ts';
import type { Trust } from './trust.ts';

/** A head as records name it. */
export interface NamedHead {
  readonly size: number;
  readonly root: Hex;
}

/** A recovery that the trusted root key has signed for this log. */
export interface Recovery {
  readonly entry: Uint8Array;
  readonly predicate: Predicate<'recovery'>;
}

/** Path of the recovery statement inside a log; the store may hide it, but not make one up. */
export const RECOVERY_PATH = 'recovery';

/** Path of the statement that last changed the log key. */
export const LOG_KEY_PATH = 'log-key';

/**
 * Opens a recovery statement.
 * @returns null when it is none, or of another log
 * @throws {SIGNATURE_INVALID} when the trusted root key did not sign it
 */
export function openRecovery(entry: Uint8Array, trust: Trust): Recovery | null {
  const envelope = parseEnvelope(entry);
  const raw = envelope === null ? null : parseStatement(envelope.payload);
  const statement = raw === null ? null : checkStatement(raw);
  if (envelope === null || statement?.kind !== 'recovery') return null;
  const { predicate } = statement;
  if (predicate.log !== trust.log) return null;
  const message = pae(PAYLOAD_TYPE, envelope.payload);
  const isRoots =
    envelope.keyid === trust.rootKey.keyid &&
    verifySignature(trust.rootKey, message, envelope.signature);
  need(
    'INV-RECOVERY-SIGNED',
    isRoots,
    'SIGNATURE_INVALID',
    'a recovery is not signed by the trusted root key',
  );
  return { entry, predicate };
}

/**
 * The head from which a reader goes on after a recovery that speaks of the head he has seen and stands in the log as the
 * first entry after the one it goes back to.
 * @returns null when the store shows no recovery
 * @throws {SIGNATURE_INVALID} {@link ROLLBACK} when it speaks of other heads; {@link PROOF_INVALID} when the log does not hold
 *   it; {@link SPLIT_VIEW} when the log does not go on from there
 */
export async function acceptRecovery(
  reader: LogReader,
  trust: Trust,
  seen: TreeHead,
  head: Checkpoint,
): Promise<TreeHead | null> {
  const bytes = await reader.recoveryBytes();
  const recovery = bytes === null ? null : openRecovery(bytes, trust);
  if (recovery === null) return null;
  const { old, new: next } = recovery.predicate;
  // Exactly this head. One between the two could as well lie on the log that went on after the recovery, and the statement,
  // which stays in the store, would let that be taken back as often as somebody likes.
  const speaksOfIt =
    next.size <= seen.size && seen.size === old.size && hex(seen.root) === old.root;
  need(
    'INV-RECOVERY-HEADS',
    speaksOfIt,
    'ROLLBACK',
    'the recovery does not speak of the head that this machine has seen',
  );
  const goneBackTo = { size: next.size, root: fromHex(next.root) ?? new Uint8Array(0) };
  await reader.checkContinues(goneBackTo, head);
  const isLogged =
    head.size > next.size &&
    compareBytes(await reader.provenEntry(next.size, head), recovery.entry) === 0;
  need(
    'INV-RECOVERY-LOGGED',
    isLogged,
    'PROOF_INVALID',
    'the recovery is not the first entry after the head that it goes back to',
  );
  return goneBackTo;
}
