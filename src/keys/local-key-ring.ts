// SPDX-License-Identifier: Apache-2.0
import {
  base64,
  equalBytes,
  fail,
  fromBase64,
  fromHex,
  type Hex,
  hex,
  type Random,
  type Signer,
} from '../core/index.ts';
import { type LookupUse, lookupKeyFor } from './derive.ts';
import type { ManagedKeyRing } from './key-ring.ts';
import {
  type KeyRingLock,
  type KeyRingSecrets,
  readKeyRing,
  writeKeyRing,
} from './key-ring-file.ts';
import { LocalSigner, newEd25519 } from './local-signer.ts';
import type { KeyRef } from './seal.ts';
import { type BranchKey, rowVersion, unwrapKey, wrapKey } from './wrap.ts';

export type { KeyRingLock } from './key-ring-file.ts';

/** Where a local key ring lives and how it is locked. */
export interface LocalKeyRingOptions extends KeyRingLock {
  /** STRONGROOM_HOME. */
  readonly home: string;
  readonly vaultId: string;
  readonly tenantId: string;
  readonly random: Random;
}

/** A key ring in a private file of the home directory; its keys are in this process's memory while it is open. */
export class LocalKeyRing implements ManagedKeyRing {
  readonly #options: LocalKeyRingOptions;
  #secrets: KeyRingSecrets;
  readonly #lookupKeys = new Map<LookupUse, Uint8Array>();
  readonly #signers = new Map<string, LocalSigner>();

  private constructor(options: LocalKeyRingOptions, secrets: KeyRingSecrets) {
    this.#options = options;
    this.#secrets = secrets;
  }

  /** Makes and saves a new ring: root key, log key, lookup key and a first branch key. */
  static async create(options: LocalKeyRingOptions): Promise<LocalKeyRing> {
    const { random, tenantId, vaultId } = options;
    const ring = new LocalKeyRing(options, {
      v: 1,
      vaultId,
      root: base64(newEd25519(random)),
      log: base64(newEd25519(random)),
      tenants: { [tenantId]: { lookup: hex(random.bytes(32)), branch: [newBranch(random)] } },
      delegated: [],
    });
    await ring.#save(ring.#secrets);
    return ring;
  }

  /**
   * Opens the ring of a vault.
   * @throws {KEYRING_MISSING} {@link KEYRING_INVALID} {@link PASSPHRASE_NEEDED} {@link PASSPHRASE_WRONG}
   */
  static async open(options: LocalKeyRingOptions): Promise<LocalKeyRing> {
    const secrets = await readKeyRing(options.home, options.vaultId, options);
    const ring = new LocalKeyRing(options, secrets);
    ring.#tenant();
    return ring;
  }

  get vaultId(): string {
    return this.#options.vaultId;
  }

  get tenantId(): string {
    return this.#options.tenantId;
  }

  get branchVersion(): Hex {
    return this.#branch().version;
  }

  /** Versions of the branch key, oldest first. */
  get branchVersions(): readonly Hex[] {
    return this.#tenant().branch.map((branch) => branch.version);
  }

  /** Raw Ed25519 public key of the log. */
  get logPublicKey(): Uint8Array {
    return this.#signer(this.#secrets.log).rawPublicKey;
  }

