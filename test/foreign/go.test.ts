// SPDX-License-Identifier: Apache-2.0
// Our log before verifiers that share no code with us: torchwood, x/mod and transparency-dev, built from tools/verifiers.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { base64, utf8 } from '../../src/core/index.ts';
import { openCheckpoint } from '../../src/provenance/checkpoint.ts';
import { verifyCosignatures, witnessKeys } from '../../src/provenance/cosignature.ts';
import type { Hash } from '../../src/provenance/merkle.ts';
import { parseNote } from '../../src/provenance/note.ts';
import { tlogProof } from '../../src/provenance/tlog-proof.ts';
import { FileStore } from '../../src/store/file-store.ts';
import { Cosigner } from '../support/cosigners.ts';
import { type Answer, goTools, reasonOf, tesseraTools } from '../support/foreign-tools.ts';
import { LogAuthor } from '../support/log-author.ts';
import { LogWorld, type Writer } from '../support/log-world.ts';
import { flipBit } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const tools = goTools();
if (tools.missing !== null) console.warn(`Go verifiers skipped: ${tools.missing}`);

const author = new LogAuthor('foreign');
const PROVEN = 257;
const root = mkdtempSync(path.join(tmpdir(), 'strongroom-go-'));
const at = (...names: string[]): string => path.join(root, ...names);
const LOG = at('store/log/acme');
let older = '';

/** Appends class records until the log has at least this many entries. */
async function growTo(writer: Writer, size: number): Promise<void> {
  while (writer.ledger.head.size < size) {
    const from = writer.ledger.head.size;
    const n = Math.min(63, size - from - 1);
    const entries = Array.from({ length: n }, (_, i) => author.acl(`class ${from + i}`));
    await writer.sequencer.commit(await Promise.all(entries));
  }
}

const json = (name: string, value: unknown): void => writeFileSync(at(name), JSON.stringify(value));
const consistency = (m: number, n: number, proof: readonly Hash[]): object => ({
  m,
  n,
  proof: proof.map(base64),
});
const run = (program: string, args: readonly string[]): Answer => {
  if (tools.run === null) throw new Error(tools.missing);
  return tools.run(program, args);
};
const verify = (...args: string[]): string => run('verify-log', args).stdout.trim();
const witness = (...args: string[]): Answer => run('test-witness', args);

beforeAll(async () => {
  if (tools.run === null) return;
  const [world, writer] = await LogWorld.founded(author, new FileStore(at('store')));
  await growTo(writer, 300);
  older = writer.ledger.head.note;
  writeFileSync(at('old'), older);
  const oldSize = writer.ledger.head.size;
  await growTo(writer, 700);
  const { head, reader } = writer.ledger;
  json(
    'consistency.json',
    consistency(oldSize, head.size, await reader.consistencyProof(oldSize, head.size)),
  );
  const proof = await reader.inclusionProof(PROVEN, head.size);
  writeFileSync(at('entry'), (await world.entries(head))[PROVEN] ?? utf8(''));
  writeFileSync(at('entry.tlog-proof'), tlogProof({ index: PROVEN, proof, checkpoint: head.note }));
  json('keys.json', { origin: author.log, log: author.logVkey, quorum: 0 });
  // Two witnesses cosign the newest checkpoint, one after the other.
  const keys = at('keys.json');
  const first = witness(
    '-keys',
    keys,
    '-seed',
    at('w1'),
    '-new',
    path.join(LOG, 'checkpoint'),
    '-out',
    at('one'),
  );
  const name = ['-name', 'witness.example/two'];
  const second = witness(
    '-keys',
    keys,
    '-seed',
    at('w2'),
    ...name,
    '-new',
    at('one'),
    '-out',
    at('both'),
  );
  const witnesses = [first, second].map(({ stderr }) => stderr.trim().replace('witness ', ''));
  json('witnessed.json', { origin: author.log, log: author.logVkey, witnesses, quorum: 2 });
}, 120_000);

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

/** A copy of the log folder in which one file was changed. */
function tampered(file: string, change: (bytes: Uint8Array) => Uint8Array): string {
  const copy = temporaryFolder();
  cpSync(LOG, copy, { recursive: true });
  const target = path.join(copy, file);
  writeFileSync(target, change(readFileSync(target)));
  return copy;
}

