// SPDX-License-Identifier: Apache-2.0
import { base64, fail, type Hex, hex, isStrongroomError, type Signer } from '../core/index.ts';
import {
  type KeyRef,
  LocalSigner,
  lookupKeyFor,
  type LookupUse,
  type ManagedKeyRing,
  rowVersion,
  unwrapKey,
  wrapKey,
} from '../keys/index.ts';
import { DEFAULT_LIMITS, KeyCache } from './kms-key-cache.ts';
import { RingList, type RingListParts } from './kms-ring-list.ts';
import type { KmsFoundingOptions, KmsKeyRingOptions } from './kms-ring-options.ts';
import { type RingState, RingStore } from './kms-ring-state.ts';
import { isSameKey } from './kms-service.ts';
import { KmsSigner } from './kms-signer.ts';
import { der, keysOf, logKeyIn, logKeyOf, lookupKeyOf, WrappedKeys } from './kms-wrapped-keys.ts';

/**
 * A key ring whose keys are wrapped by AWS KMS, under an encryption context of opaque ids, and lie in an object store
 * that may be hostile. Each is unwrapped once and kept for a limited time and number of uses, so that a query asks the
 * service nothing. The root key never leaves the service; log key and delegated keys are Ed25519 and sign here.
 *
 * Besides the errors of its port all methods throw {@link KMS_KEY_DISABLED}, {@link KMS_KEY_DELETION}, {@link SERVICE_DENIED} and
 * the other errors of AWS calls. The service's refusal makes the ring forget what it holds in memory but for the lookup key.
 */
export class KmsKeyRing implements ManagedKeyRing {
  readonly #options: KmsKeyRingOptions;
  readonly #keys: WrappedKeys;
  readonly #cache: KeyCache;
  readonly #lookup: Uint8Array;
  readonly #lookupKeys = new Map<LookupUse, Uint8Array>();
  readonly #list: RingList;
  #readAt: number;

  private constructor(options: KmsKeyRingOptions, list: RingList, lookup: Uint8Array) {
    this.#options = options;
    this.#keys = keysFor(options);
    this.#cache = new KeyCache(options.clock, { ...DEFAULT_LIMITS, ...options.limits });
    this.#lookup = lookup;
    this.#list = list;
    this.#readAt = options.clock.now();
  }

  /**
   * Makes and stores a new ring: log key, lookup key and a first branch key; the root key is in the service already.
   * @throws {VAULT_EXISTS} when the store holds one; {@link USAGE} for a root key that cannot sign for a log
   */
  static async create(options: KmsFoundingOptions): Promise<KmsKeyRing> {
    const { service, random, vaultId, tenantId } = options;
    const keyArn = await service.describe(options.keyId);
    const rootArn = await service.describe(options.rootKeyId);
    const root = new KmsSigner(service, rootArn, await service.publicKey(rootArn));
    const keys = keysFor(options);
    const lookup = random.bytes(32);
    const version = hex(random.bytes(16));
    const list = await RingList.create(partsOf(options, lookup), {
      v: 'sr/kms-ring/v1',
      vaultId,
      tenantId,
      epoch: 1,
      keyArn,
      root: { keyArn: rootArn, spki: base64(root.spki) },
      log: await keys.newSigner(keyArn, 'log', random),
      nextLog: null,
      lookup: { version, digest: await keys.wrap(keyArn, 'lookup', version, lookup.slice()) },
      branches: [await keys.newBranch(keyArn, options)],
      signers: [],
      doomed: [],
    });
    return new KmsKeyRing(options, list, lookup);
  }

