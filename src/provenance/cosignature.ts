// SPDX-License-Identifier: Apache-2.0
// C2SP tlog-cosignature, version 1: a witness states that a checkpoint continues every one of the log it has seen before.
import { concat, equalBytes, fail, need, u64be, utf8 } from '../core/index.ts';
import type { NoteSigner } from './checkpoint.ts';
import { type NoteKey, parseNote, parseVkey, signatureLine, type SignedNote } from './note.ts';
import { verifySignature } from './public-key.ts';

const TIME_BYTES = 8;
const SIGNATURE_BYTES = 64;

/** A cosignature that holds. */
export interface Cosignature {
  readonly key: NoteKey;
  /** Unix seconds, as the witness says. */
  readonly time: number;
}

/** Whose word a head needs besides the log key's. */
export interface Witnesses {
  /** Public keys as vkey lines of the cosignature type. */
  readonly vkeys: readonly string[];
  /** How many of them, at least. */
  readonly k: number;
}

/** Limits on the times of cosignatures, in Unix seconds. */
export interface CosignatureTimes {
  readonly now: number;
  /** Seconds that a cosignature may lie ahead of `now`. */
  readonly maxLead: number;
  /** Seconds that a cosignature may be old, or null for any age. */
  readonly maxAge: number | null;
}

/** The line that a witness adds to a note: key id, time, signature over the time and the whole text. */
export async function cosign(
  text: string,
  key: NoteKey,
  sign: NoteSigner,
  time: number,
): Promise<string> {
  const signature = await sign(cosignedMessage(text, time), key);
  return signatureLine(key, concat(u64be(time), signature));
}

/**
 * The cosignatures of a note by trusted witnesses, each key once with its newest time. Lines of others are ignored, but a
 * wrong one by a trusted witness refuses the note.
 * @throws {SIGNATURE_INVALID}
 */
export function verifyCosignatures(note: SignedNote, trusted: readonly NoteKey[]): Cosignature[] {
  const found = new Map<string, Cosignature>();
  for (const line of note.signatures) {
    const known = trusted.filter((key) => key.name === line.name && equalBytes(key.id, line.id));
    if (known.length === 0) continue;
    const time = timeOf(line.signature);
    const signature = line.signature.subarray(TIME_BYTES);
    const message = time === null ? null : cosignedMessage(note.text, time);
    const key = known.find((k) => message !== null && verifySignature(k.key, message, signature));
    if (key === undefined || time === null) {
      throw fail('SIGNATURE_INVALID', 'a note carries a wrong cosignature by a trusted witness');
    }
    // One key under two names is one witness.
    const before = found.get(key.key.keyid);
    if (before === undefined || before.time < time) found.set(key.key.keyid, { key, time });
  }
  return [...found.values()];
}

/**
 * Demands that enough witnesses vouch for a head.
 * @throws {WITNESS_QUORUM} when fewer do, or too long ago, or for a time to come
 * @throws {SIGNATURE_INVALID} {@link TRUST_INVALID}
 */
export function requireWitnesses(
  note: string,
  witnesses: Witnesses,
  times: CosignatureTimes,
): void {
  if (witnesses.k > 0) requireQuorum(cosignaturesOf(note, witnesses), witnesses.k, times);
}

/** The cosignatures of a note by some witnesses. @throws {SIGNATURE_INVALID} {@link TRUST_INVALID} */
export function cosignaturesOf(note: string, { vkeys }: Witnesses): Cosignature[] {
  return verifyCosignatures(parseNote(utf8(note)), witnessKeys(vkeys));
}

/** Demands `k` cosignatures of an acceptable time. @throws {WITNESS_QUORUM} */
export function requireQuorum(
  cosignatures: readonly Cosignature[],
  k: number,
  { now, maxLead, maxAge }: CosignatureTimes,
): void {
  const counted = cosignatures.filter(
    ({ time }) => time <= now + maxLead && (maxAge === null || now - time <= maxAge),
  );
  need(
    'INV-WITNESS-QUORUM',
    counted.length >= k,
    'WITNESS_QUORUM',
    `${counted.length} of ${k} demanded witnesses vouch for the head of the log`,
    { counted: counted.length, demanded: k },
  );
}

/** The keys of vkey lines. @throws {TRUST_INVALID} when one is malformed or no cosignature key */
export function witnessKeys(vkeys: readonly string[]): NoteKey[] {
  return vkeys.map((vkey) => {
    const key = parseVkey(vkey, 'cosignature');
    if (key === null) throw fail('TRUST_INVALID', 'the key of a witness is malformed');
    return key;
  });
}

/** A note with lines of witnesses added; a line that stands there already is not repeated. */
export function withLines(note: string, lines: readonly string[]): string {
  const present = new Set(note.split('\n'));
  return note + lines.filter((line) => !present.has(line.trimEnd())).join('');
}

function cosignedMessage(text: string, time: number): Uint8Array {
  return utf8(`cosignature/v1\ntime ${time}\n${text}`);
}

function timeOf(bytes: Uint8Array): number | null {
  if (bytes.length !== TIME_BYTES + SIGNATURE_BYTES) return null;
  const time = Number(Buffer.from(bytes).readBigUInt64BE(0));
  return Number.isSafeInteger(time) ? time : null;
}
