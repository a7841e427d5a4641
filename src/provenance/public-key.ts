// SPDX-License-Identifier: Apache-2.0
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { fromBase64, type Hex, hex, sha256 } from '../core/index.ts';

/** Signature algorithms a key may have. The algorithm belongs to the key and never to a message. */
export type KeyAlgorithm = 'ed25519' | 'p256' | 'ml-dsa-44';

/** A parsed public key with the id that names it everywhere. */
export interface PublicKey {
  /** hex SHA-256 of the SPKI DER. */
  readonly keyid: Hex;
  readonly algorithm: KeyAlgorithm;
  readonly spki: Uint8Array;
  readonly handle: KeyObject;
}

/** hex SHA-256(SPKI DER), the only id of a signing key. */
export function keyIdOf(spki: Uint8Array): Hex {
  return hex(sha256(spki));
}

/**
 * Parses SPKI DER strictly: a known algorithm, no trailing bytes, no small-order Ed25519 point, P-256 points uncompressed.
 * @returns null when the key must not be used
 */
export function parsePublicKey(spki: Uint8Array): PublicKey | null {
  let handle: KeyObject;
  try {
    handle = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch {
    return null;
  }
  // Re-encoding catches BER leniency: two spellings of one key would have two key ids.
  const canonical = handle.export({ format: 'der', type: 'spki' });
  const algorithm = algorithmOf(handle);
  if (algorithm === null || Buffer.compare(canonical, spki) !== 0) return null;
  if (algorithm === 'ed25519' && isSmallOrder(spki.subarray(-32))) return null;
  // A compressed or hybrid point survives re-encoding, so the one spelling that counts is named here.
  if (algorithm === 'p256' && !(spki.length === 91 && spki[26] === 0x04)) return null;
  return { keyid: keyIdOf(spki), algorithm, spki, handle };
}

/** {@link parsePublicKey} of standard base64. */
export function parsePublicKeyBase64(text: string): PublicKey | null {
  const spki = fromBase64(text);
  return spki === null ? null : parsePublicKey(spki);
}

/** True when `signature` over `message` holds under the key's own algorithm. Never throws. */
export function verifySignature(
  key: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    switch (key.algorithm) {
      case 'ed25519':
        return signature.length === 64 && verify(null, message, key.handle, signature);
      case 'p256':
        return isStrictDer(signature) && verify('sha256', message, key.handle, signature);
      case 'ml-dsa-44':
        return signature.length === 2420 && verify(null, message, key.handle, signature);
    }
  } catch {
    return false;
  }
}

function algorithmOf(handle: KeyObject): KeyAlgorithm | null {
  // ML-DSA is known to newer Node versions only; there the type is reported as here.
  const type: string | undefined = handle.asymmetricKeyType;
  if (type === 'ed25519') return 'ed25519';
  if (type === 'ml-dsa-44') return 'ml-dsa-44';
  if (type === 'ec' && handle.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'p256';
  return null;
}

/**
 * The encodings of the eight points of small order and their non-canonical twins, with the sign bit cleared. Such a
 * key verifies signatures that nobody made.
 */
const SMALL_ORDER = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);

function isSmallOrder(raw: Uint8Array): boolean {
  const cleared = Uint8Array.from(raw);
  cleared[31] = (cleared[31] as number) & 0x7f;
  return SMALL_ORDER.has(hex(cleared));
}

/** ECDSA-Sig-Value in DER with minimal, positive integers and nothing behind it. */
function isStrictDer(sig: Uint8Array): boolean {
  if (sig.length < 8 || sig.length > 72 || sig[0] !== 0x30 || sig[1] !== sig.length - 2)
    return false;
  const afterR = derInteger(sig, 2);
  return afterR !== null && derInteger(sig, afterR) === sig.length;
}

function derInteger(sig: Uint8Array, at: number): number | null {
  const length = sig[at + 1];
  const first = sig[at + 2];
  if (sig[at] !== 0x02 || length === undefined || first === undefined || length === 0) return null;
  const second = sig[at + 3];
  if (first >= 0x80) return null;
  if (first === 0 && length > 1 && (second === undefined || second < 0x80)) return null;
  return at + 2 + length;
}
