// SPDX-License-Identifier: Apache-2.0
import { verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fromBase64, hex, jcsBytes, sha256, utf8 } from '../../src/core/index.ts';
import {
  type CosignatureTimes,
  requireWitnesses,
  verifyCosignatures,
  witnessKeys,
  withLines,
} from '../../src/provenance/cosignature.ts';
import { Ledger } from '../../src/provenance/ledger.ts';
import { parseNote, parseVkey, vkeyOf } from '../../src/provenance/note.ts';
import { parseReceipt } from '../../src/provenance/receipt.ts';
import { verifyReceipt } from '../../src/provenance/receipt-verify.ts';
import { Sequencer } from '../../src/provenance/sequencer.ts';
import { parseTrust } from '../../src/provenance/trust.ts';
import { Cosigner } from '../support/cosigners.ts';
import { LogAuthor } from '../support/log-author.ts';
import { LogWorld, MemoryTrust, type Writer } from '../support/log-world.ts';
import { ReceiptAuthor } from '../support/receipt-author.ts';
import {
  codeThrownBy,
  everyBitFlip,
  expectRefusal,
  expectRejection,
} from '../support/tampering.ts';

const NOW = 1_800_000_000;
const ONE = new Cosigner('witness.example/one');
const TWO = new Cosigner('witness.example/two');
const NOTE =
  'log.example\n3\nq83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k=\n\n\u2014 log.example AAAAAAA=\n';
const TIMES = { now: NOW, maxLead: 600, maxAge: null };

const times = (note: string, ...by: Cosigner[]): number[] =>
  verifyCosignatures(
    parseNote(utf8(note)),
    by.map(({ key }) => key),
  ).map(({ time }) => time);

describe('a cosignature', () => {
  it('is the signature of cosignature/v1 over its time and the whole text', async () => {
    const note = await ONE.onto(NOTE, NOW);
    const line = note.slice(NOTE.length).trimEnd().split(' ');
    expect(line.slice(0, 2)).toEqual(['\u2014', 'witness.example/one']);
    const bytes = fromBase64(line[2] ?? '') ?? new Uint8Array(0);
    expect(hex(bytes.subarray(4, 12))).toBe(NOW.toString(16).padStart(16, '0'));
    const raw = ONE.signer.rawPublicKey;
    const id = sha256(Buffer.concat([utf8('witness.example/one\n'), Uint8Array.of(4), raw]));
    expect(hex(bytes.subarray(0, 4))).toBe(hex(id.subarray(0, 4)));
    const message = `cosignature/v1\ntime ${NOW}\n${NOTE.slice(0, NOTE.indexOf('\n\n') + 1)}`;
    expect(verify(null, utf8(message), ONE.key.key.handle, bytes.subarray(12))).toBe(true);
    expect(times(note, ONE)).toEqual([NOW]);
  });

  it('of somebody unknown does not count and does no harm', async () => {
    expect(times(await TWO.onto(await ONE.onto(NOTE, NOW), NOW + 1), TWO)).toEqual([NOW + 1]);
    expect(times(await ONE.onto(NOTE, NOW), TWO)).toEqual([]);
  });

  it('that was altered in any bit is refused, or no longer named as that of the witness', async () => {
    const line = (await ONE.onto(NOTE, NOW)).slice(NOTE.length);
    const bytes = fromBase64(line.trimEnd().split(' ')[2] ?? '') ?? new Uint8Array(0);
    for (const flipped of everyBitFlip(bytes)) {
      const note = `${NOTE}\u2014 witness.example/one ${Buffer.from(flipped).toString('base64')}\n`;
      const namesAnother = hex(flipped.subarray(0, 4)) !== hex(bytes.subarray(0, 4));
      if (namesAnother) expect(times(note, ONE)).toEqual([]);
      else expectRefusal(() => times(note, ONE), 'SIGNATURE_INVALID');
    }
    expectRefusal(
      () =>
        times(
          `${NOTE}\u2014 witness.example/one ${Buffer.from(bytes.subarray(0, 70)).toString('base64')}\n`,
          ONE,
        ),
      'SIGNATURE_INVALID',
    );
  });

  it('does not pass for a signature of the text, nor a signature for it', () => {
    const raw = ONE.signer.rawPublicKey;
    expect(parseVkey(ONE.vkey)).toBeNull();
    expect(parseVkey(vkeyOf('a', raw), 'cosignature')).toBeNull();
    expectRefusal(() => witnessKeys([vkeyOf('a', raw)]), 'TRUST_INVALID');
  });

  it('is added to a note once', async () => {
    const line = (await ONE.onto(NOTE, NOW)).slice(NOTE.length);
    expect(withLines(withLines(NOTE, [line]), [line, line])).toBe(NOTE + line);
  });
});

