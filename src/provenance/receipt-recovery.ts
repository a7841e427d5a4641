// SPDX-License-Identifier: Apache-2.0
// What a receipt shows of the recoveries that its log went through, and whose key therefore signs its head.
import { fail, type Hex, need, utf8 } from '../core/index.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { type NoteKey, parseVkey } from './note.ts';
import type { Receipt } from './receipt.ts';
import { openEntry, type OpenEntry, openLogged } from './receipt-open.ts';
import type { NamedHead } from './recovery.ts';
import type { Predicate } from './predicates.ts';
import type { Trust } from './trust.ts';

/** A recovery that the log of a receipt went through, as the root key has signed it. */
export interface ShownRecovery {
  /** Its log entry. */
  readonly index: number;
  /** The newest head that was seen, and the one from which the log went on; the same when the log key alone changed. */
  readonly old: NamedHead;
  readonly new: NamedHead;
  /** The log key from there on as vkey, when it names one. */
  readonly logVkey: string | null;
  readonly reason: string;
  /** Unix seconds. */
  readonly time: number;
}

/**
 * Opens the head of a receipt: under the trusted log key, or under the one by which the root key has replaced it since the
 * verifier last saw the log.
 */
export function openReceiptHead(receipt: Receipt, trust: Trust): Checkpoint {
  return openCheckpoint(utf8(receipt.head), trust.log, signingKey(receipt, trust));
}

/** The recoveries of a receipt as it shows them; nothing about them is proven yet. */
export function shownRecoveries(receipt: Receipt): OpenEntry<'recovery'>[] {
  return receipt.recoveries.map(({ entry }) => openEntry(entry, 'recovery'));
}

function signingKey(receipt: Receipt, trust: Trust): NoteKey {
  const shown = shownRecoveries(receipt);
  const change = shown.findLast(({ statement }) => statement.predicate.logVkey !== null);
  const logVkey = change?.statement.predicate.logVkey ?? trust.file.logVkey;
  if (change === undefined || logVkey === trust.file.logVkey) return trust.logKey;
  const back = shown.map(({ statement }) => statement.predicate).find((p) => isFrom(p, trust));
  // An older change must not bring back a key that was replaced: it has to come after everything that was seen.
  const seen = back?.new.size ?? trust.head?.size;
  const isNewer = seen !== undefined && seen <= change.statement.predicate.new.size;
  need(
    'INV-RECEIPT-LOG-KEY',
    isNewer && change.verify(trust.rootKey),
    'RECEIPT_INVALID',
    'the log key was not changed by the trusted root key since the head that you trust',
  );
  const key = parseVkey(logVkey);
  if (key === null) throw fail('RECEIPT_INVALID', 'a recovery names a malformed log key');
  return key;
}

/** The recoveries of a receipt: each signed by the trusted root key and standing in the log where it belongs. */
export function openRecoveries(receipt: Receipt, head: Checkpoint, trust: Trust): ShownRecovery[] {
  return receipt.recoveries.map((logged) => {
    const { statement, verify } = openLogged(logged, head, 'recovery');
    const { old, new: next, logVkey, reason, time } = statement.predicate;
    need(
      'INV-RECEIPT-RECOVERY',
      next.size === logged.index && verify(trust.rootKey),
      'RECEIPT_INVALID',
      'a recovery is not signed by the trusted root key, or stands elsewhere in the log',
    );
    return { index: logged.index, old, new: next, logVkey, reason, time };
  });
}

/** Whether a recovery goes back from exactly the head that a verifier trusts. */
export function isFrom(
  { old, new: next }: Pick<Predicate<'recovery'>, 'old' | 'new'>,
  { file }: Trust,
): boolean {
  const seen: { readonly size: number; readonly root: Hex } | null = file.head;
  return next.size < old.size && seen?.size === old.size && seen.root === old.root;
}
