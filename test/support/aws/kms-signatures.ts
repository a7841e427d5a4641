// SPDX-License-Identifier: Apache-2.0
// Asymmetric keys of the fake KMS: elliptic curves, Ed25519, ML-DSA where this Node.js has it.
import {
  createECDH,
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { KmsError } from './kms-input.ts';

interface Curve {
  readonly node: string;
  readonly hash: string;
  /** Order of the group. */
  readonly order: bigint;
}

/** The curves by key spec. */
const CURVES: Readonly<Record<string, Curve>> = {
  ECC_NIST_P256: {
    node: 'prime256v1',
    hash: 'sha256',
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  ECC_NIST_P384: {
    node: 'secp384r1',
    hash: 'sha384',
    order:
      0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
};

/** Signing algorithms by key spec; each of these has one. */
export const ALGORITHM: Readonly<Record<string, string>> = {
  ECC_NIST_P256: 'ECDSA_SHA_256',
  ECC_NIST_P384: 'ECDSA_SHA_384',
  ECC_NIST_EDWARDS25519: 'ED25519_SHA_512',
  ML_DSA_44: 'ML_DSA_SHAKE_256',
  ML_DSA_65: 'ML_DSA_SHAKE_256',
  ML_DSA_87: 'ML_DSA_SHAKE_256',
};

/** A new private key. @throws UnsupportedOperationException for specs that this fake, or this Node.js, does not have */
export function newPrivateKey(spec: string): KeyObject {
  const curve = CURVES[spec];
  if (curve !== undefined) return generateKeyPairSync('ec', { namedCurve: curve.node }).privateKey;
  if (spec === 'ECC_NIST_EDWARDS25519') return generateKeyPairSync('ed25519').privateKey;
  if (!(spec in ALGORITHM)) throw unsupported(spec);
  try {
    const type = spec.toLowerCase().replaceAll('_', '-') as 'ml-dsa-44';
    return generateKeyPairSync(type).privateKey;
  } catch {
    throw unsupported(spec);
  }
}

/** SPKI DER. */
export function publicKeyOf(privateKey: KeyObject): Uint8Array {
  return createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
}

/** A message, or the digest of one. */
export interface Signed {
  readonly message: Uint8Array;
  readonly isDigest: boolean;
}

/** Signs as the service does: the message, or a digest as it is given. */
export function signWith(spec: string, key: KeyObject, { message, isDigest }: Signed): Uint8Array {
  const curve = CURVES[spec];
  if (!isDigest) return sign(curve?.hash ?? null, message, key);
  const { order, width, d, z } = scalars(spec, key, message);
  for (;;) {
    const k = toInteger(randomBytes(width)) % order;
    const r = k === 0n ? 0n : abscissa(spec, k) % order;
    const s = r === 0n ? 0n : mod(inverse(k, order) * (z + r * d), order);
    if (s !== 0n) return derSignature(r, s);
  }
}

/** Whether a signature is one of this key. */
export function verifyWith(
  spec: string,
  key: KeyObject,
  { message, isDigest }: Signed,
  signature: Uint8Array,
): boolean {
  if (!isDigest)
    return verify(CURVES[spec]?.hash ?? null, message, createPublicKey(key), signature);
  const { order, d, z } = scalars(spec, key, message);
  const parsed = readSignature(signature);
  if (parsed === null) return false;
  const [r, s] = parsed;
  if (r <= 0n || s <= 0n || r >= order || s >= order) return false;
  // Whoever has the private key can compute the nonce again.
  const k = mod(inverse(s, order) * (z + r * d), order);
  return k !== 0n && abscissa(spec, k) % order === r;
}

function scalars(
  spec: string,
  key: KeyObject,
  digest: Uint8Array,
): { order: bigint; width: number; d: bigint; z: bigint } {
  const curve = CURVES[spec];
  if (curve === undefined) throw new KmsError('ValidationException', 'MessageType DIGEST');
  const { order, hash } = curve;
  const width = createHash(hash).digest().length;
  if (digest.length !== width)
    throw new KmsError('ValidationException', 'Digest is invalid length for algorithm.');
  const { d = '' } = key.export({ format: 'jwk' });
  return { order, width, d: toInteger(Buffer.from(d, 'base64url')), z: toInteger(digest) };
}

/** x of k times the base point. */
function abscissa(spec: string, k: bigint): bigint {
  const ecdh = createECDH((CURVES[spec] as Curve).node);
  const text = k.toString(16);
  ecdh.setPrivateKey(Buffer.from(text.length % 2 === 0 ? text : `0${text}`, 'hex'));
  const point = ecdh.getPublicKey();
  return toInteger(point.subarray(1, 1 + (point.length - 1) / 2));
}

function toInteger(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

function mod(value: bigint, order: bigint): bigint {
  return ((value % order) + order) % order;
}

/** By Fermat: the order is prime. */
function inverse(value: bigint, order: bigint): bigint {
  let [result, base] = [1n, mod(value, order)];
  for (let power = order - 2n; power > 0n; power >>= 1n) {
    if ((power & 1n) === 1n) result = (result * base) % order;
    base = (base * base) % order;
  }
  return result;
}

function derSignature(r: bigint, s: bigint): Uint8Array {
  const body = Buffer.concat([r, s].map(derInteger));
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

function derInteger(value: bigint): Buffer {
  const text = value.toString(16);
  const bytes = Buffer.from(text.length % 2 === 0 ? text : `0${text}`, 'hex');
  const padded = (bytes[0] as number) > 0x7f ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
  return Buffer.concat([Buffer.from([0x02, padded.length]), padded]);
}

function readSignature(bytes: Uint8Array): readonly [bigint, bigint] | null {
  const view = Buffer.from(bytes);
  const length = view[3] ?? 0;
  const [first, second] = [view.subarray(4, 4 + length), view.subarray(6 + length)];
  if (first.length === 0 || second.length === 0) return null;
  return [toInteger(first), toInteger(second)];
}

function unsupported(spec: string): KmsError {
  return new KmsError('UnsupportedOperationException', `KeySpec ${spec} is not supported here.`);
}
