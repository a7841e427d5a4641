// SPDX-License-Identifier: Apache-2.0
// Trust for somebody who holds the log key alone: the receipt's genesis names the root key.
import { describe, expect, it } from 'vitest';
import { base64, fromUtf8, jcs, utf8 } from '../../src/core/index.ts';
import { vkeyOf } from '../../src/provenance/note.ts';
import type { Receipt } from '../../src/provenance/receipt.ts';
import { trustFromGenesis, verifyReceipt } from '../../src/provenance/receipt-verify.ts';
import { entryLeafHash } from '../../src/provenance/state.ts';
import { parseTrust } from '../../src/provenance/trust.ts';
import { LogAuthor } from '../support/log-author.ts';
import { ReceiptAuthor } from '../support/receipt-author.ts';
import { codeThrownBy, expectRefusal } from '../support/tampering.ts';

const author = new LogAuthor();

describe('trust from genesis', () => {
  it('takes the root key from the receipt and the log key from the argument', async () => {
    const receipts = await ReceiptAuthor.founded(author);
    const receipt = await receipts.receipt();
    const trust = trustFromGenesis(receipt, author.logVkey);
    expect(trust).toEqual({
      ...receipts.trust(),
      file: { ...receipts.trust().file, origin: 'tofu' },
    });
    expect(verifyReceipt(receipt, trust)).toMatchObject({
      proved: true,
      headCompared: 'not compared',
    });
    expect(parseTrust(utf8(jcs(trust.file)))).toEqual(trust);
  });

  it('keeps the log key that was given when genesis names a former one', async () => {
    const receipts = await ReceiptAuthor.founded(author);
    const receipt = await receipts.receipt();
    const successor = author.signer('log-2');
    const vkey = vkeyOf(author.log, successor.rawPublicKey);
    const [text] = receipt.head.split('\n\n') as [string];
    const sig = await successor.sign(utf8(`${text}\n`));
    const id = Buffer.from(vkey.split('+')[1] ?? '', 'hex');
    const line = `\u2014 ${author.log} ${base64(Buffer.concat([id, sig]))}\n`;
    const moved = { ...receipt, head: `${text}\n\n${line}` };
    const trust = trustFromGenesis(moved, vkey);
    expect(trust.file.logVkey).toBe(vkey);
    expect(parseTrust(utf8(jcs(trust.file)))).toEqual(trust);
  });

  it('refuses a receipt without genesis, a malformed log key, and a head of another one', async () => {
    const receipts = await ReceiptAuthor.founded(author);
    const receipt = await receipts.receipt();
    const other = vkeyOf(author.log, author.signer('other').rawPublicKey);
    const elsewhere = vkeyOf('elsewhere', author.signer('log').rawPublicKey);
    const code = (each: Receipt, vkey: string): unknown =>
      codeThrownBy(() => trustFromGenesis(each, vkey));
    expect(code(receipt, author.logVkey)).toBeNull();
    expect(code({ ...receipt, genesis: null }, author.logVkey)).toBe('RECEIPT_INVALID');
    for (const vkey of ['', 'x', other, elsewhere]) {
      expect(code(receipt, vkey)).toBe('RECEIPT_INVALID');
    }
    expect(code({ ...receipt, head: 'x' }, author.logVkey)).toBe('RECEIPT_INVALID');
  });

  /** A receipt whose genesis is another entry of the log. */
  async function withGenesis(entry: Uint8Array): Promise<Receipt> {
    const receipts = await ReceiptAuthor.founded(author);
    receipts.replica.append(entry);
    await receipts.replica.seal();
    const index = receipts.replica.entries.findIndex(
      (e) => entryLeafHash(e) === entryLeafHash(entry),
    );
    return { ...(await receipts.receipt()), genesis: receipts.logged(index) };
  }

  it('INV-RECEIPT-GENESIS: refuses one that is not the first entry', async () => {
    const receipt = await withGenesis(await author.genesis({}, 'evil'));
    expectRefusal(() => trustFromGenesis(receipt, author.logVkey), 'RECEIPT_INVALID');
  });

  it('INV-RECEIPT-GENESIS: refuses one that its own root key has not signed', async () => {
    const rootSpki = base64(author.signer('evil').spki);
    const receipts = await ReceiptAuthor.founded(author);
    const genuine = JSON.parse(fromUtf8(await author.genesis({ rootSpki }, 'evil'))) as object;
    const forged = {
      ...genuine,
      signatures: [{ keyid: author.signer('evil').keyid, sig: base64(new Uint8Array(64)) }],
    };
    receipts.replica.entries[0] = utf8(jcs(forged));
    const receipt = await receipts.receipt();
    expectRefusal(() => trustFromGenesis(receipt, author.logVkey), 'RECEIPT_INVALID');
  });

  it('INV-RECEIPT-GENESIS: refuses one whose vault and tenant do not make its log', async () => {
    const receipts = await ReceiptAuthor.founded(author);
    receipts.replica.entries[0] = await author.genesis({ vaultId: 'ab'.repeat(16) });
    const receipt = await receipts.receipt();
    expectRefusal(() => trustFromGenesis(receipt, author.logVkey), 'RECEIPT_INVALID');
  });
});
