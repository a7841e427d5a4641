// SPDX-License-Identifier: Apache-2.0
// A witness before logs that go on, go back, fork and lie; and the protocol by which it is asked.
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Alarm, hex, systemRandom, utf8 } from '../../src/core/index.ts';
import { verifyCosignatures, witnessKeys } from '../../src/provenance/cosignature.ts';
import { type NoteKey, parseNote, vkeyOf } from '../../src/provenance/note.ts';
import { askWitness, HttpWitness, type Unwitnessed } from '../../src/witness/client.ts';
import { witnessServer } from '../../src/witness/server.ts';
import {
  type AddCheckpoint,
  decodeAddCheckpoint,
  encodeAddCheckpoint,
} from '../../src/witness/wire.ts';
import { Witness } from '../../src/witness/witness.ts';
import { FixedClock } from '../support/fixed-clock.ts';
import { LogAuthor } from '../support/log-author.ts';
import { LogWorld, type Writer } from '../support/log-world.ts';
import { expectRefusal, expectRejection } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const NAME = 'witness.example/w';

interface Place {
  readonly directory: string;
  readonly clock: FixedClock;
  readonly alarms: Alarm[];
  open(): Promise<Witness>;
}

async function place(): Promise<Place> {
  const directory = path.join(temporaryFolder(), 'witness');
  const clock = new FixedClock();
  const alarms: Alarm[] = [];
  await Witness.create({ directory }, NAME, systemRandom);
  const onAlarm = (alarm: Alarm): void => void alarms.push(alarm);
  return { directory, clock, alarms, open: () => Witness.open({ directory, clock, onAlarm }) };
}

/** A request for the present head of a log that the witness has seen at `oldSize`. */
async function request(writer: Writer, oldSize: number): Promise<AddCheckpoint> {
  const { head, reader } = writer.ledger;
  const isProven = oldSize > 0 && oldSize < head.size;
  const proof = isProven ? await reader.consistencyProof(oldSize, head.size) : [];
  return { oldSize, proof, checkpoint: head.note };
}

const author = new LogAuthor();

async function known(): Promise<{ world: LogWorld; writer: Writer; at: Place; witness: Witness }> {
  const [world, writer] = await LogWorld.founded(author);
  const at = await place();
  const witness = await at.open();
  await witness.addLog(author.logVkey);
  return { world, writer, at, witness };
}

