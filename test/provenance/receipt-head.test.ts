// SPDX-License-Identifier: Apache-2.0
// A receipt before the trusted keys: which log, which head, which state.
import { describe, expect, it } from 'vitest';
import { base64, jcs, logOrigin, utf8 } from '../../src/core/index.ts';
import { EMPTY_ROOT } from '../../src/provenance/merkle.ts';
import { vkeyOf } from '../../src/provenance/note.ts';
import type { Receipt } from '../../src/provenance/receipt.ts';
import { verifyReceipt } from '../../src/provenance/receipt-verify.ts';
import { parseTrust, type Trust } from '../../src/provenance/trust.ts';
import { LogAuthor } from '../support/log-author.ts';
import { edited, ReceiptAuthor } from '../support/receipt-author.ts';
import { expectRefusal } from '../support/tampering.ts';

const author = new LogAuthor();
const FALSE_HASH = 'ab'.repeat(32);

/** Expects that a receipt does not hold. */
function refuses(receipt: Receipt, trust: Trust): void {
  expectRefusal(() => verifyReceipt(receipt, trust), 'RECEIPT_INVALID');
}

/** A hash of a proof exchanged for another one. */
const spoilt = (proof: readonly string[]): string[] => [...proof.slice(0, -1), FALSE_HASH];

describe('a receipt', () => {
  it('shows what was answered to whom, at which head, by whose word', async () => {
    const receipts = await ReceiptAuthor.founded(author);
    await receipts.publish('b', { fields: { validUntil: author.time + 1 } });
    await receipts.replica.seal();
    const receipt = await receipts.receipt({
      shown: [
        ['b', 2],
        ['a', 0],
      ],
    });
    const { index } = receipt.passages[1] ?? { index: -1 };
    const verdict = verifyReceipt(receipt, receipts.trust());
    const head = receipts.head();
    expect(verdict).toMatchObject({
      proved: true,
      attested: true,
      identity: 'token',
      caller: { principal: 'corp.alice', query: 'which rule?' },
      head: { origin: author.log, size: head.size, root: Buffer.from(head.root).toString('hex') },
      headCompared: 'not compared',
      stateTime: author.time,
    });
    expect(verdict.passages.map(({ text }) => text)).toEqual([
      'Third rule ends here.\n',
      'First café rule.\n',
    ]);
    expect(verdict.passages[1]).toEqual({
      docId: author.docId('a'),
      version: 1,
      chunk: 0,
      chunks: 3,
      aclDigest: receipts.replica.doc('a').aclDigest,
      signer: author.signer('ingest').keyid,
      index,
      text: 'First café rule.\n',
    });
  });

  it('holds without attestation, and then says nothing about the caller', async () => {
    const receipts = await ReceiptAuthor.founded(author);
    const receipt = await receipts.receipt({ attest: null });
    const claims = edited(receipt, (copy) => {
      copy.caller = { nonce: FALSE_HASH, principal: 'corp.mallory', query: 'x' };
    });
    for (const each of [receipt, claims]) {
      const verdict = verifyReceipt(each, receipts.trust());
      expect(verdict).toMatchObject({ attested: false, caller: null, identity: null });
    }
  });

  it('without passages proves the head alone', async () => {
    const receipts = await ReceiptAuthor.founded(author);
    const verdict = verifyReceipt(await receipts.receipt({ shown: [] }), receipts.trust());
    expect(verdict).toMatchObject({ passages: [], attested: true });
  });

  it('INV-RECEIPT-ORIGIN: is refused when it names another log than its checkpoint', async () => {
    const receipts = await ReceiptAuthor.founded(author);
    const receipt = await receipts.receipt();
    const origin = logOrigin('ab'.repeat(16), 'acme');
    refuses({ ...receipt, origin }, receipts.trust());
  });

  it('is refused under another log key, for another origin, or with an altered checkpoint', async () => {
    const receipts = await ReceiptAuthor.founded(author);
    const receipt = await receipts.receipt();
    const other = vkeyOf(author.log, author.signer('other').rawPublicKey);
    const trustIn = (logVkey: string): Trust =>
      parseTrust(utf8(jcs({ ...receipts.trust().file, logVkey })));
    refuses(receipt, trustIn(other));
    refuses(receipt, { ...receipts.trust(), log: logOrigin('ab'.repeat(16), 'acme') });
    const { size } = receipts.head();
    refuses(
      { ...receipt, head: receipt.head.replace(`\n${size}\n`, `\n${size - 1}\n`) },
      receipts.trust(),
    );
    refuses({ ...receipt, head: '' }, receipts.trust());
    // Cosignatures of others may stand in the note.
    const witnessed = `${receipt.head}\u2014 witness.example ${base64(new Uint8Array(76))}\n`;
    expect(verifyReceipt({ ...receipt, head: witnessed }, receipts.trust()).proved).toBe(true);
  });

  it('INV-RECEIPT-INCLUSION: is refused when an entry of it is not in the log', async () => {
    const receipts = await ReceiptAuthor.founded(author);
    const receipt = await receipts.receipt();
    const edits: ((copy: Receipt) => void)[] = [
      (copy) => (copy.state.proof = spoilt(copy.state.proof)),
      (copy) => (copy.state.proof = copy.state.proof.slice(1)),
      ({ passages: [passage] }) => {
        if (passage !== undefined) passage.proof = spoilt(passage.proof);
      },
      ({ passages: [passage] }) => {
        if (passage !== undefined) passage.proof = [...passage.proof, FALSE_HASH];
      },
      ...receipt.keys.map((_, i) => ({ keys }: Receipt): void => {
        const delegate = keys[i]?.delegate;
        if (delegate !== undefined) delegate.proof = spoilt(delegate.proof);
      }),
    ];
    for (const edit of edits) refuses(edited(receipt, edit), receipts.trust());
    expect(edits).toHaveLength(7);
  });

  it('INV-RECEIPT-LOG: is refused with a statement that was made for another log', async () => {
    const receipts = await ReceiptAuthor.founded(author);
    await receipts.publish('b', { fields: { log: logOrigin('ab'.repeat(16), 'acme') } });
    receipts.plantLive('b');
    await receipts.replica.seal();
    refuses(await receipts.receipt({ shown: [['b', 0]] }), receipts.trust());
  });

  it('INV-RECEIPT-STATE: is refused with the state of before, in which a passage was still live', async () => {
    const receipts = await ReceiptAuthor.founded(author);
    const before = await receipts.receipt({ attest: null });
    receipts.replica.accept(await author.tombstone('a', receipts.replica.doc('a')));
    await receipts.replica.seal();
    const now = await receipts.receipt({ attest: null });
    const { replica } = receipts;
    const mixed = edited(now, (copy) => {
      copy.state = receipts.logged(before.state.index);
      for (const [i, passage] of copy.passages.entries()) {
        passage.stateProof = before.passages[i]?.stateProof ?? passage.stateProof;
      }
      for (const key of copy.keys) {
        const old = before.keys.find(({ keyid }) => keyid === key.keyid);
        if (old !== undefined) key.stateProof = old.stateProof;
      }
    });
    expect(replica.next - 1).toBeGreaterThan(mixed.state.index);
    refuses(mixed, receipts.trust());
  });

  it('INV-RECEIPT-STATE: is refused when an older state entry was appended again', async () => {
    const receipts = await ReceiptAuthor.founded(author);
    const old = receipts.replica.entries.at(-1) ?? utf8('');
    receipts.replica.entries.push(old);
    refuses(await receipts.receipt(), receipts.trust());
  });

  it('is refused when something else than a statement of the wanted kind stands in a place', async () => {
    const receipts = await ReceiptAuthor.founded(author);
    const receipt = await receipts.receipt();
    const noise = base64(utf8('{}'));
    const acl = receipts.logged(8);
    const edits: ((copy: Receipt) => void)[] = [
      (copy) => (copy.attest = noise),
      (copy) => (copy.attest = acl.entry),
      (copy) => (copy.state = acl),
      ({ keys: [key] }) => {
        if (key !== undefined) key.delegate = acl;
      },
      ({ passages: [passage] }) => {
        if (passage !== undefined) Object.assign(passage, { ...acl, statement: acl.entry });
      },
    ];
    for (const edit of edits) refuses(edited(receipt, edit), receipts.trust());
  });

  it('is refused when the log is empty', async () => {
    const receipts = await ReceiptAuthor.founded(author);
    const receipt = await receipts.receipt();
    const empty = { size: 0, root: EMPTY_ROOT };
    refuses({ ...receipt, head: await receipts.checkpoint(empty) }, receipts.trust());
    refuses({ ...receipt, head: await receipts.checkpoint(empty) }, receipts.trust(empty));
  });
});

