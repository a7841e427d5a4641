// SPDX-License-Identifier: Apache-2.0
// C2SP chunked-encryption with AES-256-GCM ("Cobblestone-256"): salt24 || commitment32 || frames.
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import {
  concat,
  equalBytes,
  fail,
  hkdfExpand,
  lp,
  need,
  type Random,
  u64be,
  utf8,
} from '../core/index.ts';

/** Plaintext bytes of every frame but the last, which is always shorter. */
export const FRAME_BYTES = 16384;
/** Bytes before the first frame: salt and key commitment. The statement repeats them. */
export const SEAL_HEADER_BYTES = 56;

const TAG_BYTES = 16;
const SALT_BYTES = 24;
const LABEL = utf8('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0');

/** What a sealed message or a wrapped data key belongs to. */
export type SealKind = 'doc' | 'segment' | 'dir' | 'acl' | 'policy' | 'state' | 'snap' | 'cache';

/** Names one data key: the same triple stands in its wrapped row and in the contexts of what it seals. */
export interface KeyRef {
  readonly tenantId: string;
  readonly kind: SealKind;
  readonly id: string;
  readonly no: number;
}

/** The context that binds a sealed message to tenant, kind, id, number and part. */
export function sealContext(ref: KeyRef, part: string): Uint8Array {
  return concat(
    lp('sr/seal/v1'),
    lp(ref.tenantId),
    lp(ref.kind),
    lp(ref.id),
    u64be(ref.no),
    lp(part),
  );
}

/** Bytes of the sealed form of `plain` bytes. */
export function sealedLength(plain: number): number {
  return SEAL_HEADER_BYTES + plain + TAG_BYTES * (Math.floor(plain / FRAME_BYTES) + 1);
}

/** Bytes of the plaintext in a sealed message of `sealed` bytes. */
export function plainLength(sealed: number): number {
  const body = sealed - SEAL_HEADER_BYTES;
  return body - TAG_BYTES * (Math.floor(body / (FRAME_BYTES + TAG_BYTES)) + 1);
}

/** Seals a message under a data key. Every call draws a fresh salt, hence a fresh key and nonce. */
export function seal(
  dek: Uint8Array,
  context: Uint8Array,
  plain: Uint8Array,
  random: Random,
): Uint8Array {
  const salt = random.bytes(SALT_BYTES);
  const { key, baseNonce, commitment } = derive(dek, salt, context);
  const parts: Uint8Array[] = [salt, commitment];
  const frames = Math.floor(plain.length / FRAME_BYTES) + 1;
  // For a key given as bytes Node throws and catches an error of its own, which costs more than the cipher.
  const frameKey = createSecretKey(key);
  for (let i = 0; i < frames; i++) {
    const cipher = createCipheriv('aes-256-gcm', frameKey, nonceOf(baseNonce, i));
    const frame = plain.subarray(i * FRAME_BYTES, (i + 1) * FRAME_BYTES);
    parts.push(cipher.update(frame), cipher.final(), cipher.getAuthTag());
  }
  key.fill(0);
  return concat(...parts);
}

/**
 * Opens a whole sealed message.
 * @throws {KEY_COMMITMENT} for a wrong key, tenant, kind, id, number or part; no cipher was called
 * @throws {INTEGRITY} when a frame was altered or the message is cut short
 */
export function open(dek: Uint8Array, context: Uint8Array, sealed: Uint8Array): Uint8Array {
  const opener = openHeader(dek, context, sealed);
  const body = sealed.length - SEAL_HEADER_BYTES;
  const full = Math.floor(body / (FRAME_BYTES + TAG_BYTES));
  const rest = body % (FRAME_BYTES + TAG_BYTES);
  need('INV-SEAL-END', rest >= TAG_BYTES, 'INTEGRITY', 'a sealed message is cut short');
  return openFrames(opener, sealed.subarray(SEAL_HEADER_BYTES), 0, full);
}

/** A checked header: what is needed to open any frame of one message. */
export interface Opener {
  readonly key: Uint8Array;
  readonly baseNonce: Uint8Array;
}

/**
 * Checks the key commitment of a message's first 56 bytes and derives its frame key. The commitment comes before any
 * cipher call, since GCM alone would let one ciphertext open under two keys.
 * @throws {KEY_COMMITMENT} when key or context are not the ones it was sealed with
 */
export function openHeader(dek: Uint8Array, context: Uint8Array, header: Uint8Array): Opener {
  if (header.length < SEAL_HEADER_BYTES) throw fail('INTEGRITY', 'a sealed message is too short');
  const derived = derive(dek, header.subarray(0, SALT_BYTES), context);
  const committed = header.subarray(SALT_BYTES, SEAL_HEADER_BYTES);
  need(
    'INV-SEAL-COMMITMENT',
    equalBytes(committed, derived.commitment),
    'KEY_COMMITMENT',
    'a sealed message does not belong to this key and place',
  );
  return { key: derived.key, baseNonce: derived.baseNonce };
}

/**
 * Opens frames `first` to `last` of a message whose total length the caller has checked against a signed statement
 * (random access alone does not authenticate the length).
 * @param frames the sealed bytes from the start of frame `first`
 */
export function openFrames(
  opener: Opener,
  frames: Uint8Array,
  first: number,
  last: number,
): Uint8Array {
  const parts: Uint8Array[] = [];
  const key = createSecretKey(opener.key);
  for (let i = first; i <= last; i++) {
    const start = (i - first) * (FRAME_BYTES + TAG_BYTES);
    const frame = frames.subarray(start, start + FRAME_BYTES + TAG_BYTES);
    parts.push(openFrame(key, nonceOf(opener.baseNonce, i), frame));
  }
  return parts.length === 1 ? (parts[0] as Uint8Array) : concat(...parts);
}

function openFrame(key: KeyObject, nonce: Uint8Array, frame: Uint8Array): Uint8Array {
  if (frame.length < TAG_BYTES) throw fail('INTEGRITY', 'a sealed message is cut short');
  const cipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  const end = frame.length - TAG_BYTES;
  cipher.setAuthTag(frame.subarray(end));
  const plain = cipher.update(frame.subarray(0, end));
  try {
    cipher.final();
  } catch {
    throw fail('INTEGRITY', 'a sealed message was altered');
  }
  return plain;
}

function derive(
  dek: Uint8Array,
  salt: Uint8Array,
  context: Uint8Array,
): { key: Uint8Array; baseNonce: Uint8Array; commitment: Uint8Array } {
  // HKDF takes any key; the commitment holds 128 bits of security only under one of 32 bytes.
  need('INV-SEAL-KEY', dek.length === 32, 'KEY_COMMITMENT', 'a data key is not 32 bytes long');
  const okm = hkdfExpand('sha512', dek, concat(LABEL, salt, context), 76);
  return {
    key: okm.subarray(0, 32),
    baseNonce: okm.subarray(32, 44),
    commitment: okm.slice(44, 76),
  };
}

/** Base nonce XOR frame number, big endian. */
function nonceOf(baseNonce: Uint8Array, i: number): Uint8Array {
  const nonce = Uint8Array.from(baseNonce);
  const counter = u64be(i);
  for (let at = 0; at < 8; at++) {
    nonce[4 + at] = (nonce[4 + at] as number) ^ (counter[at] as number);
  }
  return nonce;
}
