// SPDX-License-Identifier: Apache-2.0
// The head of a receipt against what the verifier trusts.
import { hex, need, utf8 } from '../core/index.ts';
import type { Checkpoint } from './checkpoint.ts';
import { verifyCosignatures, witnessKeys } from './cosignature.ts';
import { verifyConsistency } from './merkle.ts';
import { parseNote } from './note.ts';
import type { Receipt } from './receipt.ts';
import { hashes } from './receipt-open.ts';
import { isFrom, shownRecoveries } from './receipt-recovery.ts';
import type { ReceiptVerdict } from './receipt-verify.ts';
import type { Trust } from './trust.ts';

/** Whoever demands witnesses demands them of receipts, too; how old they may be is for live heads to say. */
export function checkReceiptWitnesses(head: Checkpoint, { file: { witnesses } }: Trust): void {
  const { vkeys, k } = witnesses;
  const count =
    k === 0 ? 0 : verifyCosignatures(parseNote(utf8(head.note)), witnessKeys(vkeys)).length;
  need(
    'INV-RECEIPT-WITNESSES',
    count >= k,
    'RECEIPT_INVALID',
    `${count} of ${k} demanded witnesses vouch for the head`,
  );
}

/** How the head of a receipt relates to the trusted one, if its recoveries hold. @throws {RECEIPT_INVALID} when they contradict each other */
export function compareHeads(
  receipt: Receipt,
  head: Checkpoint,
  trust: Trust,
): ReceiptVerdict['headCompared'] {
  if (trust.head === null) return 'not compared';
  if (shownRecoveries(receipt).some(({ statement }) => isFrom(statement.predicate, trust)))
    return 'recovered';
  if (trust.head.size === head.size) {
    const same = hex(trust.head.root) === hex(head.root);
    need('INV-RECEIPT-HEAD', same, 'RECEIPT_INVALID', 'the head is not the one that you trust');
    return 'same';
  }
  if (receipt.consistency === null || receipt.consistency.size !== trust.head.size)
    return 'not compared';
  const proof = hashes(receipt.consistency.proof);
  const continues = verifyConsistency(trust.head, head, proof);
  need(
    'INV-RECEIPT-CONSISTENCY',
    continues,
    'RECEIPT_INVALID',
    'the head does not continue the one that you trust',
  );
  return 'consistent';
}