  lookupKey(use: LookupUse): Uint8Array {
    let key = this.#lookupKeys.get(use);
    if (key === undefined) {
      key = lookupKeyFor(bytesOf(this.#tenant().lookup), use);
      this.#lookupKeys.set(use, key);
    }
    return key;
  }

  wrap(ref: KeyRef, dek: Uint8Array): Promise<Uint8Array> {
    return Promise.resolve(wrapKey(this.#branch(), ref, dek, this.#options.random));
  }

  // The promise keeps the port open for rings that must ask a service; errors arrive as rejections.
  // eslint-disable-next-line @typescript-eslint/require-await
  async unwrap(ref: KeyRef, row: Uint8Array): Promise<Uint8Array> {
    const version = rowVersion(row);
    const branch = this.#tenant().branch.find((candidate) => candidate.version === version);
    if (branch === undefined) {
      throw fail('KEY_UNAVAILABLE', 'the key ring does not hold this branch key version');
    }
    return unwrapKey({ version, key: bytesOf(branch.key) }, ref, row);
  }

  signers(role: string): readonly Signer[] {
    if (role === 'root')
      return this.#secrets.root === null ? [] : [this.#signer(this.#secrets.root)];
    const own = this.#secrets.delegated.filter((key) => key.role === role);
    return own.map((key) => this.#signer(key.pkcs8)).reverse();
  }

  async signNote(text: Uint8Array, publicKey: Uint8Array): Promise<Uint8Array> {
    return this.#signer(this.#logKey(publicKey)).sign(text);
  }

  async nextLogKey(current: Uint8Array): Promise<Uint8Array> {
    const log = this.#logKey(current);
    // One that is in force already is not next, and the one before it never comes back.
    const made = log === this.#secrets.log ? this.#secrets.nextLog : undefined;
    const nextLog = made ?? base64(newEd25519(this.#options.random));
    await this.#save({ ...this.#secrets, log, nextLog });
    return this.#signer(nextLog).rawPublicKey;
  }

  async keepLogKey(publicKey: Uint8Array): Promise<void> {
    const log = this.#logKey(publicKey);
    const secrets = { ...this.#secrets, log };
    delete secrets.nextLog;
    await this.#save(secrets);
  }

  /** Makes, keeps and saves a new key for a role; it counts once the root key has delegated it in the log. */
  async addSigner(role: string): Promise<Signer> {
    const pkcs8 = base64(newEd25519(this.#options.random));
    const signer = this.#signer(pkcs8);
    const delegated = [...this.#secrets.delegated, { keyid: signer.keyid, role, pkcs8 }];
    await this.#save({ ...this.#secrets, delegated });
    return signer;
  }

  /** Makes a new branch key version, which wraps all data keys from now on; old versions still unwrap. */
  async rotateBranch(): Promise<Hex> {
    const branch = newBranch(this.#options.random);
    await this.#save(this.#withBranches([...this.#tenant().branch, branch]));
    return branch.version;
  }

  /** Forgets branch key versions, once no row needs them: every row under them is then beyond recovery. */
  async dropBranches(versions: readonly Hex[]): Promise<void> {
    const kept = this.#tenant().branch.filter(
      (branch) => !versions.includes(branch.version) || branch.version === this.branchVersion,
    );
    await this.#save(this.#withBranches(kept));
  }

  #withBranches(branch: { version: string; key: string }[]): KeyRingSecrets {
    const tenants = {
      ...this.#secrets.tenants,
      [this.tenantId]: { ...this.#tenant(), branch },
    };
    return { ...this.#secrets, tenants };
  }

  #tenant(): KeyRingSecrets['tenants'][string] {
    const { tenants } = this.#secrets;
    // `constructor` is a tenant id like any other, and a property of every object.
    const tenant = Object.hasOwn(tenants, this.tenantId) ? tenants[this.tenantId] : undefined;
    if (tenant === undefined)
      throw fail('KEY_UNAVAILABLE', 'the key ring does not know this tenant');
    return tenant;
  }

  #branch(): BranchKey {
    const newest = this.#tenant().branch.at(-1);
    if (newest === undefined) throw fail('KEY_UNAVAILABLE', 'the key ring holds no branch key');
    return { version: newest.version, key: bytesOf(newest.key) };
  }

  #logKeys(): string[] {
    const { log, nextLog } = this.#secrets;
    return nextLog === undefined ? [log] : [log, nextLog];
  }

  #logKey(publicKey: Uint8Array): string {
    const isWanted = (pkcs8: string): boolean =>
      equalBytes(this.#signer(pkcs8).rawPublicKey, publicKey);
    const held = this.#logKeys().find(isWanted);
    if (held === undefined)
      throw fail('KEY_UNAVAILABLE', 'the key ring does not hold this log key');
    return held;
  }

  #signer(pkcs8: string): LocalSigner {
    let signer = this.#signers.get(pkcs8);
    if (signer === undefined) {
      signer = new LocalSigner(fromBase64(pkcs8) ?? new Uint8Array(0));
      this.#signers.set(pkcs8, signer);
    }
    return signer;
  }

  /** The file first: a data key that was wrapped under a key that is not in it would be lost with this process. */
  async #save(secrets: KeyRingSecrets): Promise<void> {
    const { home, random } = this.#options;
    await writeKeyRing(home, secrets, this.#options, random);
    this.#secrets = secrets;
  }
}

function newBranch(random: Random): { version: string; key: string } {
  return { version: hex(random.bytes(16)), key: hex(random.bytes(32)) };
}

function bytesOf(text: Hex): Uint8Array {
  return fromHex(text) ?? new Uint8Array(0);
}
