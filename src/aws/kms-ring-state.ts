// SPDX-License-Identifier: Apache-2.0
// What a key ring of the key service keeps in an object store: which keys there are, and each of them wrapped. Both lie in
// the open: the wrapped keys open for those alone whom the service allows, the list is authenticated under the tenant's
// lookup key, and a list older than one seen before is refused.
import path from 'node:path';
import { z } from 'zod';
import {
  concat,
  equalBytes,
  fail,
  fromHex,
  fromUtf8,
  type Hex,
  hex,
  hmac,
  jcsBytes,
  lp,
  need,
  type ObjectStore,
  type ObjectVersion,
  parseJcs,
  sha256,
  utf8,
} from '../core/index.ts';
import { privateDirectory, readIfPresent, writePrivateFile } from '../keys/index.ts';

const hex16 = z.string().regex(/^[0-9a-f]{32}$/);
const hex32 = z.string().regex(/^[0-9a-f]{64}$/);
const arn = z.string().regex(/^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/);
const spki = z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/);

const logKey = z.strictObject({ keyid: hex32, spki, digest: hex32 });

const stateSchema = z.strictObject({
  v: z.literal('sr/kms-ring/v1'),
  vaultId: hex16,
  tenantId: z.string(),
  /** Raised by every change. */
  epoch: z.int().min(1),
  /** The symmetric key that wraps. */
  keyArn: arn,
  root: z.strictObject({ keyArn: arn, spki }),
  log: logKey,
  /** The log key that is to follow, until it is in force. */
  nextLog: logKey.nullable(),
  lookup: z.strictObject({ version: hex16, digest: hex32 }),
  /** Oldest first. */
  branches: z
    .array(z.strictObject({ version: hex16, since: z.int().min(0), digest: hex32 }))
    .min(1),
  signers: z.array(z.strictObject({ keyid: hex32, role: z.string(), spki, digest: hex32 })),
  /** Wrapped keys that the list names no more and whose destruction has not been seen to end. */
  doomed: z.array(z.strictObject({ kind: z.string(), version: z.string(), digest: hex32 })),
});
const fileSchema = z.strictObject({ mac: hex32, state: stateSchema });

/** The list of keys of a ring. Public keys are SPKI DER in base64; `digest` names the object that holds the wrapped key. */
export type RingState = z.infer<typeof stateSchema>;

/** A list as it lies in the store, not authenticated yet. */
export interface StoredRing {
  readonly state: RingState;
  readonly mac: Hex;
  readonly version: ObjectVersion;
}

/** The newest list that this machine has accepted. */
export interface RingMemory {
  read(): Promise<number>;
  /** Durable on return; never lowered. */
  raise(epoch: number): Promise<void>;
}

/** Lists and wrapped keys of one tenant in an object store. */
export class RingStore {
  readonly #objects: ObjectStore;
  readonly #folder: string;

  constructor(objects: ObjectStore, tenantId: string) {
    this.#objects = objects;
    this.#folder = `keyring/${tenantId}`;
  }

  /** @throws {KEYRING_MISSING} {@link KEYRING_INVALID} */
  async read(): Promise<StoredRing> {
    const stored = await this.#objects.get(`${this.#folder}/ring`);
    if (stored === null) throw fail('KEYRING_MISSING', 'the store holds no key ring');
    try {
      const { mac, state } = fileSchema.parse(parseJcs(stored.bytes));
      return { mac, state, version: stored.version };
    } catch {
      throw fail('KEYRING_INVALID', 'the stored key ring is damaged');
    }
  }

  /** @returns false when the stored list is another one than expected */
  write(expected: ObjectVersion | null, state: RingState, macKey: Uint8Array): Promise<boolean> {
    const bytes = jcsBytes({ mac: hex(macOf(state, macKey)), state });
    return this.#objects.compareAndSwap(`${this.#folder}/ring`, expected, bytes);
  }

  /** Keeps a wrapped key. @returns its digest */
  async putWrapped(kind: string, version: string, wrapped: Uint8Array): Promise<Hex> {
    const digest = hex(sha256(wrapped));
    await this.#objects.putIfAbsent(this.#path(kind, version, digest), wrapped);
    return digest;
  }

  /** @throws {KEY_UNAVAILABLE} when it is gone; {@link KEYRING_INVALID} when it is another one */
  async wrapped(kind: string, version: string, digest: Hex): Promise<Uint8Array> {
    const stored = await this.#objects.get(this.#path(kind, version, digest));
    if (stored === null)
      throw fail('KEY_UNAVAILABLE', 'a wrapped key is not in the store', { kind });
    const isNamed = hex(sha256(stored.bytes)) === digest;
    need('INV-RING-WRAPPED', isNamed, 'KEYRING_INVALID', 'a wrapped key is not the named one');
    return stored.bytes;
  }

  /** Destroys a wrapped key, as far as the store can: see its `delete` about older versions. */
  async destroy(kind: string, version: string, digest: Hex): Promise<void> {
    await this.#objects.delete(this.#path(kind, version, digest));
  }

  #path(kind: string, version: string, digest: Hex): string {
    return `${this.#folder}/${kind}/${version}-${digest.slice(0, 32)}`;
  }
}

/**
 * Checks a list under the tenant's key for it.
 * @throws {KEYRING_INVALID} when it was altered or put together from several
 */
export function authenticate({ state, mac }: StoredRing, macKey: Uint8Array): RingState {
  const isOurs = equalBytes(macOf(state, macKey), fromHex(mac) ?? new Uint8Array(0));
  need('INV-RING-MAC', isOurs, 'KEYRING_INVALID', 'the stored key ring was altered');
  return state;
}

function macOf(state: RingState, macKey: Uint8Array): Uint8Array {
  return hmac(macKey, concat(lp('sr/kms-ring/v1'), lp(jcsBytes(state))));
}

/** The newest accepted list of a ring, in a private file of the home directory. */
export class FileRingMemory implements RingMemory {
  readonly #file: string;

  constructor(home: string, vaultId: string, tenantId: string) {
    this.#file = path.join(home, 'keyrings', `${vaultId}-${tenantId}.epoch`);
  }

  /** @throws {KEYRING_INVALID} when the file is damaged: forgetting what was seen would let an older list in */
  async read(): Promise<number> {
    const bytes = await readIfPresent(this.#file);
    if (bytes === null) return 0;
    const text = fromUtf8(bytes).trim();
    if (!/^[1-9]\d{0,14}$/.test(text))
      throw fail('KEYRING_INVALID', 'the note of the newest key ring is damaged');
    return Number(text);
  }

  async raise(epoch: number): Promise<void> {
    if (epoch <= (await this.read())) return;
    await privateDirectory(path.dirname(this.#file));
    await writePrivateFile(this.#file, utf8(`${epoch}\n`));
  }
}
