// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { concat, type Hex, hex, type Random, sha256, type Signer } from '../core/index.ts';

const PKCS8_ED25519 = Uint8Array.from(Buffer.from('302e020100300506032b657004220420', 'hex'));

/** A new Ed25519 private key in PKCS #8 DER, from 32 random bytes (RFC 8410 section 7). */
export function newEd25519(random: Random): Uint8Array {
  return concat(PKCS8_ED25519, random.bytes(32));
}

/** A signer that holds its Ed25519 private key in this process. */
export class LocalSigner implements Signer {
  readonly keyid: Hex;
  readonly spki: Uint8Array;
  readonly #key: KeyObject;

  /** @param pkcs8 PKCS #8 DER */
  constructor(pkcs8: Uint8Array) {
    this.#key = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
    this.spki = createPublicKey(this.#key).export({ format: 'der', type: 'spki' });
    this.keyid = hex(sha256(this.spki));
  }

  /** The raw 32-byte public key. */
  get rawPublicKey(): Uint8Array {
    return this.spki.subarray(-32);
  }

  sign(message: Uint8Array): Promise<Uint8Array> {
    return Promise.resolve(this.signNow(message));
  }

  /** {@link LocalSigner.sign}, done on return. */
  signNow(message: Uint8Array): Uint8Array {
    return sign(null, message, this.#key);
  }
}
