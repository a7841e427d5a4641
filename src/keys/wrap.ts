// SPDX-License-Identifier: Apache-2.0
// Wrapped data keys: row = salt16 || iv12 || branchKeyVersion16 || ct32 || tag16, AES-256-GCM.
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import {
  concat,
  fail,
  hex,
  type Hex,
  hkdfExpand,
  lp,
  need,
  type Random,
  u64be,
} from '../core/index.ts';
import type { KeyRef } from './seal.ts';

/** Bytes of a wrapped data key. */
export const ROW_BYTES = 92;
const TAG_BYTES = 16;

/** One version of the key that wraps data keys and nothing else. */
export interface BranchKey {
  /** 16 random bytes in hex. */
  readonly version: Hex;
  readonly key: Uint8Array;
}

/** Wraps a data key for the place that `ref` names. */
export function wrapKey(
  branch: BranchKey,
  ref: KeyRef,
  dek: Uint8Array,
  random: Random,
): Uint8Array {
  const salt = random.bytes(16);
  const iv = random.bytes(12);
  const version = Uint8Array.from(Buffer.from(branch.version, 'hex'));
  const cipher = createCipheriv('aes-256-gcm', wrappingKey(branch, salt), iv);
  cipher.setAAD(rowAad(ref, version));
  return concat(salt, iv, version, cipher.update(dek), cipher.final(), cipher.getAuthTag());
}

/** The branch key version that a row names, in hex. @throws {KEY_ROW_INVALID} for a row of another length */
export function rowVersion(row: Uint8Array): Hex {
  if (row.length !== ROW_BYTES) throw fail('KEY_ROW_INVALID', 'a wrapped key has the wrong length');
  return hex(row.subarray(28, 44));
}

/**
 * Unwraps a row.
 * @throws {KEY_ROW_INVALID} when it was altered, or belongs to another tenant, kind, id, number or branch key
 */
export function unwrapKey(branch: BranchKey, ref: KeyRef, row: Uint8Array): Uint8Array {
  const isOurs = rowVersion(row) === branch.version;
  need('INV-ROW-VERSION', isOurs, 'KEY_ROW_INVALID', 'a wrapped key names another branch key');
  const [salt, iv, version] = [row.subarray(0, 16), row.subarray(16, 28), row.subarray(28, 44)];
  const key = wrappingKey(branch, salt);
  const cipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(rowAad(ref, version));
  cipher.setAuthTag(row.subarray(76));
  const dek = cipher.update(row.subarray(44, 76));
  try {
    cipher.final();
  } catch {
    throw fail('KEY_ROW_INVALID', 'a wrapped key was altered or swapped', { kind: ref.kind });
  }
  return dek;
}

function wrappingKey(branch: BranchKey, salt: Uint8Array): KeyObject {
  const key = hkdfExpand('sha256', branch.key, concat(lp('sr/wrap/v1'), salt), 32);
  // For a key given as bytes Node throws and catches an error of its own, which costs more than the cipher.
  const handle = createSecretKey(key);
  key.fill(0);
  return handle;
}

function rowAad(ref: KeyRef, version: Uint8Array): Uint8Array {
  return concat(
    lp('sr/dek/v1'),
    lp(ref.tenantId),
    lp(ref.kind),
    lp(ref.id),
    u64be(ref.no),
    version,
  );
}
