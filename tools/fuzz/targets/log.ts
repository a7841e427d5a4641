// SPDX-License-Identifier: Apache-2.0
// What a log consists of: notes, envelopes, statements, bundles, staged batches.
import { concat, jcsBytes, lp, parseJcs, utf8 } from '../../../src/core/index.ts';
import { apply } from '../../../src/provenance/apply.ts';
import { openCheckpoint } from '../../../src/provenance/checkpoint.ts';
import { parseEnvelope, PAYLOAD_TYPE, signEnvelope } from '../../../src/provenance/dsse.ts';
import {
  type NoteKey,
  parseNote,
  parseVkey,
  signatureLine,
  verifyNote,
  vkeyOf,
} from '../../../src/provenance/note.ts';
import {
  parsePublicKey,
  parsePublicKeyBase64,
  verifySignature,
} from '../../../src/provenance/public-key.ts';
import { ROLE_KINDS, ROLES, type StatementKind } from '../../../src/provenance/roles.ts';
import { INITIAL_STATE } from '../../../src/provenance/state.ts';
import { decodeStaging, encodeStaging, stagedSize } from '../../../src/provenance/staging.ts';
import { checkStatement, kindSubject, parseStatement } from '../../../src/provenance/statement.ts';
import { decodeBundle, encodeBundle } from '../../../src/provenance/tiles.ts';
import { LogAuthor } from '../../../test/support/log-author.ts';
import { Replica } from '../../../test/support/replica.ts';
import type { Target } from '../engine.ts';
import { promise, promiseSame, target, textOf } from './shared.ts';

const author = new LogAuthor('fuzz');
const replica = await Replica.founded(author);
await replica.ingest('a');
await replica.ingest('b');
replica.accept(await author.tombstone('b', replica.doc('b')));
replica.accept(await author.list('directory', 1));
replica.accept(await author.list('config', 1));
replica.accept(await author.snapshot(5));
await replica.seal();
const { entries } = replica;
const payloads = entries.flatMap((entry) => parseEnvelope(entry)?.payload ?? []);

const logKey = parseVkey(author.logVkey) as NoteKey;
const log = author.signer('log');
const root = Buffer.alloc(32, 7).toString('base64');
const checkpoint = `${author.log}\n12\n${root}\n`;
const note = async (text: string): Promise<string> =>
  `${text}\n${signatureLine(logKey, await log.sign(utf8(text)))}`;
const signed = await note(checkpoint);

/** Fresh state for every entry: `apply` is pure. */
const { state, next } = replica;

export const logTargets: readonly Target[] = [
  target('jcs', {
    form: 'json',
    seeds: [utf8('{"a":[1,true,null,"x"],"b":{}}'), utf8('"text"'), ...entries.slice(0, 1)],
    run: (input) => promiseSame(jcsBytes(parseJcs(input)), input),
  }),
  target('note', {
    form: 'text',
    seeds: [signed, `${await note('text\n')}\u2014 witness.example/w AAAAAAAA\n`].map(utf8),
    tokens: ['\u2014 ', '\n\n', signed.split('\n\n')[1] ?? ''],
    run: (input) => {
      const { text, signatures } = parseNote(input);
      promise(text.endsWith('\n') && signatures.length <= 16, 'a note has text and up to 16 lines');

      promise(!/[\u0000-\u0009\u000b-\u001f]/.test(text), 'a note holds no control characters');
      verifyNote({ text, signatures }, [logKey]);
    },
  }),
  target('vkey', {
    form: 'text',
    seeds: [utf8(author.logVkey), utf8(vkeyOf('witness.example/w', log.rawPublicKey))],
    run: (input) => {
      const key = parseVkey(textOf(input));
      if (key !== null) promise(!/[+\s]/.test(key.name), 'a key name holds neither plus nor space');
    },
  }),
  target('checkpoint', {
    form: 'text',
    seeds: [utf8(checkpoint), utf8(checkpoint.replace('12', '0')), utf8(`+${signed}`)],
    tokens: [author.log, root, '\n12\n'],
    run: async (input) => {
      const text = textOf(input);
      // With a plus in front it is a whole note; else a text that the real log key signs, to get past the signature.
      const whole = text.startsWith('+') ? text.slice(1) : await note(text);
      const { origin, size, root: hash } = openCheckpoint(utf8(whole), author.log, logKey);
      promise(origin === author.log && hash.length === 32, 'a checkpoint is of the trusted log');
      promise(Number.isSafeInteger(size) && size >= 0, 'a checkpoint has a size');
    },
  }),
  target('public-key', {
    form: 'bytes',
    seeds: otherKeys(),
    run: (input) => {
      // A length of the key, the key, a signature.
      const length = (input[0] ?? 0) + 256 * (input[1] ?? 0);
      const spki = input.subarray(2, 2 + length);
      const key = parsePublicKey(spki);
      const again = parsePublicKeyBase64(
        Buffer.from(spki)
          .toString('base64')
          .slice(0, length * 2),
      );
      promise(again === null || again.keyid === key?.keyid, 'a key has one id');
      const holds =
        key !== null && verifySignature(key, utf8('message'), input.subarray(2 + length));
      promise(!holds, 'nobody signed the message');
    },
  }),
  target('envelope', {
    form: 'json',
    maxBytes: 12_000,
    seeds: entries.slice(0, 6),
    tokens: [PAYLOAD_TYPE],
    run: (input) => {
      const envelope = parseEnvelope(input);
      if (envelope === null) return;
      promise(input.length <= 8192, 'an entry has at most 8 KiB');
      promise(/^[0-9a-f]{64}$/.test(envelope.keyid), 'a key id is a digest');
    },
  }),
  target('statement', {
    form: 'json',
    seeds: payloads,
    run: (input) => {
      const raw = parseStatement(withSubject(input));
      const statement = raw === null ? null : checkStatement(raw);
      if (statement !== null) promise(statement.predicate.time >= 0, 'a statement has a time');
    },
  }),
  target('entry', {
    form: 'json',
    maxBytes: 8000,
    seeds: [...payloads, ...entries.slice(0, 3), author.noise()],
    tokens: ['https://strongroom.dev/attestations/future/v1'],
    run: async (input) => {
      const isEnvelope = textOf(input.subarray(0, 11)) === '{"payload":';
      const entry = isEnvelope ? input : await signedBy(signerOf(input), withSubject(input));
      const isFirst = input === entries[0] || textOf(input).includes('/genesis/v1');
      const at = isFirst || input.length % 19 === 0 ? 0 : next;
      // Keys that were used before are remembered by their leaf: now and then none was.
      const known = input.length % 5 === 0 ? { ...state, keys: copied(state.keys) } : state;
      const result = apply(author.idKey, at === 0 ? INITIAL_STATE : known, at, entry);
      promise(['applied', 'void', 'halt'].includes(result.outcome), 'an entry has an outcome');
    },
  }),
  target('bundle', {
    form: 'bytes',
    seeds: [
      concat(Uint8Array.of(3), encodeBundle(entries.slice(0, 3).map((e) => e.subarray(0, 60)))),
      concat(Uint8Array.of(0), encodeBundle([])),
      concat(Uint8Array.of(1), encodeBundle([new Uint8Array(0)])),
    ],
    run: (input) => {
      const body = input.subarray(1);
      const width = input[0] ?? 0;
      const decoded = decodeBundle(body, width);
      promise(decoded.length === width, 'a bundle has its width');
      promiseSame(encodeBundle(decoded), body);
    },
  }),
  target('staging', {
    form: 'bytes',
    seeds: [encodeStaging(entries.slice(0, 2)), encodeStaging([]), utf8('staging/12-00ff')],
    tokens: ['sr/staging/v1'],
    run: (input) => {
      const size = stagedSize(textOf(input.subarray(0, 64)));
      promise(Number.isSafeInteger(size) || size > 0, 'a staged size is a number');
      const parts = decodeStaging(input);
      promiseSame(concat(lp('sr/staging/v1'), ...parts.map((part) => lp(part))), input);
    },
  }),
];

