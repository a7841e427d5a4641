// SPDX-License-Identifier: Apache-2.0
import type { Hex, Signer } from '../core/index.ts';
import type { LookupUse } from './derive.ts';
import type { KeyRef } from './seal.ts';

/** The keys of one tenant of one vault: what unwraps, what looks up, what signs. */
export interface KeyRing {
  readonly vaultId: string;
  readonly tenantId: string;
  /** `K_x` of the tenant. */
  lookupKey(use: LookupUse): Uint8Array;
  /** Wraps a data key under the current branch key. */
  wrap(ref: KeyRef, dek: Uint8Array): Promise<Uint8Array>;
  /**
   * Unwraps a row, under whichever branch key version it names.
   * @throws {KEY_ROW_INVALID} when the row was altered or belongs elsewhere
   * @throws {KEY_UNAVAILABLE} when the ring does not hold that branch key version
   */
  unwrap(ref: KeyRef, row: Uint8Array): Promise<Uint8Array>;
  /** Version of the branch key that wraps new data keys. */
  readonly branchVersion: Hex;
  /** Keys that may sign in a role, newest first; the ledger decides which of them are live. */
  signers(role: string): readonly Signer[];
  /**
   * Raw Ed25519 signature of a log key over a checkpoint text.
   * @param publicKey raw public key of the one that is to sign: while the log key changes there are two
   * @throws {KEY_UNAVAILABLE} when the ring does not hold it
   */
  signNote(text: Uint8Array, publicKey: Uint8Array): Promise<Uint8Array>;
}

/** A key ring whose keys can be made and forgotten: what the owner of a vault holds. */
export interface ManagedKeyRing extends KeyRing {
  /** Raw Ed25519 public key of the log, as it was founded or last rotated. */
  readonly logPublicKey: Uint8Array;
  /**
   * Raw public key of the log key that is to follow `current`: the one made before and not in force yet, else a new one.
   * Durable on return.
   */
  nextLogKey(current: Uint8Array): Promise<Uint8Array>;
  /** Forgets every log key but this one, once the log goes on under it. Durable on return. */
  keepLogKey(publicKey: Uint8Array): Promise<void>;
  /** Versions of the branch key, oldest first. */
  readonly branchVersions: readonly Hex[];
  /** Makes and keeps a new key for a role; it counts once the root key has delegated it in the log. Durable on return. */
  addSigner(role: string): Promise<Signer>;
  /** Makes a new branch key version, which wraps all data keys from now on. Durable on return. */
  rotateBranch(): Promise<Hex>;
  /** Forgets branch key versions, never the newest: rows under them are then beyond recovery. Durable on return. */
  dropBranches(versions: readonly Hex[]): Promise<void>;
}