describe('a witness', () => {
  it('cosigns a log step by step, also after a restart', async () => {
    const { writer, at, witness } = await known();
    const first = await witness.addCheckpoint(await request(writer, 0));
    if (first.kind !== 'cosigned') throw new Error(first.kind);
    const note = parseNote(utf8(writer.ledger.head.note + first.line));
    const keys = witnessKeys([witness.vkey]);
    expect(verifyCosignatures(note, keys)).toEqual([{ key: keys[0], time: at.clock.seconds }]);
    const { size } = writer.ledger.head;
    witness.close();
    await writer.sequencer.commit([await author.ingest('a')]);
    const again = await at.open();
    expect(await again.addCheckpoint(await request(writer, 0))).toEqual({
      kind: 'other-size',
      size,
    });
    expect((await again.addCheckpoint(await request(writer, size))).kind).toBe('cosigned');
    const head = await again.head(author.log);
    expect(head === null ? null : [head.size, hex(head.root)]).toEqual([
      writer.ledger.head.size,
      hex(writer.ledger.head.root),
    ]);
    // The same head once more: nothing new, so it may be cosigned with a newer time.
    at.clock.seconds += 60;
    const renewed = await again.addCheckpoint(await request(writer, writer.ledger.head.size));
    expect(renewed.kind).toBe('cosigned');
    again.close();
  });

  it('knows a log by its next key when it is told, and forgets nothing of it', async () => {
    const { world, writer, witness } = await known();
    await witness.addCheckpoint(await request(writer, 0));
    const { head } = writer.ledger;
    const change = await author.recovery(head, head, 'log-2');
    await writer.sequencer.commit([change]);
    const next = await request(writer, head.size);
    expect(await witness.addCheckpoint(next)).toEqual({ kind: 'wrong-signature' });
    const vkey = author.logVkeyOf('log-2');
    await expectRejection(witness.addLog(vkey), 'USAGE');
    await expectRejection(witness.changeLogKey('nonsense'), 'USAGE');
    const unknown = vkeyOf('elsewhere', author.signer('log-2').rawPublicKey);
    await expectRejection(witness.changeLogKey(unknown), 'USAGE');
    await witness.changeLogKey(vkey);
    expect(await witness.addCheckpoint({ ...next, oldSize: 0 })).toEqual({
      kind: 'other-size',
      size: head.size,
    });
    expect((await witness.addCheckpoint(next)).kind).toBe('cosigned');
    expect(world.alarms).toEqual([]);
    witness.close();
  });

  it('does not go back', async () => {
    const { writer, witness } = await known();
    const old = await request(writer, 0);
    await witness.addCheckpoint(old);
    const { size } = writer.ledger.head;
    await writer.sequencer.commit([await author.ingest('a')]);
    await witness.addCheckpoint(await request(writer, size));
    const now = writer.ledger.head.size;
    expect(await witness.addCheckpoint(old)).toEqual({ kind: 'other-size', size: now });
    expect(await witness.addCheckpoint({ ...old, oldSize: size })).toEqual({
      kind: 'other-size',
      size: now,
    });
    expect(await witness.addCheckpoint({ ...old, oldSize: now })).toEqual({ kind: 'bad-request' });
  });

  it('keeps both notes as evidence when a log tells two histories', async () => {
    const { world, writer, witness, at } = await known();
    await witness.addCheckpoint(await request(writer, 0));
    const { size, note } = writer.ledger.head;
    const entries = await world.entries(writer.ledger.head);
    await world.forge([...entries.slice(0, -1), utf8('another history')]);
    const checkpoint = Buffer.from((await world.bytes('checkpoint')) ?? []).toString();
    const answer = await witness.addCheckpoint({ oldSize: size, proof: [], checkpoint });
    expect(answer).toEqual({ kind: 'conflict', size });
    expect(at.alarms.map(({ code }) => code)).toEqual(['SPLIT_VIEW']);
    const folder = path.join(at.directory, 'evidence');
    const [file = ''] = await readdir(folder);
    const evidence = await readFile(path.join(folder, file), 'utf8');
    expect(JSON.parse(evidence)).toMatchObject({ seen: { note }, found: { note: checkpoint } });
  });

  it('refuses an unknown log, a wrong signature and a made-up proof', async () => {
    const { writer, witness } = await known();
    const right = await request(writer, 0);
    const stranger = new LogAuthor('stranger');
    const [, theirs] = await LogWorld.founded(stranger);
    expect(await witness.addCheckpoint(await request(theirs, 0))).toEqual({ kind: 'unknown-log' });
    const { note } = theirs.ledger.head;
    const signed = note.split('\n').slice(3).join('\n').replaceAll(stranger.log, author.log);
    const renamed = `${right.checkpoint.split('\n').slice(0, 3).join('\n')}\n${signed}`;
    expect((await witness.addCheckpoint({ ...right, checkpoint: renamed })).kind).toBe(
      'wrong-signature',
    );
    await witness.addCheckpoint(right);
    const { size } = writer.ledger.head;
    await writer.sequencer.commit([await author.ingest('a')]);
    const next = await request(writer, size);
    const answer = await witness.addCheckpoint({ ...next, proof: next.proof.toReversed() });
    expect(answer.kind).toBe('conflict');
    expect((await witness.addCheckpoint(next)).kind).toBe('cosigned');
  });

  it('is run by one process at a time, has one key, and never starts anew from a damaged memory', async () => {
    const { witness, at, writer } = await known();
    await expectRejection(at.open(), 'VAULT_LOCKED');
    await expectRejection(Witness.create(at, NAME, systemRandom), 'USAGE');
    await expectRejection(witness.addLog('nonsense'), 'USAGE');
    await witness.addLog(author.logVkey);
    const logs = path.join(at.directory, 'logs');
    const [file = ''] = await readdir(logs);
    await writeFile(path.join(logs, file), '{"v":"sr/witness-log/v1"}');
    await expectRejection(witness.addCheckpoint(await request(writer, 0)), 'FORMAT_INVALID');
    witness.close();
    await writeFile(path.join(at.directory, 'witness.key'), '{}');
    await expectRejection(at.open(), 'KEYRING_INVALID');
    const nowhere = {
      ...at,
      directory: path.join(at.directory, 'nowhere'),
      onAlarm: () => undefined,
    };
    await expectRejection(Witness.open(nowhere), 'KEYRING_MISSING');
    await expectRejection(Witness.create(nowhere, 'two words', systemRandom), 'USAGE');
  });
});

