// SPDX-License-Identifier: Apache-2.0
// The local key ring on disk: {v, kdf, sealed}, opened by a passphrase or by a key file beside it.
import { scrypt } from 'node:crypto';
import path from 'node:path';
import { z } from 'zod';
import {
  base64,
  concat,
  fail,
  fromBase64,
  fromHex,
  fromUtf8,
  hex,
  isStrongroomError,
  isTenantId,
  jcsBytes,
  lp,
  need,
  parseJcs,
  type Random,
  utf8,
} from '../core/index.ts';
import { isExposed, privateDirectory, readIfPresent, writePrivateFile } from './private-file.ts';
import { open, seal } from './seal.ts';

const b64 = z.string().refine((text) => fromBase64(text) !== null);
const hex16 = z.string().regex(/^[0-9a-f]{32}$/);
const hex32 = z.string().regex(/^[0-9a-f]{64}$/);

const kdfSchema = z.strictObject({
  name: z.literal('scrypt'),
  N: z.literal(131072),
  r: z.literal(8),
  p: z.literal(1),
  salt: hex16,
});
const fileSchema = z.strictObject({ v: z.literal(1), kdf: kdfSchema.nullable(), sealed: b64 });

const tenantSchema = z.strictObject({
  lookup: hex32,
  branch: z.array(z.strictObject({ version: hex16, key: hex32 })).min(1),
});

const secretsSchema = z.strictObject({
  v: z.literal(1),
  vaultId: hex16,
  root: b64.nullable(),
  log: b64,
  /** A log key that is to follow; there only while the log key changes. */
  nextLog: b64.optional(),
  tenants: z
    .unknown()
    // The schema library leaves out this name without a word; no tenant has it.
    .refine((value) => !Object.hasOwn(Object(value) as object, '__proto__'))
    .pipe(z.record(z.string().refine(isTenantId), tenantSchema)),
  delegated: z.array(z.strictObject({ keyid: hex32, role: z.string(), pkcs8: b64 })),
});

/** The plaintext of a key ring. Private keys are PKCS #8 DER in base64, symmetric keys hex. */
export type KeyRingSecrets = z.infer<typeof secretsSchema>;

/** How a key ring is locked: by a passphrase, or by a random key in a file beside it. */
export interface KeyRingLock {
  readonly passphrase: string | null;
}

/** Path of a vault's key ring in the home directory. */
export function keyRingPath(home: string, vaultId: string): string {
  return path.join(home, 'keyrings', `${vaultId}.json`);
}

function keyFilePath(home: string, vaultId: string): string {
  return path.join(home, 'keyrings', `${vaultId}.key`);
}

/** Writes a key ring (0600, atomic). The key file of an unlocked ring is made on first use. */
export async function writeKeyRing(
  home: string,
  secrets: KeyRingSecrets,
  lock: KeyRingLock,
  random: Random,
): Promise<void> {
  await privateDirectory(path.dirname(keyRingPath(home, secrets.vaultId)));
  const kdf =
    lock.passphrase === null
      ? null
      : {
          name: 'scrypt' as const,
          N: 131072 as const,
          r: 8 as const,
          p: 1 as const,
          salt: hex(random.bytes(16)),
        };
  const key =
    lock.passphrase === null || kdf === null
      ? await fileKey(home, secrets.vaultId, random)
      : await stretch(lock.passphrase, kdf.salt);
  const sealed = base64(seal(key, context(secrets.vaultId), jcsBytes(secrets), random));
  key.fill(0);
  await writePrivateFile(keyRingPath(home, secrets.vaultId), jcsBytes({ v: 1, kdf, sealed }));
}

/**
 * Reads and opens a key ring.
 * @throws {KEYRING_MISSING} when the home directory holds none for this vault
 * @throws {KEYRING_INVALID} when the file is damaged or others may read it
 * @throws {PASSPHRASE_NEEDED} {@link PASSPHRASE_WRONG}
 */
