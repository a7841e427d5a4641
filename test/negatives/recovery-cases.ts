// SPDX-License-Identifier: Apache-2.0
// Recoveries that the root key has not signed, or that stand elsewhere; log keys that nobody named, or that were replaced.
import type { TreeHead } from '../../src/provenance/merkle.ts';
import type { Receipt } from '../../src/provenance/receipt.ts';
import { ReceiptAuthor } from '../support/receipt-author.ts';
import { Replica } from '../support/replica.ts';
import { FIRST_SIZE, type NegativeLog } from './cases.ts';

const HASH = 'ab'.repeat(32);
const ELSEWHERE =
  'a recovery is not signed by the trusted root key, or stands elsewhere in the log';
const UNCHANGED =
  'the log key was not changed by the trusted root key since the head that you trust';

/** Adds every case of a wrong recovery or log key. */
export async function recoveryCases(log: NegativeLog): Promise<void> {
  const { author } = log;
  log.edit(
    'recovery-hash-altered',
    'INV-RECEIPT-INCLUSION',
    'an entry is not in the log',
    (copy) => {
      copy.recoveries[0]?.proof.splice(0, 1, HASH);
    },
  );
  const kind = 'the receipt holds something else than a recovery statement';
  log.edit('recovery-of-another-kind', null, kind, (copy) => {
    copy.recoveries[0] = log.receipts.logged(0);
  });
  log.edit('form-three-recoveries', null, 'the file is not a receipt in canonical form', (copy) => {
    copy.recoveries = [0, 1, 2].map((index) => log.receipts.logged(index));
  });
  const old: TreeHead = { size: 900, root: new Uint8Array(32).fill(6) };
  /** The receipt of a log that holds an entry which no honest reader counts as a recovery. */
  const shown = async (make: (head: TreeHead) => Promise<Uint8Array>): Promise<Receipt> => {
    const receipts = await log.world();
    const { replica } = receipts;
    const index = replica.next;
    replica.append(await make(receipts.head()));
    await replica.seal();
    return { ...(await receipts.receipt()), recoveries: [receipts.logged(index)] };
  };
  const case_ = (name: string, check: string, reason: string, receipt: Receipt): void =>
    log.whole(`recovery-${name}`, receipt, check, reason);
  const by = (signer: string) => (head: TreeHead) => author.recovery(old, head, null, signer);
  case_('by-an-acl-key', 'INV-RECEIPT-RECOVERY', ELSEWHERE, await shown(by('acl')));
  const later = (head: TreeHead): Promise<Uint8Array> =>
    author.recovery(old, { ...head, size: head.size + 1 });
  case_('at-another-place', 'INV-RECEIPT-RECOVERY', ELSEWHERE, await shown(later));
  const named = { old: { size: 900, root: HASH }, logVkey: null, reason: 'x' };
  const foreign = ({ size }: TreeHead): Promise<Uint8Array> =>
    author.statement('recovery', { ...named, new: { size, root: HASH }, log: 'elsewhere' }, 'root');
  const other = 'an entry was made for another log';
  case_('of-another-log', 'INV-RECEIPT-LOG', other, await shown(foreign));
  await logKeyCases(log);
}

async function logKeyCases(log: NegativeLog): Promise<void> {
  const { author } = log;
  /** A log whose key was changed to the second one by the key of a name. */
  const changed = async (by: string): Promise<[ReceiptAuthor, number]> => {
    const receipts = await log.world();
    const { replica } = receipts;
    const index = replica.next;
    replica.append(await author.recovery(receipts.head(), receipts.head(), 'log-2', by));
    await replica.seal();
    return [receipts, index];
  };
  const case_ = (name: string, check: string | null, reason: string, receipt: Receipt): void =>
    log.whole(`log-key-${name}`, receipt, check, reason);
  const [byAcl, index] = await changed('acl');
  const forged = {
    ...(await byAcl.receipt()),
    head: await byAcl.checkpoint(byAcl.head(), 'log-2'),
    recoveries: [byAcl.logged(index)],
  };
  case_('changed-by-an-acl-key', 'INV-RECEIPT-LOG-KEY', UNCHANGED, forged);
  const [honest] = await changed('root');
  const receipt = await honest.receipt();
  const unsigned = 'the receipt does not hold: the checkpoint is not signed by the trusted log key';
  case_('change-not-shown', 'INV-CHECKPOINT-SIGNATURE', unsigned, { ...receipt, recoveries: [] });
  const former = await honest.checkpoint(honest.head(), 'log');
  case_('replaced-one-signs-on', 'INV-CHECKPOINT-SIGNATURE', unsigned, {
    ...receipt,
    head: former,
  });

  // Changed before the head that the verifier has seen: he trusts another key since, and this one may be in wrong hands.
  const before = new ReceiptAuthor(await Replica.founded(author));
  before.replica.accept(await author.recovery(before.head(), before.head(), 'log-2'));
  await before.publish('a');
  for (let i = 0; before.replica.next < FIRST_SIZE + 2; i++) await before.publish(`more ${i}`);
  await before.replica.seal();
  case_('older-than-seen', 'INV-RECEIPT-LOG-KEY', UNCHANGED, await before.receipt());
}
