// SPDX-License-Identifier: Apache-2.0
import {
  base64,
  type Clock,
  equalBytes,
  fromBase64,
  type Hex,
  hex,
  type Random,
} from '../core/index.ts';
import { LocalSigner, newEd25519 } from '../keys/index.ts';
import type { KmsService, WrappingContext } from './kms-service.ts';
import type { RingState, RingStore } from './kms-ring-state.ts';

/** A key of a ring and where it lies wrapped. */
export interface WrappedKey {
  /** `lookup`, `branch`, `log`, or the role of a signing key. */
  readonly kind: string;
  /** Version of the key, or its id. */
  readonly version: string;
  readonly digest: Hex;
}

/** The wrapped keys of one tenant: made, opened, encrypted again and destroyed. */
export class WrappedKeys {
  readonly #service: KmsService;
  readonly #store: RingStore;
  readonly #vaultId: string;
  readonly #tenantId: string;

  constructor(service: KmsService, store: RingStore, vaultId: string, tenantId: string) {
    this.#service = service;
    this.#store = store;
    this.#vaultId = vaultId;
    this.#tenantId = tenantId;
  }

  /** Wraps and keeps a key, which is overwritten. Durable on return. @returns its digest */
  async wrap(keyArn: string, kind: string, version: string, key: Uint8Array): Promise<Hex> {
    const wrapped = await this.#service.encrypt(keyArn, this.#context(kind, version), key);
    key.fill(0);
    return this.#store.putWrapped(kind, version, wrapped);
  }

  /** A new Ed25519 key of a kind, wrapped and kept. */
  async newSigner(keyArn: string, kind: string, random: Random): Promise<RingState['log']> {
    const pkcs8 = newEd25519(random);
    const { keyid, spki } = new LocalSigner(pkcs8);
    return { keyid, spki: base64(spki), digest: await this.wrap(keyArn, kind, keyid, pkcs8) };
  }

  /** A new branch key, wrapped and kept. */
  async newBranch(
    keyArn: string,
    { random, clock }: { readonly random: Random; readonly clock: Clock },
  ): Promise<RingState['branches'][number]> {
    const version = hex(random.bytes(16));
    const digest = await this.wrap(keyArn, 'branch', version, random.bytes(32));
    return { version, since: clock.now(), digest };
  }

  /** Opens a key. @throws {KEY_UNAVAILABLE} {@link KEYRING_INVALID} and those of the key service */
  async unwrap(keyArn: string, { kind, version, digest }: WrappedKey): Promise<Uint8Array> {
    const wrapped = await this.#store.wrapped(kind, version, digest);
    return this.#service.decrypt(keyArn, this.#context(kind, version), wrapped);
  }

  /** Destroys keys. */
  async destroy(keys: readonly WrappedKey[]): Promise<void> {
    for (const { kind, version, digest } of keys) await this.#store.destroy(kind, version, digest);
  }

  /**
   * A list whose keys are all encrypted again, under another key of the service or under the newest material of the same.
   * What the old list names stays, until the new one is stored.
   */
  async renew(state: RingState, keyArn: string): Promise<RingState> {
    const again = async (key: WrappedKey): Promise<Hex> => {
      const { kind, version, digest } = key;
      const wrapped = await this.#store.wrapped(kind, version, digest);
      const context = this.#context(kind, version);
      const moved = await this.#service.reEncrypt(state.keyArn, keyArn, context, wrapped);
      return this.#store.putWrapped(kind, version, moved);
    };
    const branches: RingState['branches'] = [];
    for (const branch of state.branches)
      branches.push({ ...branch, digest: await again(branchKey(branch)) });
    const signers: RingState['signers'] = [];
    for (const signer of state.signers)
      signers.push({ ...signer, digest: await again(signerKey(signer)) });
    const lookup = { ...state.lookup, digest: await again(lookupKeyOf(state)) };
    const { log, nextLog } = state;
    return {
      ...state,
      keyArn,
      lookup,
      log: { ...log, digest: await again(logKeyOf(log)) },
      nextLog: nextLog && { ...nextLog, digest: await again(logKeyOf(nextLog)) },
      branches,
      signers,
    };
  }

  #context(kind: string, version: string): WrappingContext {
    return {
      'sr:vault': this.#vaultId,
      'sr:tenant': this.#tenantId,
      'sr:kind': kind,
      'sr:version': version,
    };
  }
}

/** The wrapped lookup key of a list. */
export function lookupKeyOf({ lookup }: RingState): WrappedKey {
  return { kind: 'lookup', ...lookup };
}

/** A wrapped log key. */
export function logKeyOf(log: RingState['log']): WrappedKey {
  return { kind: 'log', version: log.keyid, digest: log.digest };
}

/** The wrapped key of a branch version. */
export function branchKey(branch: RingState['branches'][number]): WrappedKey {
  return { kind: 'branch', version: branch.version, digest: branch.digest };
}

/** The wrapped private key of a signer. */
export function signerKey(signer: RingState['signers'][number]): WrappedKey {
  return { kind: signer.role, version: signer.keyid, digest: signer.digest };
}

/** Every wrapped key that a list names. */
export function keysOf(state: RingState): readonly WrappedKey[] {
  return [
    lookupKeyOf(state),
    ...[state.log, state.nextLog].filter((log) => log !== null).map(logKeyOf),
    ...state.branches.map(branchKey),
    ...state.signers.map(signerKey),
  ];
}

/** The log key of a list that has this raw public key. */
export function logKeyIn(
  { log, nextLog }: RingState,
  publicKey: Uint8Array,
): RingState['log'] | undefined {
  return [log, nextLog]
    .filter((key) => key !== null)
    .find((key) => equalBytes(der(key.spki).subarray(-32), publicKey));
}

/** A public key of a list, in SPKI DER. */
export function der(text: string): Uint8Array {
  return fromBase64(text) ?? new Uint8Array(0);
}
