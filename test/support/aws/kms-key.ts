// SPDX-License-Identifier: Apache-2.0
// Keys of the fake KMS: their states, their material by rotation, and what is encrypted under them.
import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import { concat, lp, utf8, compareUtf8 } from '../../../src/core/index.ts';
import { KmsError } from './kms-input.ts';
import type { KeyPolicy } from './kms-authority.ts';

/** Bytes that the service encrypts at most, and signs at most without being given a digest. */
export const LARGEST_MESSAGE = 4096;

/** A context that has to be named again to decrypt. */
export type EncryptionContext = Readonly<Record<string, string>>;

/** A right that a key gives to a principal. */
export interface Grant {
  readonly id: string;
  readonly grantee: string;
  readonly operations: readonly string[];
  readonly equals: EncryptionContext | null;
  readonly subset: EncryptionContext | null;
}

/** What the Regions of a multi-Region key have in common. */
export interface KeyMaterial {
  /** Symmetric material, newest last; empty for other keys. */
  readonly symmetric: { readonly id: Uint8Array; readonly key: Uint8Array }[];
  readonly privateKey: KeyObject | null;
  rotates: boolean;
}

/** A key in one Region. */
export interface KmsKey {
  readonly id: string;
  readonly arn: string;
  readonly region: string;
  readonly spec: string;
  readonly usage: string;
  readonly multiRegion: boolean;
  readonly isPrimary: boolean;
  readonly material: KeyMaterial;
  readonly grants: Grant[];
  policy: KeyPolicy;
  state: 'Enabled' | 'Disabled' | 'PendingDeletion';
  deletionDate: number | null;
}

/** New symmetric material. */
export function newSymmetric(): { id: Uint8Array; key: Uint8Array } {
  return { id: randomBytes(16), key: randomBytes(32) };
}

/** @throws a KmsError unless the key may be used now */
export function requireUsable(key: KmsKey, usage: string): void {
  if (key.state === 'Disabled') throw new KmsError('DisabledException', `${key.arn} is disabled.`);
  if (key.state === 'PendingDeletion')
    throw new KmsError('KMSInvalidStateException', `${key.arn} is pending deletion.`);
  if (key.usage !== usage)
    throw new KmsError('InvalidKeyUsageException', `${key.arn} key usage is ${key.usage}.`);
}

/**
 * LP(key id) || material id 16 || iv 12 || ciphertext || tag 16: AES-256-GCM whose associated data are the lengths and
 * bytes of the sorted context, so that no two contexts look alike.
 */
export function encrypt(
  key: KmsKey,
  plaintext: Uint8Array,
  context: EncryptionContext,
): Uint8Array {
  const material = key.material.symmetric.at(-1) as KeyMaterial['symmetric'][number];
  const head = concat(lp(key.id), material.id);
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', material.key, iv);
  cipher.setAAD(concat(head, framed(context)));
  return concat(head, iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

/** Id of the key that a ciphertext names, or null when it is none of ours. */
export function keyIdIn(blob: Uint8Array): string | null {
  const view = Buffer.from(blob);
  if (view.length < 4) return null;
  const length = view.readUInt32BE(0);
  return view.length < 4 + length + 44 ? null : view.toString('utf8', 4, 4 + length);
}

/** @throws InvalidCiphertextException when the bytes or the context are other ones */
export function decrypt(key: KmsKey, blob: Uint8Array, context: EncryptionContext): Uint8Array {
  const start = 4 + utf8(key.id).length;
  const [id, iv] = [blob.slice(start, start + 16), blob.slice(start + 16, start + 28)];
  const material = key.material.symmetric.find((one) => Buffer.compare(one.id, id) === 0);
  if (material === undefined) throw invalidCiphertext();
  const cipher = createDecipheriv('aes-256-gcm', material.key, iv, { authTagLength: 16 });
  cipher.setAAD(concat(blob.slice(0, start + 16), framed(context)));
  cipher.setAuthTag(blob.slice(-16));
  try {
    return concat(cipher.update(blob.slice(start + 28, -16)), cipher.final());
  } catch {
    throw invalidCiphertext();
  }
}

/** The answer to every ciphertext that does not open: the service gives no reason. */
export function invalidCiphertext(): KmsError {
  return new KmsError('InvalidCiphertextException', '');
}

function framed(context: EncryptionContext): Uint8Array {
  const sorted = Object.entries(context).sort(([a], [b]) => compareUtf8(a, b));
  return concat(...sorted.flatMap(([name, value]) => [lp(name), lp(value)]));
}
