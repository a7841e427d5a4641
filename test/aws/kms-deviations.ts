// SPDX-License-Identifier: Apache-2.0
// What the emulators of AWS are known to do otherwise than the service: titles of checks in kms-contract.ts that fail.
// The table in docs/cloud-emulators.md says the same.

/** moto 5.2.5. */
export const MOTO_DEVIATIONS: readonly string[] = [
  'contexts that read alike without their lengths are refused',
  'a key that did not make the ciphertext is refused by name',
  'a dry run does nothing and says so',
  'a disabled key neither encrypts nor decrypts, and does again when enabled',
  'a key pending deletion opens nothing until the deletion is cancelled',
  'a policy that denies everybody a call is enforced',
  'ECC_NIST_EDWARDS25519 signs what everybody can verify, and nothing else',
  'ML_DSA_44 signs what everybody can verify, and nothing else',
  'a digest is signed as it is given',
  'a signature of another message is refused',
  'more than 4,096 bytes are not signed',
  'a key that encrypts does not sign',
  'a disabled key does not sign',
];

/** MiniStack 1.5.33. */
export const MINISTACK_DEVIATIONS: readonly string[] = [
  'a ciphertext with one bit turned over is refused',
  'a key that did not make the ciphertext is refused by name',
  'more than 4,096 bytes are not encrypted',
  'a dry run does nothing and says so',
  'ReEncrypt moves a ciphertext to another key and context',
  'ReEncrypt under another source context is refused',
  'after a rotation older ciphertexts still open',
  'a policy that denies everybody a call is enforced',
  'ML_DSA_44 signs what everybody can verify, and nothing else',
  'more than 4,096 bytes are not signed',
  'a key that encrypts does not sign',
];