describe('the request of a log', () => {
  it('reads back what it says', () => {
    const hash = new Uint8Array(32).fill(7);
    for (const proof of [[], [hash], Array.from({ length: 63 }, () => hash)]) {
      const asked = { oldSize: proof.length, proof, checkpoint: 'a\n\n\u2014 b AAAAAAA=\n' };
      expect(decodeAddCheckpoint(utf8(encodeAddCheckpoint(asked)))).toEqual(asked);
    }
  });

  it.each([
    '',
    'old 1',
    'old -1\n\nx',
    'old 01\n\nx',
    'old 99999999999999999\n\nx',
    'old 1\nnothing\n\nx',
    'old 1\nAAAA\n\nx',
    `old 1\n${`${'A'.repeat(43)}=\n`.repeat(64)}\nx`,
    `old 1\n\n${'x'.repeat(80_000)}`,
  ])('is refused when it is malformed: %#', (text) => {
    expectRefusal(() => decodeAddCheckpoint(utf8(text)), 'FORMAT_INVALID');
  });
});

describe('a witness behind HTTP', () => {
  async function served(witness: Witness): Promise<string> {
    const server = witnessServer(witness).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const unwitnessed = ({ ledger }: Writer, before: number): Unwitnessed => ({
    note: ledger.head.note,
    head: ledger.head,
    before,
    consistency: (oldSize) => ledger.reader.consistencyProof(oldSize, ledger.head.size),
  });

  it('agrees with the log on where to start from, and cosigns', async () => {
    const { writer, witness } = await known();
    const keys = witnessKeys([witness.vkey]);
    const client = new HttpWitness(await served(witness));
    expect((await askWitness(client, unwitnessed(writer, 0), keys)).length).toBe(1);
    await writer.sequencer.commit([await author.ingest('a')]);
    for (const before of [0, 3]) {
      const lines = await askWitness(client, unwitnessed(writer, before), keys);
      const note = parseNote(utf8(writer.ledger.head.note + lines.join('')));
      expect(verifyCosignatures(note, keys).length).toBe(1);
    }
    expect(await askWitness(client, unwitnessed(writer, 0), [])).toEqual([]);
  });

  it('tells a log that was rolled back', async () => {
    const { writer, witness } = await known();
    const client = new HttpWitness(await served(witness));
    const keys = witnessKeys([witness.vkey]);
    const before = unwitnessed(writer, 0);
    const { note, head } = { ...before, head: { ...writer.ledger.head } };
    await writer.sequencer.commit([await author.ingest('a')]);
    await askWitness(client, unwitnessed(writer, 0), keys);
    await expectRejection(askWitness(client, { ...before, note, head }, keys), 'ROLLBACK');
  });

  it('answers in the codes of the protocol', async () => {
    const { writer, witness } = await known();
    const url = await served(witness);
    const post = async (body: string, to = 'add-checkpoint'): Promise<number> =>
      (await fetch(`${url}/${to}`, { method: 'POST', body })).status;
    const right = await request(writer, 0);
    expect(await post('nonsense')).toBe(400);
    expect(await post(encodeAddCheckpoint(right), 'elsewhere')).toBe(404);
    expect(await post(encodeAddCheckpoint({ ...right, checkpoint: 'x\n1\ny\n\n' }))).toBe(404);
    expect(await post(encodeAddCheckpoint({ ...right, oldSize: 1e6 }))).toBe(400);
    expect(await post('x'.repeat(100_000))).toBe(413);
    expect((await fetch(`${url}/add-checkpoint`)).status).toBe(405);
    expect(await post(encodeAddCheckpoint({ ...right, checkpoint: `${author.log}\n` }))).toBe(403);
    expect(await post(encodeAddCheckpoint(right))).toBe(200);
    expect(await post(encodeAddCheckpoint(right))).toBe(409);
    const { size } = writer.ledger.head;
    await writer.sequencer.commit([await author.ingest('a')]);
    const unproven = { ...(await request(writer, size)), proof: [] };
    expect(await post(encodeAddCheckpoint(unproven))).toBe(422);
  });

  it('that is silent, redirects or floods is told apart from one that refuses', async () => {
    const { createServer } = await import('node:http');
    const server = createServer((asked, answer) => {
      if (asked.url?.startsWith('/flood') === true) answer.end('x'.repeat(100_000));
      else if (asked.url?.startsWith('/lie') === true) answer.end('\u2014 a b\nnonsense\n');
      else answer.writeHead(307, { location: '/flood' }).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { writer } = await known();
    const ask = (to: string, keys: readonly NoteKey[] = []): Promise<readonly string[]> =>
      askWitness(new HttpWitness(to), unwitnessed(writer, 0), keys);
    await expectRejection(ask(`${url}/flood`), 'WITNESS_UNREACHABLE');
    await expectRejection(ask(`${url}/redirect`), 'WITNESS_UNREACHABLE');
    await expectRejection(ask('http://127.0.0.1:1'), 'WITNESS_UNREACHABLE');
    expect(await ask(`${url}/lie`)).toEqual([]);
    expectRefusal(() => new HttpWitness('file:///etc/passwd'), 'CONFIG_INVALID');
  });
});
