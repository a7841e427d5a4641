// SPDX-License-Identifier: Apache-2.0
import type { Clock, ObjectStore, Random } from '../core/index.ts';
import type { KeyLimits } from './kms-key-cache.ts';
import type { RingMemory } from './kms-ring-state.ts';
import type { KmsService } from './kms-service.ts';

/** Where the keys of a tenant are. */
export interface KmsKeyRingOptions {
  readonly vaultId: string;
  readonly tenantId: string;
  /** Where the wrapped keys lie; it may be hostile. */
  readonly objects: ObjectStore;
  readonly service: KmsService;
  /** Newest ring that this machine has seen. */
  readonly memory: RingMemory;
  readonly clock: Clock;
  readonly random: Random;
  /** The symmetric key that wraps, by ARN, id or alias. A ring that is opened must be wrapped by exactly this one. */
  readonly keyId: string;
  readonly limits?: Partial<KeyLimits>;
  /** Milliseconds after which a writer looks whether another has rotated the branch key; default one minute. */
  readonly followEvery?: number;
  /**
   * Milliseconds for which a superseded branch key is not forgotten, since other writers may still wrap with it; default 0,
   * for one writer. With several it must exceed their `followEvery` and the longest ingestion of a document.
   */
  readonly forgetAfter?: number;
}

/** What founding a ring takes more. */
export interface KmsFoundingOptions extends KmsKeyRingOptions {
  /** The asymmetric key that signs delegations, policy and recovery: Ed25519, P-256 or ML-DSA-44. */
  readonly rootKeyId: string;
}
