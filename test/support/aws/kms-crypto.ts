// SPDX-License-Identifier: Apache-2.0
// What the fake KMS does with keys: data keys, encryption, signatures.
import { randomBytes } from 'node:crypto';
import { base64 } from '../../../src/core/index.ts';
import type { KmsAccount, KmsAnswer, KmsOperations, KmsRequest } from './kms-account.ts';
import { authorise } from './kms-authority.ts';
import { KmsError } from './kms-input.ts';
import {
  decrypt,
  encrypt,
  type KeyMaterial,
  type KmsKey,
  LARGEST_MESSAGE,
  requireUsable,
} from './kms-key.ts';
import { ALGORITHM, publicKeyOf, signWith, verifyWith } from './kms-signatures.ts';

const SYMMETRIC = 'SYMMETRIC_DEFAULT';
/** Bytes of a ciphertext or signature that the service takes. */
const LARGEST_BLOB = 6144;

/** Cryptographic operations. */
export const CRYPTO: KmsOperations = {
  Encrypt(account, request) {
    const key = account.usable(request, { context: 'EncryptionContext' });
    const context = request.input.texts('EncryptionContext');
    const blob = encrypt(key, request.input.blob('Plaintext', LARGEST_MESSAGE), context);
    return { CiphertextBlob: base64(blob), KeyId: key.arn, EncryptionAlgorithm: SYMMETRIC };
  },
  Decrypt(account, request) {
    const blob = request.input.blob('CiphertextBlob', LARGEST_BLOB);
    const key = account.keyOf(blob, 'KeyId', request);
    const context = request.input.texts('EncryptionContext');
    authorise(key, { ...request.caller, operation: 'Decrypt', context });
    requireUsable(key, 'ENCRYPT_DECRYPT');
    const plaintext = base64(decrypt(key, blob, context));
    return { KeyId: key.arn, Plaintext: plaintext, EncryptionAlgorithm: SYMMETRIC };
  },
  ReEncrypt: reEncrypt,
  GenerateDataKey: dataKey,
  GenerateDataKeyWithoutPlaintext(account, request) {
    const { KeyId, CiphertextBlob } = dataKey(account, request);
    return { KeyId, CiphertextBlob };
  },
  GenerateRandom(_, { input }) {
    return { Plaintext: base64(randomBytes(input.number('NumberOfBytes'))) };
  },
  GetPublicKey(account, request) {
    const key = account.usable(request, { usage: 'SIGN_VERIFY' });
    const { spec, usage, arn } = key;
    const facts = { KeySpec: spec, KeyUsage: usage, SigningAlgorithms: [ALGORITHM[spec]] };
    return { KeyId: arn, PublicKey: base64(publicKeyOf(privateKeyOf(key))), ...facts };
  },
  Sign(account, request) {
    const { key, algorithm, signed } = signing(account, request);
    const signature = base64(signWith(key.spec, privateKeyOf(key), signed));
    return { KeyId: key.arn, Signature: signature, SigningAlgorithm: algorithm };
  },
  Verify(account, request) {
    const { key, algorithm, signed } = signing(account, request);
    const signature = request.input.blob('Signature', LARGEST_BLOB);
    if (!verifyWith(key.spec, privateKeyOf(key), signed, signature))
      throw new KmsError('KMSInvalidSignatureException', '');
    return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm: algorithm };
  },
};

function reEncrypt(account: KmsAccount, request: KmsRequest): KmsAnswer {
  const { input, caller } = request;
  const blob = input.blob('CiphertextBlob', LARGEST_BLOB);
  const source = account.keyOf(blob, 'SourceKeyId', request);
  const target = account.find(input.text('DestinationKeyId'), caller);
  const [from, to] = [
    input.texts('SourceEncryptionContext'),
    input.texts('DestinationEncryptionContext'),
  ];
  authorise(source, { ...caller, operation: 'ReEncryptFrom', context: from });
  authorise(target, { ...caller, operation: 'ReEncryptTo', context: to });
  requireUsable(source, 'ENCRYPT_DECRYPT');
  requireUsable(target, 'ENCRYPT_DECRYPT');
  const made = encrypt(target, decrypt(source, blob, from), to);
  return { CiphertextBlob: base64(made), SourceKeyId: source.arn, KeyId: target.arn };
}

function dataKey(account: KmsAccount, request: KmsRequest): KmsAnswer {
  const { input } = request;
  const key = account.usable(request, { context: 'EncryptionContext' });
  const bySpec = input.has('KeySpec') && input.text('KeySpec') === 'AES_128' ? 16 : 32;
  const plaintext = randomBytes(input.number('NumberOfBytes', bySpec));
  const blob = encrypt(key, plaintext, input.texts('EncryptionContext'));
  return { KeyId: key.arn, Plaintext: base64(plaintext), CiphertextBlob: base64(blob) };
}

interface Signing {
  readonly key: KmsKey;
  readonly algorithm: string;
  readonly signed: { readonly message: Uint8Array; readonly isDigest: boolean };
}

function signing(account: KmsAccount, request: KmsRequest): Signing {
  const { input } = request;
  const key = account.usable(request, { usage: 'SIGN_VERIFY' });
  const algorithm = input.text('SigningAlgorithm');
  if (algorithm !== ALGORITHM[key.spec])
    throw new KmsError('InvalidKeyUsageException', `${algorithm} is not valid for ${key.spec}`);
  const isDigest = input.text('MessageType', 'RAW') === 'DIGEST';
  return { key, algorithm, signed: { message: input.blob('Message', LARGEST_MESSAGE), isDigest } };
}

function privateKeyOf({ material }: KmsKey): NonNullable<KeyMaterial['privateKey']> {
  return material.privateKey as NonNullable<KeyMaterial['privateKey']>;
}
