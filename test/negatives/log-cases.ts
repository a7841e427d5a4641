// SPDX-License-Identifier: Apache-2.0
// Logs that are each wrong in one way, made from a sound one of two batches.
import { base64, fromUtf8, logOrigin, utf8 } from '../../src/core/index.ts';
import { checkpointText, signCheckpoint } from '../../src/provenance/checkpoint.ts';
import { type NoteKey, parseVkey, signatureLine } from '../../src/provenance/note.ts';
import { encodeBundle } from '../../src/provenance/tiles.ts';
import { LogAuthor } from '../support/log-author.ts';
import { LogWorld } from '../support/log-world.ts';
import { flipBit } from '../support/tampering.ts';
import type { FaultyFolder } from './suite.ts';

type Files = Readonly<Record<string, Uint8Array>>;

/** A sound log with what a verifier trusts, and the logs made from it. */
export interface NegativeLogs {
  readonly author: LogAuthor;
  readonly golden: Files;
  /** The checkpoint that the verifier has seen. */
  readonly seen: string;
  readonly cases: readonly FaultyFolder[];
}

/** Makes the sound log and every wrong one; the same bytes on every machine. */
export async function makeLogs(): Promise<NegativeLogs> {
  const author = new LogAuthor('negative logs');
  const [world, writer] = await LogWorld.founded(author);
  const { ledger, sequencer } = writer;
  const seen = ledger.head;
  const before = await filesOf(world);
  await sequencer.commit([await author.ingest('a'), await author.ingest('b')]);
  const golden = await published(world, ledger.head.size);
  const entries = await world.entries(ledger.head);
  const { size } = ledger.head;
  const [tile, bundle] = [`tile/0/000.p/${size}`, `tile/entries/000.p/${size}`];
  const key = parseVkey(author.logVkey)!;
  const cases: FaultyFolder[] = [];
  const add = (
    name: string,
    code: string,
    changed: Files,
    without: readonly string[] = [],
  ): void => {
    const kept = Object.entries({ ...golden, ...changed }).filter(
      ([file]) => !without.includes(file),
    );
    cases.push({ name, code, files: Object.fromEntries(kept) });
  };
  const bundled = (list: readonly Uint8Array[]): Files => ({ [bundle]: encodeBundle(list) });
  const at = (index: number): Uint8Array => entries[index] ?? new Uint8Array(0);

  add('entry-bit-flipped', 'PROOF_INVALID', bundled(entries.with(3, flipBit(at(3), 99))));
  add('entries-swapped', 'PROOF_INVALID', bundled(entries.with(3, at(4)).with(4, at(3))));
  add('entry-repeated', 'PROOF_INVALID', bundled(entries.with(4, at(3))));
  add('entry-missing', 'LOG_TRUNCATED', bundled(entries.slice(0, -1)));
  add('entry-empty', 'PROOF_INVALID', bundled(entries.with(5, new Uint8Array(0))));
  const bytes = golden[bundle]!;
  add('bundle-cut-short', 'LOG_TRUNCATED', { [bundle]: bytes.subarray(0, -1) });
  add('bundle-with-bytes-left-over', 'LOG_TRUNCATED', {
    [bundle]: Buffer.concat([bytes, utf8('x')]),
  });
  add('bundle-absent', 'LOG_TRUNCATED', {}, [bundle]);
  add('tile-bit-flipped', 'PROOF_INVALID', { [tile]: flipBit(golden[tile]!, 2) });
  const last = golden[tile]!.length * 8 - 1;
  add('tile-end-altered', 'PROOF_INVALID', { [tile]: flipBit(golden[tile]!, last) });
  add('tile-cut-short', 'LOG_TRUNCATED', { [tile]: golden[tile]!.subarray(0, -32) });
  add('tile-absent', 'LOG_TRUNCATED', {}, [tile]);

  const checkpoint = (note: string): Files => ({ checkpoint: utf8(note) });
  const signed = (
    head: { size: number; root: Uint8Array },
    by = 'log',
    of = key,
  ): Promise<string> =>
    signCheckpoint(author.log, head, of, (text) => author.signer(by).sign(text));
  const { head } = ledger;
  const invalid = 'CHECKPOINT_INVALID';
  add(
    'checkpoint-root-altered',
    invalid,
    checkpoint(head.note.replace(base64(head.root), base64(new Uint8Array(32)))),
  );
  add(
    'checkpoint-size-altered',
    invalid,
    checkpoint(head.note.replace(`\n${size}\n`, `\n${size - 1}\n`)),
  );
  add('checkpoint-by-another-key', invalid, checkpoint(await signed(head, 'acl')));
  const stranger = parseVkey(author.logVkeyOf('stranger'))!;
  add('checkpoint-by-a-stranger', invalid, checkpoint(await signed(head, 'stranger', stranger)));
  add(
    'checkpoint-unsigned',
    'FORMAT_INVALID',
    checkpoint(`${head.note.split('\n\n')[0] ?? ''}\n\n`),
  );
  add('checkpoint-of-another-log', invalid, checkpoint(await foreign(author, head, key)));
  add('checkpoint-absent', 'LOG_TRUNCATED', {}, ['checkpoint']);
  const root = new Uint8Array(32).fill(7);
  add('history-of-another-root', 'PROOF_INVALID', checkpoint(await signed({ size, root })));
  add('history-given-up', 'ROLLBACK', await rolledBack(world, before, author, key));
  add('history-rewritten', 'SPLIT_VIEW', await rewritten(author, entries));
  return { author, golden, seen: seen.note, cases };
}