const flipped = (bytes: Uint8Array): Uint8Array => flipBit(bytes, bytes.length * 4);

describe.skipIf(tools.missing !== null)(`verify-log${reasonOf(tools)}`, () => {
  it('accepts our log of 700 entries with a proof of one and the step from 300', () => {
    const proof = ['-proof', `${at('entry')}=${at('entry.tlog-proof')}`];
    const old = ['-old', at('old'), '-consistency', at('consistency.json')];
    expect(verify('-keys', at('keys.json'), '-log', LOG, ...proof, ...old)).toBe(
      `GO OK origin=${author.log} size=700 entries=700 consistency 300->700=ok proof(entry)=ok`,
    );
  });

  it('accepts our checkpoint with the cosignatures of two witnesses, and so do we', async () => {
    const args = ['-log', LOG, '-checkpoint', at('both')];
    expect(verify('-keys', at('witnessed.json'), ...args)).toMatch(
      /^GO OK .* size=700 entries=700$/,
    );
    const both = readFileSync(at('both'));
    const { log, logKey } = await new LogWorld(author).readTrust();
    expect(openCheckpoint(both, log, logKey)).toMatchObject({ size: 700, note: both.toString() });
    const { witnesses } = JSON.parse(readFileSync(at('witnessed.json'), 'utf8')) as {
      witnesses: string[];
    };
    const cosigned = verifyCosignatures(parseNote(both), witnessKeys(witnesses));
    expect(cosigned.map(({ key }) => key.name)).toEqual([
      'witness.example/go',
      'witness.example/two',
    ]);
  });

  it('accepts the cosignature of our witness beside one of its own, and misses it when it is gone', async () => {
    const ours = new Cosigner('witness.example/ours');
    const one = readFileSync(at('one'), 'utf8');
    writeFileSync(at('mixed'), await ours.onto(one, 1_800_000_000));
    const { witnesses } = JSON.parse(readFileSync(at('witnessed.json'), 'utf8')) as {
      witnesses: string[];
    };
    const keys = { origin: author.log, log: author.logVkey, quorum: 2 };
    json('mixed.json', { ...keys, witnesses: [witnesses[0], ours.vkey] });
    const args = (checkpoint: string): string[] => ['-log', LOG, '-checkpoint', at(checkpoint)];
    expect(verify('-keys', at('mixed.json'), ...args('mixed'))).toMatch(/^GO OK .* size=700/);
    expect(verify('-keys', at('mixed.json'), ...args('one'))).toMatch(/^FAIL/);
  });

  it.each([
    ['one bit of an entry bundle', 'tile/entries/001', /^FAIL .*mismatch/],
    ['one bit of a partial bundle', 'tile/entries/002.p/188', /^FAIL/],
    ['one bit of a level-0 tile', 'tile/0/001', /^FAIL .*inconsistent tile/],
    ['one bit of the top tile', 'tile/1/000.p/2', /^FAIL/],
    ['one bit of the checkpoint', 'checkpoint', /^FAIL/],
  ])('refuses %s', (_name, file, answer) => {
    expect(verify('-keys', at('keys.json'), '-log', tampered(file, flipped))).toMatch(answer);
  });

  it('refuses an older checkpoint, by name when it is told of a newer one', () => {
    const rolled = tampered('checkpoint', () => utf8(older));
    expect(verify('-keys', at('keys.json'), '-log', rolled)).toMatch(/^FAIL/);
    const newest = path.join(LOG, 'checkpoint');
    const old = ['-old', newest, '-consistency', at('consistency.json')];
    expect(verify('-keys', at('keys.json'), '-log', rolled, ...old)).toBe(
      'FAIL rollback: 700 -> 300',
    );
  });

  it('refuses a wrong entry, a wrong proof and an altered consistency proof', () => {
    writeFileSync(at('other'), flipped(readFileSync(at('entry'))));
    const wrong = ['-proof', `${at('other')}=${at('entry.tlog-proof')}`];
    expect(verify('-keys', at('keys.json'), '-log', LOG, ...wrong)).toMatch(/^FAIL/);
    const shifted = readFileSync(at('entry.tlog-proof'), 'utf8').replace(
      `index ${PROVEN}`,
      'index 256',
    );
    writeFileSync(at('shifted'), shifted);
    const place = ['-proof', `${at('entry')}=${at('shifted')}`];
    expect(verify('-keys', at('keys.json'), '-log', LOG, ...place)).toMatch(/^FAIL/);
    const right = JSON.parse(readFileSync(at('consistency.json'), 'utf8')) as { proof: string[] };
    json('altered.json', { ...right, proof: right.proof.toReversed() });
    const old = ['-old', at('old'), '-consistency', at('altered.json')];
    expect(verify('-keys', at('keys.json'), '-log', LOG, ...old)).toMatch(/^FAIL not consistent/);
  });

  it('refuses missing witnesses, another origin, a witness twice and no word on witnesses', () => {
    const keys = JSON.parse(readFileSync(at('witnessed.json'), 'utf8')) as { witnesses: string[] };
    const both = ['-log', LOG, '-checkpoint', at('both')];
    expect(verify('-keys', at('witnessed.json'), '-log', LOG)).toMatch(/^FAIL .*policy/);
    expect(verify('-keys', at('witnessed.json'), '-log', LOG, '-checkpoint', at('one'))).toMatch(
      /^FAIL .*policy/,
    );
    json('origin.json', { ...keys, origin: 'elsewhere/acme' });
    expect(verify('-keys', at('origin.json'), ...both)).toMatch(/^FAIL/);
    const [witnessKey] = keys.witnesses as [string];
    json('twice.json', { ...keys, witnesses: [witnessKey, witnessKey] });
    expect(verify('-keys', at('twice.json'), ...both)).toBe(
      'FAIL the same witness key is listed twice',
    );
    json('silent.json', { origin: author.log, log: author.logVkey });
    expect(verify('-keys', at('silent.json'), ...both)).toMatch(/^FAIL no witness configured/);
  });
});