function copied<K, V extends object>(map: ReadonlyMap<K, V>): Map<K, V> {
  return new Map([...map].map(([key, value]) => [key, { ...value }]));
}

/** The key that may sign a statement of the input's kind; for some inputs one that may not. */
function signerOf(input: Uint8Array): string {
  const kind = /attestations\/([a-z-]+)\/v1/.exec(textOf(input))?.[1];
  const roles = ROLES.filter((role) => ROLE_KINDS[role].some((each) => each === kind));
  const right = roles[input.length % Math.max(1, roles.length)] ?? 'root';
  if (input.length % 17 === 0) return 'nobody';
  return input.length % 13 === 0 ? 'ingest' : right;
}

/** A payload with the subject that its predicate demands: without it no change of a predicate gets past the schema. */
function withSubject(payload: Uint8Array): Uint8Array {
  const kind = /attestations\/([a-z-]+)\/v1/.exec(textOf(payload))?.[1];
  if (kind === 'ingest' || payload.length % 7 === 0) return payload;
  try {
    const value = JSON.parse(textOf(payload)) as { predicate: { log: string } };
    const subject = kindSubject(kind as StatementKind, value.predicate);
    return jcsBytes({ ...value, subject: [subject] });
  } catch {
    return payload;
  }
}

function signedBy(name: string, payload: Uint8Array): Promise<Uint8Array> {
  return signEnvelope(payload, author.signer(name));
}

/** Keys of every algorithm, right and wrong ones, with something like a signature behind. */
function otherKeys(): Uint8Array[] {
  const p256 = '3059301306072a8648ce3d020106082a8648ce3d03010703420004';
  const point =
    '6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296' +
    '4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5';
  const small = `302a300506032b6570032100${'00'.repeat(32)}`;
  const x25519 = `302a300506032b656e032100${'09'.padEnd(64, '0')}`;
  const mldsa = `30820532300b060960864801650304031103820521 00${'00'.repeat(1312)}`.replace(
    ' ',
    '',
  );
  const own = Buffer.from(author.signer('root').spki).toString('hex');
  const der = [
    '3006020101020101',
    '300702020080020101',
    '300702010102020001',
    '3008020100020200ff',
  ];
  const pairs = [
    ...der.map((signature) => [p256 + point, signature]),
    ...[small, x25519, own, own].map((key, i) => [key, '05'.repeat(64 + (i >> 1))]),
    [mldsa, '00'.repeat(2420)],
    [mldsa, ''],
  ] as [string, string][];
  return pairs.map(([key, signature]) => {
    const spki = Buffer.from(key, 'hex');
    const length = Uint8Array.of(spki.length & 0xff, spki.length >> 8);
    return concat(length, spki, Uint8Array.from(Buffer.from(signature, 'hex')));
  });
}