/** The files of the log that a checkpoint covers: nothing that is only there for readers who come from before. */
async function published(world: LogWorld, size: number): Promise<Files> {
  const wanted = ['checkpoint', `tile/0/000.p/${size}`, `tile/entries/000.p/${size}`];
  const all = await filesOf(world);
  return Object.fromEntries(wanted.map((file) => [file, all[file] ?? new Uint8Array(0)]));
}

async function filesOf(world: LogWorld): Promise<Files> {
  const files: Record<string, Uint8Array> = {};
  for (const file of await world.paths())
    files[file] = (await world.bytes(file)) ?? new Uint8Array(0);
  return files;
}

/** The text of a head under another origin, signed by the real key. */
async function foreign(
  author: LogAuthor,
  head: { size: number; root: Uint8Array },
  key: NoteKey,
): Promise<string> {
  const text = checkpointText(logOrigin('ab'.repeat(16), 'acme'), head);
  return `${text}\n${signatureLine(key, await author.signer('log').sign(utf8(text)))}`;
}

/** An honest log of the same key that ends before what the verifier has seen. */
async function rolledBack(
  world: LogWorld,
  before: Files,
  author: LogAuthor,
  key: NoteKey,
): Promise<Files> {
  const fork = new LogWorld(author);
  const [, size = ''] = fromUtf8(before['checkpoint']!).split('\n');
  const entries = (await world.entries({ ...(await opened(before)), size: Number(size) })).slice(
    0,
    5,
  );
  const head = await fork.forge(entries);
  const note = await signCheckpoint(author.log, head, key, (text) =>
    author.signer('log').sign(text),
  );
  return { ...(await published(fork, head.size)), checkpoint: utf8(note) };
}

async function opened(
  files: Files,
): Promise<{ origin: string; size: number; root: Uint8Array; note: string }> {
  const note = fromUtf8(files['checkpoint']!);
  const [origin = '', size = '', root = ''] = note.split('\n');
  return Promise.resolve({ origin, size: Number(size), root: Buffer.from(root, 'base64'), note });
}

/** Another history by the same log key, longer than what the verifier has seen. */
async function rewritten(author: LogAuthor, entries: readonly Uint8Array[]): Promise<Files> {
  const fork = new LogWorld(author);
  const head = await fork.forge([
    ...entries.slice(0, 3),
    ...entries.slice(4),
    await author.ingest('c'),
  ]);
  return published(fork, head.size);
}
