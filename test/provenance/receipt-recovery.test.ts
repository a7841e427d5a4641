// SPDX-License-Identifier: Apache-2.0
// Receipts of logs that went back, or that go on under another key: what an outsider sees, and what he is not led on by.
import { describe, expect, it } from 'vitest';
import { hex, jcsBytes } from '../../src/core/index.ts';
import type { TreeHead } from '../../src/provenance/merkle.ts';
import { trustFromGenesis, verifyReceipt } from '../../src/provenance/receipt-verify.ts';
import { parseTrust } from '../../src/provenance/trust.ts';
import { ReceiptAuthor } from '../support/receipt-author.ts';
import { expectRefusal } from '../support/tampering.ts';

const LOST: TreeHead = { size: 40, root: new Uint8Array(32).fill(7) };
const named = ({ size, root }: TreeHead): { size: number; root: string } => ({
  size,
  root: hex(root),
});

interface Story {
  readonly receipts: ReceiptAuthor;
  /** The head before the recovery, which is where it stands. */
  readonly before: TreeHead;
}

/** A log that went back from a lost head, or whose key was changed, and then on by one document. */
async function story(lost: TreeHead | null, logKey: string | null, by = 'root'): Promise<Story> {
  const receipts = await ReceiptAuthor.founded();
  const before = receipts.head();
  const { replica, author } = receipts;
  replica.append(await author.recovery(lost ?? before, before, logKey, by));
  await receipts.publish('b');
  await replica.seal();
  return { receipts, before };
}

describe('a receipt of a log that went back', () => {
  it('names both heads, the reason and the time', async () => {
    const { receipts, before } = await story(LOST, null);
    const { recoveries, headCompared } = verifyReceipt(await receipts.receipt(), receipts.trust());
    expect(recoveries).toEqual([
      {
        index: before.size,
        old: named(LOST),
        new: named(before),
        logVkey: null,
        reason: 'disk lost',
        time: receipts.author.time,
      },
    ]);
    expect(headCompared).toBe('not compared');
  });

  it('tells a verifier who has seen the lost head that it was given up, at whatever size the log is now', async () => {
    const { receipts } = await story(LOST, null);
    const receipt = await receipts.receipt();
    const size = receipts.head().size;
    for (const lost of [LOST, { ...LOST, size }]) {
      const at = lost === LOST ? receipts : (await story(lost, null)).receipts;
      const shown = lost === LOST ? receipt : await at.receipt();
      expect(verifyReceipt(shown, at.trust(lost)).headCompared).toBe('recovered');
      const other = { ...lost, root: new Uint8Array(32) };
      if (lost === LOST)
        expect(verifyReceipt(shown, at.trust(other)).headCompared).not.toBe('recovered');
      else expectRefusal(() => verifyReceipt(shown, at.trust(other)), 'RECEIPT_INVALID');
    }
  });

  it('INV-RECEIPT-RECOVERY: shows none that another key has signed or that counts elsewhere', async () => {
    const { receipts, before } = await story(LOST, null, 'acl');
    const receipt = await receipts.receipt();
    expect(receipt.recoveries).toEqual([]);
    const planted = { ...receipt, recoveries: [receipts.logged(before.size)] };
    expectRefusal(() => verifyReceipt(planted, receipts.trust()), 'RECEIPT_INVALID');
    const elsewhere = await ReceiptAuthor.founded();
    const at = elsewhere.replica.next;
    const { author } = elsewhere;
    const head = elsewhere.head();
    elsewhere.replica.append(await author.recovery(LOST, { ...head, size: at + 1 }));
    await elsewhere.replica.seal();
    const moved = { ...(await elsewhere.receipt()), recoveries: [elsewhere.logged(at)] };
    expectRefusal(() => verifyReceipt(moved, elsewhere.trust()), 'RECEIPT_INVALID');
  });
});

