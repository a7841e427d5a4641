// SPDX-License-Identifier: Apache-2.0
// C2SP signed-note: a text, a blank line, then one line per signature.
import {
  base64,
  concat,
  equalBytes,
  fail,
  fromBase64,
  fromUtf8,
  hex,
  sha256,
  utf8,
} from '../core/index.ts';
import { parsePublicKey, type PublicKey, verifySignature } from './public-key.ts';

/** What a note key signs, as the type byte of its vkey says: the text itself, or a `cosignature/v1` over it. */
export type NoteKeyType = 'signature' | 'cosignature';

const TYPE_BYTES: Readonly<Record<NoteKeyType, number>> = { signature: 0x01, cosignature: 0x04 };
/** The largest signed note, in bytes. */
export const MAX_NOTE_BYTES = 64 * 1024;
const MAX_SIGNATURES = 16;
const DASH = '\u2014 ';
const ED25519_SPKI_PREFIX = Uint8Array.from(Buffer.from('302a300506032b6570032100', 'hex'));

/** A key that may sign notes, as its vkey line says it. */
export interface NoteKey {
  readonly name: string;
  /** First four bytes of SHA256(name || 0x0A || type || public key); a hint, never an identity. */
  readonly id: Uint8Array;
  readonly key: PublicKey;
}

/** A note as received; `text` ends in a newline and is what the signatures cover. */
export interface SignedNote {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** One signature line. */
export interface NoteSignature {
  readonly name: string;
  readonly id: Uint8Array;
  readonly signature: Uint8Array;
}

/** SPKI of a raw 32-byte Ed25519 public key, as key rings and vkey lines hold it. */
export function ed25519Spki(raw: Uint8Array): Uint8Array {
  return concat(ED25519_SPKI_PREFIX, raw);
}

/** `<name>+<hex key id>+<base64(type || public key)>` for an Ed25519 key. */
export function vkeyOf(
  name: string,
  rawPublicKey: Uint8Array,
  type: NoteKeyType = 'signature',
): string {
  const material = concat(Uint8Array.of(TYPE_BYTES[type]), rawPublicKey);
  return `${name}+${hex(noteKeyId(name, material))}+${base64(material)}`;
}

/** Raw 32-byte Ed25519 public key of a note key. */
export function rawKeyOf({ key }: NoteKey): Uint8Array {
  return key.spki.subarray(-32);
}

/**
 * Parses a vkey line.
 * @returns null when it is malformed, of another type, or its id does not fit
 */
export function parseVkey(vkey: string, type: NoteKeyType = 'signature'): NoteKey | null {
  const match = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(vkey);
  const [, name, id, encoded] = match ?? [];
  const material = encoded === undefined ? null : fromBase64(encoded);
  if (name === undefined || id === undefined || material === null) return null;
  if (material.length !== 33 || material[0] !== TYPE_BYTES[type]) return null;
  const key = parsePublicKey(ed25519Spki(material.subarray(1)));
  const keyId = noteKeyId(name, material);
  return key !== null && hex(keyId) === id ? { name, id: keyId, key } : null;
}

/** The line that a signature adds to a note. */
export function signatureLine(key: NoteKey, signature: Uint8Array): string {
  return `${DASH}${key.name} ${base64(concat(key.id, signature))}\n`;
}

/**
 * Splits a note into text and signature lines; verifies nothing.
 * @throws {FORMAT_INVALID} for anything but the format, more than 64 KiB or more than 16 signatures
 */
export function parseNote(bytes: Uint8Array): SignedNote {
  if (bytes.length > MAX_NOTE_BYTES) throw fail('FORMAT_INVALID', 'a signed note exceeds 64 KiB');
  const whole = fromUtf8(bytes);
  const split = whole.lastIndexOf('\n\n');
  // Control characters would let two renderings of one note differ.
  if (split < 0 || !whole.endsWith('\n') || /[\u0000-\u0009\u000b-\u001f]/.test(whole)) {
    throw fail('FORMAT_INVALID', 'not a signed note');
  }
  const lines = whole.slice(split + 2, -1).split('\n', MAX_SIGNATURES + 1);
  if (lines.length > MAX_SIGNATURES) {
    throw fail('FORMAT_INVALID', 'a signed note has too many signatures');
  }
  return { text: whole.slice(0, split + 1), signatures: lines.map(parseSignatureLine) };
}

/**
 * Verifies a note against keys that the caller trusts. Unknown keys are ignored, but a wrong signature by a known key
 * refuses the whole note.
 * @returns the trusted keys that signed, each at most once
 * @throws {SIGNATURE_INVALID} for such a wrong signature
 */
export function verifyNote(note: SignedNote, trusted: readonly NoteKey[]): NoteKey[] {
  const signed: NoteKey[] = [];
  for (const line of note.signatures) {
    const known = trusted.filter((key) => key.name === line.name && equalBytes(key.id, line.id));
    if (known.length === 0) continue;
    // The 32-bit id may collide, so every known key with that id is tried.
    const signer = known.find((key) => verifySignature(key.key, utf8(note.text), line.signature));
    if (signer === undefined) {
      throw fail('SIGNATURE_INVALID', 'a note carries a wrong signature by a trusted key');
    }
    if (!signed.includes(signer)) signed.push(signer);
  }
  return signed;
}

/** One line of a note, without its newline. @throws {FORMAT_INVALID} */
export function parseSignatureLine(line: string): NoteSignature {
  const match = /^\u2014 ([^+\s]+) ([A-Za-z0-9+/=]+)$/.exec(line);
  const [, name, encoded] = match ?? [];
  const bytes = encoded === undefined ? null : fromBase64(encoded);
  if (name === undefined || bytes === null || bytes.length < 5) {
    throw fail('FORMAT_INVALID', 'a signature line of a note is malformed');
  }
  return { name, id: bytes.subarray(0, 4), signature: bytes.subarray(4) };
}

function noteKeyId(name: string, material: Uint8Array): Uint8Array {
  return sha256(concat(utf8(name), Uint8Array.of(0x0a), material)).subarray(0, 4);
}
