// SPDX-License-Identifier: Apache-2.0
import { cp, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { hex, systemRandom, utf8 } from '../../src/core/index.ts';
import { withLines } from '../../src/provenance/cosignature.ts';
import { verifyReceipt } from '../../src/provenance/receipt-verify.ts';
import { Witness } from '../../src/witness/index.ts';
import { eventsOf, expectAudited, onEachVault } from '../support/attack-world.ts';
import { publishAsLogHolder } from '../support/insider.ts';
import { LogWorld, MemoryTrust, type Writer } from '../support/log-world.ts';
import { move, refused, tried } from '../support/move.ts';
import { ReceiptAuthor } from '../support/receipt-author.ts';
import { codeRejectedBy, codeThrownBy } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { search } from '../support/vault-world.ts';

/** Two histories of one log and one size, both signed by its log key. */
async function twoHistories(): Promise<{ world: LogWorld; writer: Writer }[]> {
  const [world, writer] = await LogWorld.founded();
  const { author } = world;
  const [second, secondWriter] = await LogWorld.founded(author);
  await writer.sequencer.commit([await author.acl('one history')]);
  await secondWriter.sequencer.commit([await author.acl('another history')]);
  expect(secondWriter.ledger.head.size).toBe(writer.ledger.head.size);
  expect(hex(secondWriter.ledger.head.root)).not.toBe(hex(writer.ledger.head.root));
  return [
    { world, writer },
    { world: second, writer: secondWriter },
  ];
}

/** Real witnesses that know the log. */
async function witnessesOf(world: LogWorld, count: number): Promise<Witness[]> {
  const witnesses: Witness[] = [];
  for (let i = 0; i < count; i++) {
    const directory = path.join(temporaryFolder(), 'witness');
    await Witness.create({ directory }, `witness.example/${i}`, systemRandom);
    const { clock } = world;
    const witness = await Witness.open({ directory, clock, onAlarm: (a) => world.alarms.push(a) });
    await witness.addLog(world.author.logVkey);
    witnesses.push(witness);
  }
  return witnesses;
}

/** Publishes the head of a history with every line that these witnesses are willing to give. @returns how many */
async function cosigned(
  { world, writer }: { world: LogWorld; writer: Writer },
  witnesses: readonly Witness[],
): Promise<number> {
  const { note, size } = writer.ledger.head;
  const lines: string[] = [];
  for (const witness of witnesses) {
    for (const oldSize of [0, size]) {
      const answer = await witness.addCheckpoint({ oldSize, proof: [], checkpoint: note });
      if (answer.kind === 'cosigned') lines.push(answer.line);
    }
  }
  const distinct = [...new Map(lines.map((line) => [line.split(' ')[1], line])).values()];
  await world.plant('checkpoint', utf8(withLines(note, distinct)));
  return distinct.length;
}

move(
  {
    id: 'A07',
    title: 'show two readers two histories of the same size, with the log key in hand',
    by: 'a majority of witnesses cosigns one history only; whoever has seen one refuses the other, with evidence',
    codes: ['SPLIT_VIEW', 'WITNESS_QUORUM', 'RECEIPT_INVALID'],
  },
  () => {
    it('fails before a newcomer who demands two of three witnesses: no second history gets two', async () => {
      const [first, second] = await twoHistories();
      const witnesses = await witnessesOf(first!.world, 3);
      const vkeys = witnesses.map(({ vkey }) => vkey);
      const newcomer = ({ world }: { world: LogWorld }): MemoryTrust =>
        new MemoryTrust({ ...world.trustFile(), witnesses: { vkeys, k: 2 } });
      // Without lines of witnesses neither history is believed.
      for (const history of [first!, second!]) {
        refused(await codeRejectedBy(history.world.open({ trust: newcomer(history) })));
      }
      expect(await cosigned(first!, witnesses.slice(0, 2))).toBe(2);
      await first!.world.open({ trust: newcomer(first!) });
      expect(await cosigned(second!, witnesses)).toBe(1);
      refused(await codeRejectedBy(second!.world.open({ trust: newcomer(second!) })));
      expect(first!.world.alarms.map(({ code }) => code)).toContain('SPLIT_VIEW');
    });

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

    onEachVault((target) => {
      it('halts the reader, who keeps both signed heads as evidence', async () => {
        const world = await target.copy();
        const other = await world.copy();
        world.clock.seconds += 1;
        await publishAsLogHolder(world, () => Promise.resolve([]));
        await publishAsLogHolder(other, () => Promise.resolve([]));
        const reader = await world.open();
        await search(reader, 'ada', 'leave');
        const ours = reader.session.ledger.head.note;
        const log = path.join('store', 'log');
        await rm(path.join(world.vault, log), { recursive: true });
        await cp(path.join(other.vault, log), path.join(world.vault, log), { recursive: true });
        const code = await codeRejectedBy(search(reader, 'ada', 'leave'));
        expect(code).toBe('SPLIT_VIEW');
        refused(code);
        const { vaultId } = reader.session.context.config;
        reader.close();
        expectAudited(await eventsOf(world), ['SPLIT_VIEW']);
        const folder = path.join(world.home, 'evidence', vaultId);
        const [file] = await readdir(folder);
        const evidence = JSON.parse(await readFile(path.join(folder, file!), 'utf8')) as {
          seen: { size: number; root: string; note: string };
          found: { size: number; root: string; note: string };
        };
        expect(evidence.seen.note).toBe(ours);
        expect(evidence.found.size).toBe(evidence.seen.size);
        expect(evidence.found.root).not.toBe(evidence.seen.root);
      });
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

    it('is not seen by a newcomer who demands no witness: the threat model says so', async () => {
      for (const { world, writer } of await twoHistories()) {
        const newcomer = await world.open();
        expect(hex(newcomer.ledger.head.root)).toBe(hex(writer.ledger.head.root));
        tried();
      }
    });
  },
);