describe('a receipt of a log whose key has changed', () => {
  it('is proven with the trust file from before, as from after', async () => {
    const { receipts, before } = await story(null, 'log-2');
    const receipt = await receipts.receipt({ since: before.size });
    const verdict = verifyReceipt(receipt, receipts.trust(before));
    expect(verdict.headCompared).toBe('consistent');
    expect(verdict.recoveries).toMatchObject([
      { old: named(before), new: named(before), logVkey: receipts.author.logVkeyOf('log-2') },
    ]);
    const logVkey = receipts.author.logVkeyOf('log-2');
    const after = parseTrust(jcsBytes({ ...receipts.trust(receipts.head()).file, logVkey }));
    expect(verifyReceipt(receipt, after).headCompared).toBe('same');
    expect(verifyReceipt(receipt, trustFromGenesis(receipt, logVkey)).proved).toBe(true);
  });

  it('is proven to a verifier who has seen a head that was given up before', async () => {
    const { receipts } = await story(LOST, null);
    const { replica, author } = receipts;
    replica.accept(await author.recovery(receipts.head(), receipts.head(), 'log-2'));
    await replica.seal();
    const receipt = await receipts.receipt();
    expect(receipt.recoveries).toHaveLength(2);
    const verdict = verifyReceipt(receipt, receipts.trust(LOST));
    expect(verdict.headCompared).toBe('recovered');
    expect(verdict.recoveries.map(({ old }) => old.size)).toEqual([40, verdict.head.size - 2]);
  });

  it('is proven when the log went back after its key had changed', async () => {
    const { receipts, before } = await story(null, 'log-2');
    const { replica, author } = receipts;
    replica.accept(await author.recovery(LOST, receipts.head()));
    await replica.seal();
    const receipt = await receipts.receipt();
    expect(receipt.recoveries).toHaveLength(2);
    expect(verifyReceipt(receipt, receipts.trust(before)).proved).toBe(true);
    const longer = { ...LOST, size: LOST.size + 1 };
    expectRefusal(() => verifyReceipt(receipt, receipts.trust(longer)), 'RECEIPT_INVALID');
  });

  it('INV-RECEIPT-LOG-KEY: follows no change that is older than the head it has seen, or of no head at all', async () => {
    const { receipts, before } = await story(null, 'log-2');
    const receipt = await receipts.receipt();
    const later = { size: before.size + 1, root: before.root };
    expectRefusal(() => verifyReceipt(receipt, receipts.trust(later)), 'RECEIPT_INVALID');
    expectRefusal(() => verifyReceipt(receipt, receipts.trust(null)), 'RECEIPT_INVALID');
  });

  it('INV-RECEIPT-LOG-KEY: follows no change by another key than the root key', async () => {
    const { receipts, before } = await story(null, 'log-2', 'acl');
    const receipt = {
      ...(await receipts.receipt()),
      head: await receipts.checkpoint(receipts.head(), 'log-2'),
      recoveries: [receipts.logged(before.size)],
    };
    expectRefusal(() => verifyReceipt(receipt, receipts.trust(before)), 'RECEIPT_INVALID');
  });

  it('is refused when the replaced key signs on, or the change is not shown', async () => {
    const { receipts, before } = await story(null, 'log-2');
    const receipt = await receipts.receipt();
    const former = { ...receipt, head: await receipts.checkpoint(receipts.head(), 'log') };
    const hidden = { ...receipt, recoveries: [] };
    for (const wrong of [former, hidden]) {
      expectRefusal(() => verifyReceipt(wrong, receipts.trust(before)), 'RECEIPT_INVALID');
    }
  });

  it('is refused when the root key has named no log key at all', async () => {
    const { receipts, before } = await story(null, null);
    const { replica, author } = receipts;
    const index = replica.next;
    const fields = { old: named(before), new: { size: index, root: hex(before.root) } };
    const entry = await author.statement(
      'recovery',
      { ...fields, logVkey: 'x', reason: 'x' },
      'root',
    );
    replica.append(entry);
    await replica.seal();
    const receipt = { ...(await receipts.receipt()), recoveries: [receipts.logged(index)] };
    expectRefusal(() => verifyReceipt(receipt, receipts.trust(before)), 'RECEIPT_INVALID');
  });
});