export async function readKeyRing(
  home: string,
  vaultId: string,
  lock: KeyRingLock,
): Promise<KeyRingSecrets> {
  const file = keyRingPath(home, vaultId);
  const bytes = await readIfPresent(file);
  if (bytes === null) throw fail('KEYRING_MISSING', 'no key ring for this vault', { vaultId });
  need(
    'INV-KEYRING-MODE',
    !(await isExposed(file)),
    'KEYRING_INVALID',
    'others may read the key ring',
  );
  const { kdf, sealed } = parseRing(bytes);
  const key =
    kdf === null ? await existingFileKey(home, vaultId) : await passphraseKey(lock, kdf.salt);
  const secrets = parseSecrets(openSecrets(key, vaultId, decoded(sealed), kdf !== null));
  if (secrets.vaultId !== vaultId)
    throw fail('KEYRING_INVALID', 'the key ring is of another vault');
  return secrets;
}

function openSecrets(
  key: Uint8Array,
  vaultId: string,
  sealed: Uint8Array,
  byPassphrase: boolean,
): Uint8Array {
  try {
    return open(key, context(vaultId), sealed);
  } catch (error) {
    if (!isStrongroomError(error)) throw error;
    const wrongKey = byPassphrase && error.code === 'KEY_COMMITMENT';
    throw wrongKey
      ? fail('PASSPHRASE_WRONG', 'the key ring does not open with this passphrase')
      : fail('KEYRING_INVALID', 'the key ring file is damaged, or its key file is another one');
  } finally {
    key.fill(0);
  }
}

async function passphraseKey(lock: KeyRingLock, salt: string): Promise<Uint8Array> {
  if (lock.passphrase === null) {
    throw fail('PASSPHRASE_NEEDED', 'the key ring is locked by a passphrase');
  }
  return stretch(lock.passphrase, salt);
}

function stretch(passphrase: string, salt: string): Promise<Uint8Array> {
  const options = { N: 131072, r: 8, p: 1, maxmem: 256 * 1024 * 1024 };
  const saltBytes = fromHex(salt) ?? new Uint8Array(0);
  return new Promise((resolve, reject) => {
    scrypt(utf8(passphrase.normalize('NFC')), saltBytes, 32, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

async function existingFileKey(home: string, vaultId: string): Promise<Uint8Array> {
  const file = keyFilePath(home, vaultId);
  const bytes = await readIfPresent(file);
  if (bytes === null) throw fail('KEYRING_MISSING', 'the key file of the key ring is missing');
  need(
    'INV-KEYFILE-MODE',
    !(await isExposed(file)),
    'KEYRING_INVALID',
    'others may read the key file',
  );
  const key = fromHex(fromUtf8(bytes).trim());
  if (key?.length !== 32) throw fail('KEYRING_INVALID', 'the key file is damaged');
  return key;
}

async function fileKey(home: string, vaultId: string, random: Random): Promise<Uint8Array> {
  const file = keyFilePath(home, vaultId);
  if ((await readIfPresent(file)) === null) {
    await writePrivateFile(file, utf8(`${hex(random.bytes(32))}\n`));
  }
  return existingFileKey(home, vaultId);
}

/** Bytes of base64 that the schema has checked. */
function decoded(text: string): Uint8Array {
  return fromBase64(text) ?? new Uint8Array(0);
}

function context(vaultId: string): Uint8Array {
  return concat(lp('sr/keyring/v1'), lp(vaultId));
}

/** The outer form of a key ring file. @throws {KEYRING_INVALID} */
export function parseRing(bytes: Uint8Array): z.infer<typeof fileSchema> {
  return parseWith(fileSchema, bytes);
}

/** The plaintext of a key ring. @throws {KEYRING_INVALID} */
export function parseSecrets(bytes: Uint8Array): KeyRingSecrets {
  return parseWith(secretsSchema, bytes);
}

function parseWith<T>(schema: z.ZodType<T>, bytes: Uint8Array): T {
  try {
    return schema.parse(parseJcs(bytes));
  } catch {
    // The cause would quote the file's content.
    throw fail('KEYRING_INVALID', 'the key ring file is damaged');
  }
}