describe('a quorum of witnesses', () => {
  const demand = (
    note: string,
    k: number,
    by: readonly Cosigner[],
    times: CosignatureTimes = TIMES,
  ): string | null =>
    codeThrownBy(() => requireWitnesses(note, { vkeys: by.map(({ vkey }) => vkey), k }, times));

  it('INV-WITNESS-QUORUM: refuses a head that fewer witnesses vouch for', async () => {
    const one = await ONE.onto(NOTE, NOW);
    const both = await TWO.onto(one, NOW);
    expect(demand(both, 2, [ONE, TWO])).toBeNull();
    expect(demand(one, 1, [ONE, TWO])).toBeNull();
    expect(demand(NOTE, 0, [])).toBeNull();
    expect(demand(one, 2, [ONE, TWO])).toBe('WITNESS_QUORUM');
    expect(demand(NOTE, 1, [ONE])).toBe('WITNESS_QUORUM');
    expect(demand(both, 1, [])).toBe('WITNESS_QUORUM');
  });

  it('INV-WITNESS-QUORUM: counts one key once, however often and under whatever names it signs', async () => {
    const alias = new Cosigner('witness.example/alias', 'witness.example/one');
    const note = await alias.onto(await ONE.onto(await ONE.onto(NOTE, NOW), NOW + 1), NOW);
    expect(demand(note, 2, [ONE, alias])).toBe('WITNESS_QUORUM');
    expect(times(note, ONE)).toEqual([NOW + 1]);
  });

  it('INV-WITNESS-QUORUM: does not count what is too old or lies in the future', async () => {
    const old = await ONE.onto(NOTE, NOW - 101);
    expect(demand(old, 1, [ONE], { ...TIMES, maxAge: 101 })).toBeNull();
    expect(demand(old, 1, [ONE], { ...TIMES, maxAge: 100 })).toBe('WITNESS_QUORUM');
    expect(demand(await ONE.onto(NOTE, NOW + 600), 1, [ONE])).toBeNull();
    expect(demand(await ONE.onto(NOTE, NOW + 601), 1, [ONE])).toBe('WITNESS_QUORUM');
  });
});

describe('a reader whose trust file demands a witness', () => {
  const author = new LogAuthor();
  const witnesses = { vkeys: [ONE.vkey], k: 1 };

  async function cosigned(world: LogWorld, writer: Writer): Promise<void> {
    await world.plant(
      'checkpoint',
      utf8(await ONE.onto(writer.ledger.head.note, world.clock.seconds)),
    );
  }

  it('opens and follows a cosigned log and refuses one that is not', async () => {
    const [world, writer] = await LogWorld.founded(author);
    const trust = new MemoryTrust({ ...world.trustFile(), witnesses });
    await expectRejection(world.open({ trust }), 'WITNESS_QUORUM');
    await cosigned(world, writer);
    const { ledger } = await world.open({ trust });
    await writer.sequencer.commit([await author.ingest('a')]);
    await expectRejection(ledger.refresh(), 'WITNESS_QUORUM');
    expect(ledger.lookup('doc', author.docId('a'))).toBeNull();
    await cosigned(world, writer);
    await ledger.refresh();
    expect(ledger.lookup('doc', author.docId('a'))?.version).toBe(1);
  });

  it('refuses a head whose cosignatures have become too old, though nothing else has changed', async () => {
    const [world, writer] = await LogWorld.founded(author);
    const trust = new MemoryTrust({ ...world.trustFile(), witnesses, maxAge: 1000 });
    await cosigned(world, writer);
    const { ledger } = await world.open({ trust });
    world.clock.seconds += 1001;
    await expectRejection(ledger.refresh(), 'WITNESS_QUORUM');
  });

  it('keeps the two signed heads of a split view', async () => {
    const [world, writer] = await LogWorld.founded(author);
    const conflicts: [string | undefined, string][] = [];
    const party = await world.open();
    const ledger = await Ledger.open({
      ...world.ledgerOptions(party),
      keepConflict: (seen, found) => {
        conflicts.push([seen.note, found.note]);
        return Promise.resolve();
      },
    });
    const entries = await world.entries(writer.ledger.head);
    await world.forge([...entries.slice(0, -2), ...entries.slice(-1), utf8('noise')]);
    party.reader.forget();
    await expectRejection(ledger.refresh(), 'SPLIT_VIEW');
    const forged = Buffer.from((await world.bytes('checkpoint')) ?? []).toString();
    expect(conflicts).toEqual([[writer.ledger.head.note, forged]]);
  });

  it('has its own sequencer publish nothing that it would itself refuse', async () => {
    const [world] = await LogWorld.founded(author);
    const before = await world.bytes('checkpoint');
    const party = await world.open();
    party.trust.file = { ...party.trust.file, witnesses: { vkeys: [], k: 0 } };
    const lines: string[] = [];
    const trust = new MemoryTrust({ ...world.trustFile(), witnesses });
    await world.plant(
      'checkpoint',
      utf8(await ONE.onto(Buffer.from(before ?? []).toString(), NOW)),
    );
    const ledger = await Ledger.open({ ...world.ledgerOptions(party), trust });
    const options = world.sequencerOptions(ledger);
    const silent = await Sequencer.start(options);
    await expectRejection(silent.commit([await author.ingest('a')]), 'WITNESS_QUORUM');
    const cosign = (note: string): Promise<string> => {
      lines.push(note);
      return ONE.onto(note, world.clock.seconds);
    };
    const next = await Sequencer.start({ ...options, cosign });
    expect(lines.length).toBe(1);
    expect(ledger.lookup('doc', author.docId('a'))?.version).toBe(1);
    const outcomes = await next.commit([await author.ingest('b')]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['committed']);
  });
});

describe('a receipt', () => {
  it('INV-RECEIPT-WITNESSES: is refused when fewer witnesses vouch for its head than the verifier demands', async () => {
    const receipts = await ReceiptAuthor.founded(new LogAuthor());
    const receipt = await receipts.receipt({ shown: [['a', 0]] });
    const trust = receipts.trust();
    const demanding = parseTrust(
      jcsBytes({ ...trust.file, witnesses: { vkeys: [ONE.vkey], k: 1 } }),
    );
    expect(verifyReceipt(receipt, trust).proved).toBe(true);
    expectRefusal(() => verifyReceipt(receipt, demanding), 'RECEIPT_INVALID');
    const head = await ONE.onto(receipt.head, NOW);
    const witnessed = parseReceipt(jcsBytes({ ...receipt, head }));
    expect(verifyReceipt(witnessed, demanding).proved).toBe(true);
  });
});