  /**
   * Opens the ring of a vault: one call that decrypts, for the lookup key.
   * @throws {KEYRING_MISSING} {@link KEYRING_INVALID}
   * @throws {ROLLBACK} when the store shows an older ring than this machine has seen
   */
  static async open(options: KmsKeyRingOptions): Promise<KmsKeyRing> {
    const keyArn = await options.service.describe(options.keyId);
    for (let isLast = false; ; isLast = true) {
      const stored = await storeFor(options).read();
      if (!isSameKey(stored.state.keyArn, keyArn))
        throw fail('KEYRING_INVALID', 'the key ring is wrapped by another key than the configured');
      try {
        const lookup = await keysFor(options).unwrap(keyArn, lookupKeyOf(stored.state));
        const list = await RingList.open(partsOf(options, lookup), stored);
        return new KmsKeyRing(options, list, lookup);
      } catch (error) {
        // A writer may have replaced the wrapped keys after the list was read.
        if (isLast || !isStrongroomError(error, 'KEY_UNAVAILABLE')) throw error;
      }
    }
  }

  get vaultId(): string {
    return this.#options.vaultId;
  }

  get tenantId(): string {
    return this.#options.tenantId;
  }

  get branchVersion(): Hex {
    return this.#list.state.branches.at(-1)?.version ?? '';
  }

  get branchVersions(): readonly Hex[] {
    return this.#list.state.branches.map(({ version }) => version);
  }

  get logPublicKey(): Uint8Array {
    return der(this.#list.state.log.spki).subarray(-32);
  }

  /** The lookup key stays while the ring is open: everything that was found by it is in memory, too. */
  lookupKey(use: LookupUse): Uint8Array {
    let key = this.#lookupKeys.get(use);
    if (key === undefined) {
      key = lookupKeyFor(this.#lookup, use);
      this.#lookupKeys.set(use, key);
    }
    return key;
  }

  async wrap(ref: KeyRef, dek: Uint8Array): Promise<Uint8Array> {
    const { clock, followEvery = 60_000, random } = this.#options;
    if (Math.abs(clock.now() - this.#readAt) >= followEvery) await this.#follow();
    const version = this.branchVersion;
    return this.#with('branch', version, (key) => wrapKey({ version, key }, ref, dek, random));
  }

  unwrap(ref: KeyRef, row: Uint8Array): Promise<Uint8Array> {
    const version = rowVersion(row);
    return this.#with('branch', version, (key) => unwrapKey({ version, key }, ref, row));
  }

  signers(role: string): readonly Signer[] {
    const { root, signers } = this.#list.state;
    if (role === 'root') return [new KmsSigner(this.#options.service, root.keyArn, der(root.spki))];
    const own = signers.filter((signer) => signer.role === role);
    return own.map((signer) => this.#signer(role, signer)).reverse();
  }

  async signNote(text: Uint8Array, publicKey: Uint8Array): Promise<Uint8Array> {
    // Another machine may have made the wanted key.
    if (logKeyIn(this.#list.state, publicKey) === undefined) await this.#follow();
    return this.#signer('log', this.#logKey(this.#list.state, publicKey)).sign(text);
  }

  async nextLogKey(current: Uint8Array): Promise<Uint8Array> {
    const made = await this.#newSigner('log');
    await this.#change((state) => {
      const log = this.#logKey(state, current);
      // One that is in force already is not next, and the one before it never comes back.
      const isNext = log.keyid === state.log.keyid && state.nextLog !== null;
      return isNext ? state : { ...state, log, nextLog: made };
    });
    const { nextLog } = this.#list.state;
    if (nextLog?.keyid !== made.keyid) await this.#keys.destroy([logKeyOf(made)]);
    return der(nextLog?.spki ?? '').subarray(-32);
  }

  async keepLogKey(publicKey: Uint8Array): Promise<void> {
    await this.#change((state) => {
      return { ...state, log: this.#logKey(state, publicKey), nextLog: null };
    });
  }

  async addSigner(role: string): Promise<Signer> {
    const key = await this.#newSigner(role);
    const made = { ...key, role };
    await this.#change((state) => ({ ...state, signers: [...state.signers, made] }));
    return this.#signer(role, made);
  }

  /** A new branch key version; the other keys are encrypted again under the newest material of the service's key. */
  async rotateBranch(): Promise<Hex> {
    const made = await this.#keys.newBranch(this.#list.state.keyArn, this.#options);
    await this.#change(async (state) => {
      const renewed = await this.#keys.renew(state, state.keyArn);
      return { ...renewed, branches: [...renewed.branches, made] };
    });
    return made.version;
  }

  /** Destroys wrapped branch keys. @throws {KEY_BRANCH_RECENT} for one that other writers may still use */
  async dropBranches(versions: readonly Hex[]): Promise<void> {
    const { clock, forgetAfter = 0 } = this.#options;
    await this.#change((state) => {
      const newest = state.branches.at(-1)?.version;
      const goes = (version: Hex): boolean => version !== newest && versions.includes(version);
      // A version was superseded when the next one was made.
      const tooLate = state.branches.slice(1).some(({ since }, at) => {
        const isRecent = clock.now() - since < forgetAfter;
        return isRecent && goes(state.branches[at]?.version ?? '');
      });
      if (tooLate)
        throw fail('KEY_BRANCH_RECENT', 'other writers may still wrap with a superseded key');
      const branches = state.branches.filter(({ version }) => !goes(version));
      return { ...state, branches };
    });
  }

  /** Wraps everything by another key of the service, which opened rings have to name from now on. */
  async moveTo(keyId: string): Promise<void> {
    const keyArn = await this.#options.service.describe(keyId);
    await this.#change((state) => this.#keys.renew(state, keyArn));
  }

  /** Forgets every key in memory but for the lookup key; the next use asks the service again. */
  forget(): void {
    this.#cache.clear();
  }

  async #with<T>(kind: string, version: string, work: (bytes: Uint8Array) => T): Promise<T> {
    return this.#cache.use(`${kind} ${version}`, () => this.#unwrapped(kind, version), work);
  }

  /** Another writer may have rotated, or replaced the wrapped keys, since the list was read. */
  async #unwrapped(kind: string, version: string): Promise<Uint8Array> {
    const unwrap = async (): Promise<Uint8Array> => {
      const { state } = this.#list;
      const key = keysOf(state).find((one) => one.kind === kind && one.version === version);
      if (key === undefined)
        throw fail('KEY_UNAVAILABLE', 'the key ring does not hold this key', { kind });
      return this.#keys.unwrap(state.keyArn, key);
    };
    try {
      return await unwrap();
    } catch (error) {
      if (!isStrongroomError(error, 'KEY_UNAVAILABLE')) throw error;
      await this.#follow();
      return unwrap();
    }
  }

