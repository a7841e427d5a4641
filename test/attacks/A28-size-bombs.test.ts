// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { base64, concat, jcsBytes, parseJcs, utf8 } from '../../src/core/index.ts';
import {
  checkpointText,
  openCheckpoint,
  parseEnvelope,
  parseNote,
  parseReceipt,
  parseVkey,
  signatureLine,
  signEnvelope,
} from '../../src/provenance/index.ts';
import { signCheckpoint } from '../../src/provenance/checkpoint.ts';
import { decodeStaging, encodeStaging } from '../../src/provenance/staging.ts';
import { LyingStore } from '../support/insider.ts';
import { LogAuthor } from '../support/log-author.ts';
import { LogWorld } from '../support/log-world.ts';
import { move, refused, tried } from '../support/move.ts';
import { edited, ReceiptAuthor, receiptBytes } from '../support/receipt-author.ts';
import { codeRejectedBy, codeThrownBy } from '../support/tampering.ts';

/** How often `work` looks at an element of the array that it is given. */
function touches(length: number, work: (bytes: Uint8Array) => unknown): number {
  let count = 0;
  const bytes = new Proxy(new Uint8Array(length), {
    get: (target, name) => {
      count += 1;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  try {
    work(bytes);
  } catch {
    // Whatever it says, it must have said it early.
  }
  return count;
}

move(
  {
    id: 'A28',
    title: 'send bombs: huge notes, proofs, entries, sizes and nesting',
    by: 'hard caps that are checked before anything is read in proportion',
    codes: ['FORMAT_INVALID', 'RECEIPT_INVALID', 'LOG_TRUNCATED', 'ENTRY_TOO_LARGE'],
  },
  () => {
    it('refuses by length alone, whatever the length: the work does not grow with it', () => {
      const parsers: ((bytes: Uint8Array) => unknown)[] = [parseNote, parseEnvelope, parseReceipt];
      for (const parse of parsers) {
        const [some, more] = [touches(17 * 2 ** 20, parse), touches(64 * 2 ** 20, parse)];
        expect(more).toBe(some);
        expect(some).toBeLessThan(8);
        tried(2);
      }
    });

    it('refuses a note over 64 KiB, or with more than 16 signature lines, or a million of them', () => {
      const author = new LogAuthor();
      const logKey = parseVkey(author.logVkey)!;
      const { log } = author;
      const text = checkpointText(log, { size: 1, root: new Uint8Array(32) });
      const line = signatureLine(logKey, new Uint8Array(64));
      const note = (lines: number): Uint8Array => utf8(`${text}\n${line.repeat(lines)}`);
      expect(parseNote(note(16)).signatures).toHaveLength(16);
      for (const lines of [17, 500, 100_000]) {
        refused(codeThrownBy(() => parseNote(note(lines))));
      }
      const padded = utf8(`${'x'.repeat(64 * 1024)}\n\n${line}`);
      refused(codeThrownBy(() => parseNote(padded)));
    });

    it('refuses checkpoint sizes that are no safe integer, and reads little for one that only is large', async () => {
      const [world, writer] = await LogWorld.founded();
      const { log, logKey } = writer.ledger.trust;
      for (const size of ['1152921504606846976', '9007199254740993', '1e9', '-1', '01', '']) {
        const text = `${log}\n${size}\n${base64(new Uint8Array(32))}\n`;
        const signature = await world.author.signer('log').sign(utf8(text));
        const note = utf8(`${text}\n${signatureLine(logKey, signature)}`);
        refused(codeThrownBy(() => openCheckpoint(note, log, logKey)));
      }
      const reads: number[] = [];
      for (const size of [2 ** 20, 2 ** 40, 2 ** 53 - 1]) {
        const head = { size, root: new Uint8Array(32) };
        const note = await signCheckpoint(log, head, logKey, (text) =>
          world.author.signer('log').sign(text),
        );
        const lying = new LyingStore(world.store);
        lying.lies.set(`${LogWorld.prefix}checkpoint`, utf8(note));
        const victim = new LogWorld(world.author, lying);
        victim.clock.seconds = world.clock.seconds;
        refused(await codeRejectedBy(victim.open()));
        reads.push(lying.reads.length);
      }
      // The log has a dozen entries: what is read depends on them and not on the size that is claimed.
      expect(new Set(reads).size).toBe(1);
      expect(reads[0]).toBeLessThan(10);
    });

    it('refuses proofs of more than 63 hashes, state proofs of more than 256 steps', async () => {
      const receipts = await ReceiptAuthor.founded();
      const receipt = await receipts.receipt();
      parseReceipt(receiptBytes(receipt));
      const hash = 'a'.repeat(64);
      for (const count of [64, 100, 100_000]) {
        const proof = Array<string>(count).fill(hash);
        const path = Array.from({ length: count * 5 }, (_, i): [number, string] => [i % 256, hash]);
        for (const bomb of [
          edited(receipt, (copy) => void (copy.passages[0]!.proof = proof)),
          edited(receipt, (copy) => void (copy.passages[0]!.chunk.proof = proof)),
          edited(receipt, (copy) => void (copy.state.proof = proof)),
          edited(receipt, (copy) => void (copy.keys[0]!.delegate.proof = proof)),
          edited(receipt, (copy) => void (copy.consistency = { size: 1, proof })),
          edited(receipt, (copy) => void (copy.passages[0]!.stateProof.path = path)),
          edited(receipt, (copy) => void (copy.keys[0]!.stateProof.path = path)),
        ]) {
          refused(codeThrownBy(() => parseReceipt(receiptBytes(bomb))));
        }
      }
    });

    it('refuses JSON that is nested more than 16 levels, at any depth', () => {
      const nested = (depth: number): Uint8Array => utf8('['.repeat(depth) + ']'.repeat(depth));
      parseJcs(nested(17));
      for (const depth of [18, 100, 10_000, 1_000_000]) {
        expect([depth, codeThrownBy(() => parseJcs(nested(depth)))]).toEqual([
          depth,
          'FORMAT_INVALID',
        ]);
        refused('FORMAT_INVALID');
      }
      const objects = utf8('{"a":'.repeat(5000) + '1' + '}'.repeat(5000));
      refused(codeThrownBy(() => parseJcs(objects)));
    });

    it('refuses entries over 8,192 bytes, whoever writes them and however they compress', async () => {
      const author = new LogAuthor();
      for (const length of [8192, 65_535, 10 ** 6]) {
        const entry = await signEnvelope(jcsBytes('a'.repeat(length)), author.signer('ingest'));
        expect(entry.length).toBeGreaterThan(8192);
        expect(parseEnvelope(entry)).toBeNull();
        tried();
      }
      const [, writer] = await LogWorld.founded();
      const [outcome] = await writer.sequencer.commit([new Uint8Array(65_535).fill(0x20)]);
      expect(outcome).toEqual({ outcome: 'refused', reason: 'FORMAT' });
      const spki = base64(new Uint8Array(9000));
      const work = author.delegate('huge', 'ingest', { spki });
      refused(await codeRejectedBy(work));
    });

    it('refuses lengths that a staged batch does not have', () => {
      const whole = encodeStaging([utf8('a'), utf8('b')]);
      for (const length of [0xffffffff, 0x7fffffff, 100]) {
        const bomb = Uint8Array.from(whole);
        new DataView(bomb.buffer).setUint32(whole.length - 5, length);
        refused(codeThrownBy(() => decodeStaging(bomb)));
      }
      refused(codeThrownBy(() => decodeStaging(concat(whole, new Uint8Array(3)))));
    });
  },
);