describe('the head of a receipt', () => {
  it('is the trusted one, continues it by a proof, or is not compared', async () => {
    const receipts = await ReceiptAuthor.founded(author);
    const before = receipts.head();
    await receipts.publish('b');
    await receipts.replica.seal();
    const compared = async (since: number | undefined, trust: Trust): Promise<string> => {
      const receipt = await receipts.receipt(since === undefined ? {} : { since });
      return verifyReceipt(receipt, trust).headCompared;
    };
    expect(await compared(undefined, receipts.trust())).toBe('not compared');
    expect(await compared(before.size, receipts.trust())).toBe('not compared');
    expect(await compared(undefined, receipts.trust(receipts.head()))).toBe('same');
    expect(await compared(before.size, receipts.trust(before))).toBe('consistent');
    expect(await compared(undefined, receipts.trust(before))).toBe('not compared');
    expect(await compared(1, receipts.trust(before))).toBe('not compared');
    // A verifier may have seen more than the receipt's maker had.
    const later = { size: receipts.head().size + 9, root: before.root };
    expect(await compared(before.size, receipts.trust(later))).toBe('not compared');
  });

  it('INV-RECEIPT-HEAD: is refused when it is another one of the trusted size: a split view', async () => {
    const receipts = await ReceiptAuthor.founded(author);
    const { size, root } = receipts.head();
    const other = { size, root: new Uint8Array(root).fill(1, 0, 1) };
    refuses(await receipts.receipt(), receipts.trust(other));
  });

  it('INV-RECEIPT-CONSISTENCY: is refused when it does not continue the trusted one', async () => {
    const receipts = await ReceiptAuthor.founded(author);
    const before = receipts.head();
    await receipts.publish('b');
    await receipts.replica.seal();
    const receipt = await receipts.receipt({ since: before.size });
    const fork = { ...before, root: receipts.head(before.size - 1).root };
    refuses(receipt, receipts.trust(fork));
    const proof = receipt.consistency?.proof ?? [];
    for (const other of [spoilt(proof), proof.slice(1), [...proof, FALSE_HASH], []]) {
      const consistency = { size: before.size, proof: other };
      refuses({ ...receipt, consistency }, receipts.trust(before));
    }
    const size = receipts.head().size + 5;
    const later = { ...receipt, consistency: { size, proof } };
    refuses(later, receipts.trust({ size, root: before.root }));
  });
});
