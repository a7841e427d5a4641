// SPDX-License-Identifier: Apache-2.0
import type { SigningAlgorithmSpec } from '@aws-sdk/client-kms';
import { fail, type Hex, need, sha256, type Signer } from '../core/index.ts';
import {
  type KeyAlgorithm,
  parsePublicKey,
  type PublicKey,
  verifySignature,
} from '../provenance/index.ts';
import { type KmsService, LARGEST_RAW_MESSAGE } from './kms-service.ts';

const ALGORITHM: Readonly<Record<KeyAlgorithm, SigningAlgorithmSpec>> = {
  ed25519: 'ED25519_SHA_512',
  p256: 'ECDSA_SHA_256',
  'ml-dsa-44': 'ML_DSA_SHAKE_256',
};

/**
 * The root key of a vault in the key service: its private half never leaves the service. It signs delegations, policy and
 * recovery, so that no call of it stands on the way of a document or a query.
 */
export class KmsSigner implements Signer {
  readonly keyid: Hex;
  readonly spki: Uint8Array;
  readonly #service: KmsService;
  readonly #keyArn: string;
  readonly #key: PublicKey;

  /** @throws {USAGE} for a key of an algorithm that the log does not know: ECC_NIST_EDWARDS25519, ECC_NIST_P256, ML_DSA_44 */
  constructor(service: KmsService, keyArn: string, spki: Uint8Array) {
    const key = parsePublicKey(spki);
    if (key === null)
      throw fail('USAGE', 'a root key must be of Ed25519, ECDSA P-256 or ML-DSA-44');
    this.#service = service;
    this.#keyArn = keyArn;
    this.#key = key;
    this.spki = spki;
    this.keyid = key.keyid;
  }

  /**
   * Has the service sign a message.
   * @throws {ENTRY_TOO_LARGE} for more than the service takes; {@link SERVICE_FAILED} when the signature does not hold
   */
  async sign(message: Uint8Array): Promise<Uint8Array> {
    const { algorithm } = this.#key;
    // ECDSA signs a digest in any case; the other two must see the message.
    const byDigest = algorithm === 'p256' && message.length > LARGEST_RAW_MESSAGE;
    if (message.length > LARGEST_RAW_MESSAGE && !byDigest)
      throw fail('ENTRY_TOO_LARGE', 'the key service signs at most 4,096 bytes with this key');
    const signature = await this.#service.sign(
      this.#keyArn,
      ALGORITHM[algorithm],
      byDigest ? sha256(message) : message,
      byDigest ? 'DIGEST' : 'RAW',
    );
    const isValid = verifySignature(this.#key, message, signature);
    need('INV-KMS-SIGNATURE', isValid, 'SERVICE_FAILED', 'the key service gave no valid signature');
    return signature;
  }
}
