// SPDX-License-Identifier: Apache-2.0
// Having heads cosigned by the witnesses of strongroom.json, and comparing heads with what others have seen.
import { fail, isStrongroomError, need, utf8 } from '../core/index.ts';
import {
  type Ledger,
  openCheckpoint,
  requireContinuation,
  requireWitnessed,
  type TreeHead,
  type Witnesses,
  witnessKeys,
  withLines,
} from '../provenance/index.ts';
import { logPrefix } from '../store/index.ts';
import { askWitness, HttpWitness } from '../witness/index.ts';
import type { VaultContext } from './context.ts';
import type { Session } from './session.ts';

/** What a head was found to be beside the one of this machine. */
export interface HeadComparison {
  readonly theirs: number;
  readonly ours: number;
  /** Their head is ours, or an earlier one of the same history. */
  readonly relation: 'same' | 'earlier';
}

/**
 * Lets the witnesses of the configuration cosign heads before they are published.
 * @param policy what the signed policy demands at present, besides the trust file
 */
export function cosigner(
  context: VaultContext,
  ledger: Ledger,
  policy: () => Witnesses,
): (note: string, head: TreeHead) => Promise<string> {
  return async (note, head) => {
    const cosigned = await cosignedBy(context, ledger, { note, head, demanded: policy() });
    requireWitnessed({ note: cosigned }, policy(), context.clock, null);
    return cosigned;
  };
}

/**
 * Collects cosignatures of the present head and publishes them with it: after witnesses were added, or to renew old ones.
 * @returns how many lines of witnesses the checkpoint has gained
 * @throws {LOG_TRUNCATED} without a checkpoint; {@link WITNESS_QUORUM}; {@link HEAD_STALE} when the log moved on meanwhile
 */
export async function cosignHead(session: Session): Promise<number> {
  const { context, ledger } = session;
  const prefix = logPrefix(context.config.tenantId);
  const stored = await context.objects.get(`${prefix}checkpoint`);
  const { head } = ledger;
  if (stored === null) throw fail('LOG_TRUNCATED', 'the log has no checkpoint');
  const { note } = openCheckpoint(stored.bytes, ledger.trust.log, ledger.trust.logKey);
  const demanded = session.access.policy.witnesses;
  const next = await cosignedBy(context, ledger, { note, head, demanded });
  const swapped = await context.objects.compareAndSwap(
    `${prefix}checkpoint`,
    stored.version,
    utf8(next),
  );
  if (!swapped) throw fail('HEAD_STALE', 'the log moved on in the meantime: cosign again');
  await ledger.refresh();
  return next.split('\n').length - note.split('\n').length;
}

/**
 * Compares a signed head that somebody else has seen with the head of this machine.
 * @throws {SPLIT_VIEW} when the two tell different histories; the evidence is kept
 * @throws {ROLLBACK} when theirs is newer than what the store shows here
 * @throws {CHECKPOINT_INVALID}
 */
export async function compareHead(session: Session, note: Uint8Array): Promise<HeadComparison> {
  const { context, ledger } = session;
  await ledger.refresh();
  const theirs = openCheckpoint(note, ledger.trust.log, ledger.trust.logKey);
  const ours = ledger.head;
  need(
    'INV-COMPARE-NEWER',
    theirs.size <= ours.size,
    'ROLLBACK',
    `the store shows ${ours.size} entries, but somebody has seen ${theirs.size}`,
    { seen: theirs.size, found: ours.size },
  );
  await requireContinuation(ledger.reader, theirs, ours, context.keepConflict);
  const relation = theirs.size === ours.size ? 'same' : 'earlier';
  return { theirs: theirs.size, ours: ours.size, relation };
}

async function cosignedBy(
  context: VaultContext,
  ledger: Ledger,
  wanted: { readonly note: string; readonly head: TreeHead; readonly demanded: Witnesses },
): Promise<string> {
  const { note, head, demanded } = wanted;
  const urls = context.config.witnesses ?? [];
  const keys = witnessKeys([...ledger.trust.file.witnesses.vkeys, ...demanded.vkeys]);
  if (urls.length === 0 || keys.length === 0) return note;
  const consistency = (oldSize: number): ReturnType<typeof ledger.reader.consistencyProof> =>
    ledger.reader.consistencyProof(oldSize, head.size);
  const unwitnessed = { note, head, before: ledger.head.size, consistency };
  const answers = await Promise.all(
    urls.map((url) =>
      askWitness(new HttpWitness(url, context.fetch), unwitnessed, keys).catch((error: unknown) => {
        // One silent witness must not stop the others; whether they suffice is decided by the quorum.
        if (!isStrongroomError(error, 'WITNESS_UNREACHABLE')) throw error;
        context.onAlarm({ code: error.code, message: 'a witness did not answer' });
        return [];
      }),
    ),
  );
  return withLines(note, answers.flat());
}
