// SPDX-License-Identifier: Apache-2.0
// What a receipt shows of documents: that the version is current, and that the text is a part of it.
import { describe, expect, it } from 'vitest';
import { hex, utf8 } from '../../src/core/index.ts';
import { type ChunkLeaf, textCommit } from '../../src/provenance/chunk-tree.ts';
import type { Receipt, ReceiptPassage } from '../../src/provenance/receipt.ts';
import { verifyReceipt } from '../../src/provenance/receipt-verify.ts';
import { type DocValue, stateValueHash } from '../../src/provenance/state.ts';
import { digestOf, LogAuthor } from '../support/log-author.ts';
import { edited, ReceiptAuthor } from '../support/receipt-author.ts';
import { expectRefusal } from '../support/tampering.ts';

const author = new LogAuthor();
const founded = (): Promise<ReceiptAuthor> => ReceiptAuthor.founded(author);
const HASH = digestOf('other');

/** Expects that a receipt does not hold. */
function refuses(receipt: Receipt, receipts: ReceiptAuthor): void {
  expectRefusal(() => verifyReceipt(receipt, receipts.trust()), 'RECEIPT_INVALID');
}

/** The receipt with its first passage changed. */
const withPassage = (receipt: Receipt, edit: (passage: ReceiptPassage) => void): Receipt =>
  edited(receipt, ({ passages: [passage] }) => {
    if (passage !== undefined) edit(passage);
  });

describe('the leaf of a document', () => {
  it('INV-RECEIPT-LEAF: must hold the value that its hash names, under the root of the state', async () => {
    const receipts = await founded();
    const receipt = await receipts.receipt();
    const lie = { ...receipts.replica.doc('a'), aclDigest: HASH };
    const edits: ((passage: ReceiptPassage) => void)[] = [
      ({ stateProof }) => (stateProof.value = lie),
      ({ stateProof }) => {
        stateProof.value = lie;
        stateProof.valueHash = hex(stateValueHash('doc', lie));
      },
      ({ stateProof }) => (stateProof.valueHash = HASH),
      ({ stateProof }) => (stateProof.path = stateProof.path.slice(1)),
      ({ stateProof }) => (stateProof.path = stateProof.path.with(0, [0, HASH])),
      ({ stateProof }) => (stateProof.path = stateProof.path.toReversed()),
      ({ stateProof }) => (stateProof.key32 = HASH),
    ];
    for (const edit of edits) refuses(withPassage(receipt, edit), receipts);
  });

  it('INV-RECEIPT-LEAF: must stand under the state key of the statement', async () => {
    const receipts = await founded();
    await receipts.publish('b', { fields: { stateKey: author.docKey('c') } });
    receipts.plantLive('b');
    await receipts.replica.seal();
    refuses(await receipts.receipt({ shown: [['b', 0]] }), receipts);
  });

  it('INV-RECEIPT-LEAF: of a key must be proven like that of a document', async () => {
    const receipts = await founded();
    const receipt = await receipts.receipt();
    for (const i of receipt.keys.keys()) {
      const reopened = edited(receipt, ({ keys }) => {
        const stateProof = keys[i]?.stateProof;
        if (stateProof !== undefined) stateProof.value = { ...stateProof.value, endIndex: 9 };
      });
      refuses(reopened, receipts);
    }
  });

  it('INV-RECEIPT-CURRENT: must name this very entry and version', async () => {
    const receipts = await founded();
    const first = await receipts.receipt({ attest: null });
    await receipts.publish('a');
    await receipts.replica.seal();
    const second = await receipts.receipt({ attest: null });
    expect(verifyReceipt(second, receipts.trust()).passages[0]?.version).toBe(2);
    const [old] = first.passages as [ReceiptPassage];
    const superseded = withPassage(second, (passage) => {
      const { proof } = receipts.logged(old.index);
      Object.assign(passage, { ...old, proof, stateProof: passage.stateProof });
    });
    refuses(superseded, receipts);
  });

  it.each<[string, Partial<DocValue>]>([
    ['another entry', { entry: 3 }],
    ['another statement', { entryLeafHash: HASH }],
    ['another version', { version: 2 }],
    ['a document that was deleted', { status: 'tombstone' }],
    ['a document that was erased', { status: 'shredded' }],
    ['a document that is distrusted', { status: 'distrusted' }],
    ['a status that no ledger gives', { status: 'LIVE' as DocValue['status'] }],
  ])('INV-RECEIPT-CURRENT: is refused when it speaks of %s', async (_name, fields) => {
    const receipts = await founded();
    receipts.plant({ kind: 'doc', value: { ...receipts.replica.doc('a'), ...fields } });
    await receipts.replica.seal();
    refuses(await receipts.receipt(), receipts);
  });

  it('INV-RECEIPT-EXPIRED: is refused from the second on at which the document expires', async () => {
    const receipts = await founded();
    const validUntil = author.time + 10;
    await receipts.publish('b', { fields: { validUntil } });
    for (const [time, valid] of [
      [validUntil - 1, true],
      [validUntil, false],
      [validUntil + 1, false],
    ] as const) {
      await receipts.replica.seal(time);
      const receipt = await receipts.receipt({ shown: [['b', 0]] });
      if (valid) expect(verifyReceipt(receipt, receipts.trust()).stateTime).toBe(time);
      else refuses(receipt, receipts);
    }
  });

  it('that lacks fields or holds other types is refused, never a crash', async () => {
    const receipts = await founded();
    const honest = receipts.replica.doc('a');
    const { validUntil, ...without } = honest;
    expect(validUntil).toBeNull();
    for (const value of [without, { ...honest, validUntil: 'never' }, { docId: honest.docId }]) {
      receipts.plant({ kind: 'doc', value: value as unknown as DocValue });
      await receipts.replica.seal();
      refuses(await receipts.receipt({ attest: null }), receipts);
    }
  });
});