describe.skipIf(tools.missing !== null)(`test-witness${reasonOf(tools)}`, () => {
  const ask = (...args: string[]): Answer =>
    witness('-keys', at('keys.json'), '-seed', at('w1'), ...args);
  const newest = path.join(LOG, 'checkpoint');

  it('cosigns a checkpoint that continues the last one, and keeps other lines', () => {
    const answer = ask('-old', at('old'), '-new', newest, '-consistency', at('consistency.json'));
    expect(answer.status).toBe(0);
    expect(answer.stdout.startsWith(readFileSync(newest, 'utf8'))).toBe(true);
    expect(readFileSync(at('both'), 'utf8').split('\u2014 ')).toHaveLength(4);
  });

  it('refuses a rollback, an altered proof and a split view', async () => {
    const back = ask('-old', newest, '-new', at('old'), '-consistency', at('consistency.json'));
    expect(back).toMatchObject({ status: 1, stdout: '' });
    expect(back.stderr).toMatch(/REFUSED rollback 700 -> 300/);
    const right = JSON.parse(readFileSync(at('consistency.json'), 'utf8')) as { proof: string[] };
    json('bent.json', { ...right, proof: right.proof.toReversed() });
    expect(ask('-old', at('old'), '-new', newest, '-consistency', at('bent.json')).stderr).toMatch(
      /REFUSED/,
    );
    const fork = new LogWorld(author);
    await fork.forge(Array.from({ length: 700 }, (_, i) => utf8(`entry ${i}`)));
    writeFileSync(at('fork'), (await fork.bytes('checkpoint')) ?? utf8(''));
    const split = ask('-old', newest, '-new', at('fork'), '-consistency', at('consistency.json'));
    expect(split.stderr).toMatch(/REFUSED split view: two roots for size 700/);
  });
});

const tessera = tesseraTools();

describe.skipIf(tessera.missing !== null || tools.missing !== null)(
  `fsck of tessera${reasonOf(tessera)}`,
  () => {
    it('accepts our log of 700 entries', () => {
      if (tessera.run === null) throw new Error(tessera.missing);
      writeFileSync(at('log.pub'), author.logVkey);
      const args = ['-storage_url', `file://${LOG}/`, '-public_key', at('log.pub'), '-ui=false'];
      // It tries a log that it cannot read again and again.
      const { stderr } = tessera.run('fsck', args, 60_000);
      expect(stderr).toContain("Successfully fsck'd log with size 700");
      expect(stderr).not.toContain('fsck failed');
    });
  },
);
