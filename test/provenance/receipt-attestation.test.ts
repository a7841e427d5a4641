// SPDX-License-Identifier: Apache-2.0
// What the retriever's key says of an answer: at which head, which passages, for whom.
import { describe, expect, it } from 'vitest';
import { concat, hex, hmac, logOrigin, lp } from '../../src/core/index.ts';
import type { Receipt } from '../../src/provenance/receipt.ts';
import {
  principalCommit,
  queryCommit,
  verifyReceipt,
} from '../../src/provenance/receipt-verify.ts';
import { digestOf, LogAuthor } from '../support/log-author.ts';
import { CALLER, ReceiptAuthor } from '../support/receipt-author.ts';
import { expectRefusal } from '../support/tampering.ts';

const author = new LogAuthor();

/** A ledger with two documents. */
async function founded(): Promise<ReceiptAuthor> {
  const receipts = await ReceiptAuthor.founded(author);
  await receipts.publish('b');
  await receipts.replica.seal();
  return receipts;
}

/** Expects that a receipt does not hold. */
function refuses(receipt: Receipt, receipts: ReceiptAuthor): void {
  expectRefusal(() => verifyReceipt(receipt, receipts.trust()), 'RECEIPT_INVALID');
}

describe('an attestation', () => {
  const shown = [
    ['b', 2],
    ['a', 0],
    ['b', 0],
  ] as const;

  it('gives the way in which the caller was identified', async () => {
    const receipts = await founded();
    for (const identity of ['token', 'impersonated'] as const) {
      const receipt = await receipts.receipt({ shown, attest: { identity } });
      expect(verifyReceipt(receipt, receipts.trust()).identity).toBe(identity);
    }
  });

  it('INV-RECEIPT-ATTEST: is refused when it speaks of another head', async () => {
    const receipts = await founded();
    const { size, root } = receipts.head();
    const head = { origin: author.log, size, root: hex(root) };
    for (const other of [
      { ...head, size: size - 1 },
      { ...head, root: digestOf('root') },
      { ...head, origin: logOrigin('ab'.repeat(16), 'acme') },
    ]) {
      refuses(await receipts.receipt({ shown, attest: { head: other } }), receipts);
    }
    const before = await receipts.receipt({ shown });
    await receipts.replica.seal();
    refuses({ ...(await receipts.receipt({ shown })), attest: before.attest }, receipts);
  });

  it('INV-RECEIPT-ATTEST: is refused when it was made for another log', async () => {
    const receipts = await founded();
    const log = logOrigin('ab'.repeat(16), 'acme');
    refuses(await receipts.receipt({ shown, attest: { log } }), receipts);
  });

  it('INV-RECEIPT-ATTEST: is refused with passages added, left out, exchanged or in another order', async () => {
    const receipts = await founded();
    const receipt = await receipts.receipt({ shown });
    expect(verifyReceipt(receipt, receipts.trust()).attested).toBe(true);
    const others = [
      shown.slice(1),
      shown.toReversed(),
      [...shown, ['a', 1] as const],
      [['b', 1] as const, ...shown.slice(1)],
      [['a', 2] as const, ...shown.slice(1)],
      [],
    ];
    for (const other of others) {
      const { passages, keys } = await receipts.receipt({ shown: other });
      refuses({ ...receipt, passages, keys: [...receipt.keys, ...keys] }, receipts);
    }
    refuses(await receipts.receipt({ shown, attest: { passages: [] } }), receipts);
  });
});

describe('the caller', () => {
  it('is committed to under a nonce, principal and query apart', () => {
    const nonce = new Uint8Array(32).fill(7);
    expect(hex(principalCommit(nonce, 'p'))).toBe(
      hex(hmac(nonce, concat(lp('sr/principal/v1'), lp('p')))),
    );
    expect(hex(queryCommit(nonce, 'p'))).toBe(hex(hmac(nonce, concat(lp('sr/query/v1'), lp('p')))));
  });

  it('may be left out of the copy that others get', async () => {
    const receipts = await founded();
    const receipt = { ...(await receipts.receipt()), caller: null };
    expect(verifyReceipt(receipt, receipts.trust())).toMatchObject({
      attested: true,
      caller: null,
    });
  });

  it('INV-RECEIPT-CALLER: is refused when name, question or nonce are not the attested ones', async () => {
    const receipts = await founded();
    const receipt = await receipts.receipt();
    for (const caller of [
      { ...CALLER, principal: 'corp.mallory' },
      { ...CALLER, query: 'which rule' },
      { ...CALLER, nonce: 'ba'.repeat(32) },
      { ...CALLER, principal: CALLER.query, query: CALLER.principal },
    ]) {
      refuses({ ...receipt, caller }, receipts);
    }
    const { queryCommit: other } = { queryCommit: digestOf('other') };
    refuses(await receipts.receipt({ attest: { queryCommit: other } }), receipts);
    refuses(await receipts.receipt({ attest: { principalCommit: other } }), receipts);
  });
});
