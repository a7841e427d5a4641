// SPDX-License-Identifier: Apache-2.0
// Following the log to another key: the root key signs a recovery that names it, and the log holds that statement.
import { type Clock, isStrongroomError, jcsBytes, need } from '../core/index.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { LogReader } from './log-reader.ts';
import { parseVkey } from './note.ts';
import { openPublished } from './published-head.ts';
import { openRecovery, type Recovery } from './recovery.ts';
import type { VaultValue } from './state.ts';
import { parseTrust, type Trust } from './trust.ts';

/** The bytes of a published checkpoint, and where more can be asked for. */
export interface PublishedAt {
  readonly reader: LogReader;
  readonly published: Uint8Array | null;
  readonly clock: Clock;
}

/** A published head, and whose key signed it. */
export interface OpenedHead {
  readonly head: Checkpoint;
  /** What the reader trusts, with the key that signed the head. That the log itself names that key is not proven yet. */
  readonly trust: Trust;
}

/** The same trust with another log key. @throws {TRUST_INVALID} when it is no key of that log */
export function withLogKey(trust: Trust, logVkey: string): Trust {
  return { ...parseTrust(jcsBytes({ ...trust.file, logVkey })), head: trust.head };
}

/**
 * Opens the published checkpoint under the trusted log key, or under the one that the root key has put in its place.
 * @throws {LOG_TRUNCATED} {@link CHECKPOINT_INVALID} {@link WITNESS_QUORUM}
 * @throws {SIGNATURE_INVALID} when another key than the trusted root key signed the change
 */
export async function openHead(at: PublishedAt, trust: Trust): Promise<OpenedHead> {
  const { reader, published, clock } = at;
  try {
    return { head: openPublished(published, trust, clock), trust };
  } catch (error) {
    if (!isStrongroomError(error, 'CHECKPOINT_INVALID')) throw error;
    const change = openLogKeyChange(await reader.logKeyBytes(), trust);
    if (change === null) throw error;
    const changed = withLogKey(trust, change.predicate.logVkey);
    return { head: openPublished(published, changed, clock), trust: changed };
  }
}

/** A recovery that changes the log key. */
export type LogKeyChange = Recovery & { readonly predicate: { readonly logVkey: string } };

/**
 * Opens a statement that changes the key of the trusted log.
 * @returns null when it is none
 * @throws {SIGNATURE_INVALID} when the trusted root key did not sign it
 */
export function openLogKeyChange(bytes: Uint8Array | null, trust: Trust): LogKeyChange | null {
  const change = bytes === null ? null : openRecovery(bytes, trust);
  const logVkey = change?.predicate.logVkey ?? null;
  if (change === null || logVkey === null || parseVkey(logVkey)?.name !== trust.log) return null;
  return { ...change, predicate: { ...change.predicate, logVkey } };
}

/**
 * Demands that the head is signed by the log key which its own log names, as the root key did last: one that was replaced
 * may be in wrong hands, and an older statement does not bring it back.
 * @throws {CHECKPOINT_INVALID}
 */
export function checkLogKey(vault: VaultValue | null, trust: Trust): void {
  need(
    'INV-LOG-KEY-CURRENT',
    vault?.logVkey === trust.file.logVkey,
    'CHECKPOINT_INVALID',
    'the log goes on under another key than the one that signed its head',
  );
}