  #newSigner(kind: string): Promise<RingState['log']> {
    return this.#keys.newSigner(this.#list.state.keyArn, kind, this.#options.random);
  }

  #logKey(state: RingState, publicKey: Uint8Array): RingState['log'] {
    const key = logKeyIn(state, publicKey);
    if (key === undefined) throw fail('KEY_UNAVAILABLE', 'the key ring does not hold this log key');
    return key;
  }

  #signer(kind: string, key: { readonly keyid: Hex; readonly spki: string }): Signer {
    const sign = (message: Uint8Array): Promise<Uint8Array> =>
      this.#with(kind, key.keyid, (pkcs8) => new LocalSigner(pkcs8).signNow(message));
    return { keyid: key.keyid, spki: der(key.spki), sign };
  }

  async #follow(): Promise<void> {
    await this.#list.follow();
    this.#readAt = this.#options.clock.now();
  }

  async #change(work: (state: RingState) => RingState | Promise<RingState>): Promise<void> {
    const gone = await this.#list.change(async (state) => work(state));
    for (const { kind, version } of gone) this.#cache.drop(`${kind} ${version}`);
  }
}

function storeFor({ objects, tenantId }: KmsKeyRingOptions): RingStore {
  return new RingStore(objects, tenantId);
}

function keysFor(options: KmsKeyRingOptions): WrappedKeys {
  const { service, vaultId, tenantId } = options;
  return new WrappedKeys(service, storeFor(options), vaultId, tenantId);
}

function partsOf(options: KmsKeyRingOptions, lookup: Uint8Array): RingListParts {
  const { vaultId, tenantId, memory } = options;
  const [store, keys] = [storeFor(options), keysFor(options)];
  return { vaultId, tenantId, store, keys, memory, macKey: lookupKeyFor(lookup, 'ring') };
}