describe('a chunk', () => {
  it('of any number is proven with its text, its place and its headings', async () => {
    const receipts = await founded();
    const shown = [0, 1, 2].map((i) => ['a', i] as const);
    const receipt = await receipts.receipt({ shown });
    expect(verifyReceipt(receipt, receipts.trust()).passages.map(({ chunk }) => chunk)).toEqual([
      0, 1, 2,
    ]);
  });

  it('of a document with one chunk needs no hashes', async () => {
    const receipts = await founded();
    const leaves = ([leaf]: readonly ChunkLeaf[]): ChunkLeaf[] =>
      leaf === undefined ? [] : [{ ...leaf, n: 1 }];
    await receipts.publish('b', { leaves });
    await receipts.replica.seal();
    const receipt = await receipts.receipt({ shown: [['b', 0]] });
    expect(receipt.passages[0]?.chunk.proof).toEqual([]);
    expect(verifyReceipt(receipt, receipts.trust()).passages[0]?.chunks).toBe(1);
  });

  it('INV-RECEIPT-CHUNK: is refused with any field changed or another proof', async () => {
    const receipts = await founded();
    const receipt = await receipts.receipt({ shown: [['a', 1]], attest: null });
    const edits: ((chunk: ReceiptPassage['chunk']) => void)[] = [
      (chunk) => (chunk.i = 0),
      (chunk) => (chunk.i = 2 ** 32 + 1),
      (chunk) => (chunk.leafFields.n = 4),
      ({ leafFields }) => {
        leafFields.start += 1;
        leafFields.end += 1;
      },
      ({ leafFields }) => {
        leafFields.start = Number.MAX_SAFE_INTEGER - 21;
        leafFields.end = Number.MAX_SAFE_INTEGER;
      },
      (chunk) => (chunk.leafFields.vecCommit = HASH),
      (chunk) => (chunk.leafFields.meta = { headings: ['Approved'], page: 2, pos: null }),
      (chunk) => (chunk.leafFields.meta = null),
      (chunk) => (chunk.proof = chunk.proof.toReversed()),
      (chunk) => (chunk.proof = chunk.proof.slice(1)),
      (chunk) => (chunk.proof = [...chunk.proof, HASH]),
    ];
    for (const edit of edits) {
      refuses(
        withPassage(receipt, ({ chunk }) => {
          edit(chunk);
        }),
        receipts,
      );
    }
  });

  it('INV-RECEIPT-CHUNK: is refused when it counts other chunks than the statement', async () => {
    const receipts = await founded();
    await receipts.publish('b', { fields: { chunks: 4 } });
    await receipts.replica.seal();
    refuses(await receipts.receipt({ shown: [['b', 0]] }), receipts);
  });

  it('INV-RECEIPT-CHUNK: of another document is refused under this one’s statement', async () => {
    const receipts = await founded();
    await receipts.publish('b');
    await receipts.replica.seal();
    const receipt = await receipts.receipt({
      shown: [
        ['a', 0],
        ['b', 0],
      ],
      attest: null,
    });
    const [a, b] = receipt.passages as [ReceiptPassage, ReceiptPassage];
    refuses({ ...receipt, passages: [{ ...a, chunk: b.chunk }] }, receipts);
  });

  it('INV-RECEIPT-TEXT: is refused with another text or another opening', async () => {
    const receipts = await founded();
    const receipt = await receipts.receipt();
    const edits: ((chunk: ReceiptPassage['chunk']) => void)[] = [
      (chunk) => (chunk.text = chunk.text.replace('rule', 'lure')),
      (chunk) => (chunk.text = chunk.text.normalize('NFD')),
      (chunk) => (chunk.text = ''),
      (chunk) => (chunk.openT = HASH),
    ];
    for (const edit of edits) {
      refuses(
        withPassage(receipt, ({ chunk }) => {
          edit(chunk);
        }),
        receipts,
      );
    }
  });

  it('INV-RECEIPT-TEXT: is refused when its signed range is not as long as its text', async () => {
    const receipts = await founded();
    for (const by of [-1, 1, -100]) {
      const leaves = (own: readonly ChunkLeaf[]): ChunkLeaf[] =>
        own.map((leaf, i) => (i === 2 ? { ...leaf, start: Math.max(0, leaf.start + by) } : leaf));
      await receipts.publish('b', { leaves });
      await receipts.replica.seal();
      refuses(await receipts.receipt({ shown: [['b', 2]] }), receipts);
    }
  });

  it('INV-RECEIPT-TEXT: cannot be opened to a second text under an opening of one’s own', async () => {
    const receipts = await founded();
    const receipt = await receipts.receipt();
    const openT = 'cd'.repeat(32);
    const forged = withPassage(receipt, ({ chunk }) => {
      chunk.openT = openT;
      chunk.leafFields.textCommit = hex(textCommit(Buffer.from(openT, 'hex'), utf8(chunk.text)));
    });
    refuses(forged, receipts);
  });
});
