// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { hex } from '../../src/core/index.ts';
import { verifyReceipt } from '../../src/provenance/receipt-verify.ts';
import { LogWorld, MemoryTrust } from '../support/log-world.ts';
import { move, refused, tried } from '../support/move.ts';
import { ReceiptAuthor } from '../support/receipt-author.ts';
import { codeRejectedBy, codeThrownBy } from '../support/tampering.ts';

move(
  {
    id: 'A07',
    title: 'show two readers two histories of the same size, with the log key in hand',
    by: 'k-of-n witnesses; whoever has seen one history refuses the other',
    codes: ['SPLIT_VIEW', 'RECEIPT_INVALID'],
    status: {
      needsWitness:
        'a newcomer who has seen neither history cannot tell them apart; whoever has seen one refuses the other',
    },
  },
  () => {
    it('is refused by a reader that has seen the other history, at its start and while it runs', async () => {
      const [world, writer] = await LogWorld.founded();
      const reader = await world.open();
      const entries = await world.entries(writer.ledger.head);
      for (const name of ['x', 'y', 'z']) {
        // The holder of the log key alone makes another tree of the same size and signs it.
        await world.forge([...entries.slice(0, -1), await world.author.acl(name)]);
        expect(await codeRejectedBy(reader.ledger.refresh())).toBe('SPLIT_VIEW');
        expect(await codeRejectedBy(world.open(reader))).toBe('SPLIT_VIEW');
        refused('SPLIT_VIEW');
      }
    });

    it('comes to light when two readers compare heads', async () => {
      const receipts = await ReceiptAuthor.founded();
      const receipt = await receipts.receipt();
      const head = receipts.head();
      const other = {
        size: head.size,
        root: Uint8Array.from(head.root, (byte: number) => byte ^ 1),
      };
      expect(verifyReceipt(receipt, receipts.trust(head)).headCompared).toBe('same');
      const code = codeThrownBy(() => verifyReceipt(receipt, receipts.trust(other)));
      expect(code).toBe('RECEIPT_INVALID');
      refused(code);
    });

    it('is not seen by a newcomer alone: this is what a witness is for', async () => {
      const [world, writer] = await LogWorld.founded();
      const { author } = world;
      const entries = await world.entries(writer.ledger.head);
      const own = writer.ledger.head;
      const [other, second] = await LogWorld.founded(author);
      await second.sequencer.commit([await author.acl('another history')]);
      await writer.sequencer.commit([await author.acl('one history')]);
      expect(second.ledger.head.size).toBe(writer.ledger.head.size);
      expect(hex(second.ledger.head.root)).not.toBe(hex(writer.ledger.head.root));
      const newcomer = await other.open({ trust: new MemoryTrust(world.trustFile(own)) });
      expect(newcomer.ledger.head.size).toBeGreaterThan(entries.length);
      tried();
    });
  },
);
