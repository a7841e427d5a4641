// SPDX-License-Identifier: Apache-2.0
// The few calls of AWS KMS that a key ring makes, with every answer checked: the right key, context and algorithm.
import {
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GetPublicKeyCommand,
  KMSClient,
  type MessageType,
  ReEncryptCommand,
  SignCommand,
  type SigningAlgorithmSpec,
} from '@aws-sdk/client-kms';
import { fail, need, type StrongroomError } from '../core/index.ts';
import { awsError, isNamed } from './aws-error.ts';
import { awsClient, type AwsConnection } from './connection.ts';

/** Bytes that the service signs without being given a digest. */
export const LARGEST_RAW_MESSAGE = 4096;

/**
 * What a wrapped key belongs to. It stands in the audit trail of the account in clear, so it holds opaque ids only; to
 * open the key again exactly this has to be named.
 */
export interface WrappingContext {
  readonly 'sr:vault': string;
  readonly 'sr:tenant': string;
  /** `lookup`, `branch`, `log`, or the role of a signing key. */
  readonly 'sr:kind': string;
  /** Version of the key, or its id. */
  readonly 'sr:version': string;
}

/** A symmetric and a signing key of the service, by ARN. Its ARNs tell Region and account, and are no secrets. */
export class KmsService {
  readonly #client: KMSClient;
  readonly #region: string | undefined;

  constructor(connection: AwsConnection) {
    this.#client = awsClient(KMSClient, connection);
    this.#region = connection.region;
  }

  /**
   * The ARN of an enabled key, which an id, an alias or an ARN names.
   * @throws {KMS_KEY_DISABLED} {@link KMS_KEY_DELETION} {@link SERVICE_DENIED} {@link SERVICE_MISSING} and those of awsError
   */
  async describe(keyId: string): Promise<string> {
    const command = new DescribeKeyCommand({ KeyId: keyId });
    const { KeyMetadata } = await this.#call(keyId, () => this.#client.send(command));
    const { Arn, KeyState } = KeyMetadata ?? {};
    if (Arn === undefined) throw fail('SERVICE_FAILED', 'the key service does not name the key');
    if (KeyState !== 'Enabled') throw stateError(KeyState);
    return Arn;
  }

  /** Encrypts a key of at most 4,096 bytes. @throws as {@link KmsService.describe} does */
  async encrypt(keyArn: string, context: WrappingContext, key: Uint8Array): Promise<Uint8Array> {
    const command = new EncryptCommand({
      KeyId: this.#here(keyArn),
      Plaintext: key,
      EncryptionContext: { ...context },
      EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    });
    const answer = await this.#call(keyArn, () => this.#client.send(command));
    checkKey(answer.KeyId, keyArn);
    return given(answer.CiphertextBlob);
  }

  /**
   * Decrypts what this key encrypted under this context.
   * @throws {KEYRING_INVALID} when the bytes are other ones, or of another key or context
   */
  async decrypt(
    keyArn: string,
    context: WrappingContext,
    wrapped: Uint8Array,
  ): Promise<Uint8Array> {
    const command = new DecryptCommand({
      KeyId: this.#here(keyArn),
      CiphertextBlob: wrapped,
      EncryptionContext: { ...context },
      EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    });
    const answer = await this.#call(keyArn, () => this.#client.send(command));
    checkKey(answer.KeyId, keyArn);
    return given(answer.Plaintext);
  }

  /** Encrypts again under another key, or under the newest material of the same; the plaintext never leaves the service. */
  async reEncrypt(
    from: string,
    to: string,
    context: WrappingContext,
    wrapped: Uint8Array,
  ): Promise<Uint8Array> {
    const command = new ReEncryptCommand({
      SourceKeyId: this.#here(from),
      DestinationKeyId: this.#here(to),
      CiphertextBlob: wrapped,
      SourceEncryptionContext: { ...context },
      DestinationEncryptionContext: { ...context },
    });
    const answer = await this.#call(to, () => this.#client.send(command));
    checkKey(answer.SourceKeyId, from);
    checkKey(answer.KeyId, to);
    return given(answer.CiphertextBlob);
  }

  /** SPKI DER of a signing key. */
  async publicKey(keyArn: string): Promise<Uint8Array> {
    const command = new GetPublicKeyCommand({ KeyId: this.#here(keyArn) });
    const answer = await this.#call(keyArn, () => this.#client.send(command));
    checkKey(answer.KeyId, keyArn);
    if (answer.KeyUsage !== 'SIGN_VERIFY')
      throw fail('USAGE', 'the root key must be an asymmetric key that signs');
    return given(answer.PublicKey);
  }

  /** Signs a message, or a digest of one. Whoever uses the signature verifies it. */
  async sign(
    keyArn: string,
    algorithm: SigningAlgorithmSpec,
    message: Uint8Array,
    type: MessageType,
  ): Promise<Uint8Array> {
    const command = new SignCommand({
      KeyId: this.#here(keyArn),
      Message: message,
      MessageType: type,
      SigningAlgorithm: algorithm,
    });
    const answer = await this.#call(keyArn, () => this.#client.send(command));
    checkKey(answer.KeyId, keyArn);
    return given(answer.Signature);
  }

  /** The client, for calls that only administrators make. */
  get client(): KMSClient {
    return this.#client;
  }

  /** Runs a call; throws errors of ours. @param keyId the key whose state is looked at when the service refuses it */
  async #call<T>(keyId: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isNamed(error, 'DisabledException')) throw stateError('Disabled');
      if (isNamed(error, 'KMSInvalidStateException')) throw stateError(await this.#state(keyId));
      if (isNamed(error, 'InvalidCiphertextException', 'IncorrectKeyException')) {
        throw fail('KEYRING_INVALID', 'a wrapped key was altered, or is of another key or vault');
      }
      throw awsError('kms', error);
    }
  }

  async #state(keyId: string): Promise<string | undefined> {
    try {
      const command = new DescribeKeyCommand({ KeyId: this.#here(keyId) });
      return (await this.#client.send(command)).KeyMetadata?.KeyState;
    } catch {
      return undefined;
    }
  }

  /** The key's ARN in the Region of this client, which differs for a multi-Region key alone. */
  #here(keyArn: string): string {
    const parts = keyArn.split(':');
    if (this.#region === undefined || !isMultiRegion(keyArn)) return keyArn;
    return [...parts.slice(0, 3), this.#region, ...parts.slice(4)].join(':');
  }
}

/** Whether two ARNs name one key: a multi-Region key has one id and one account in all its Regions. */
export function isSameKey(a: string, b: string): boolean {
  if (a === b) return true;
  const [x, y] = [a.split(':'), b.split(':')];
  return isMultiRegion(a) && x[1] === y[1] && x[4] === y[4] && x[5] === y[5];
}

function isMultiRegion(keyArn: string): boolean {
  return keyArn.split(':')[5]?.startsWith('key/mrk-') === true;
}

function checkKey(answered: string | undefined, keyArn: string): void {
  const isOurs = answered !== undefined && isSameKey(answered, keyArn);
  need('INV-KMS-KEY', isOurs, 'SERVICE_FAILED', 'the key service used another key than was named');
}

function given(bytes: Uint8Array | undefined): Uint8Array {
  if (bytes === undefined) throw fail('SERVICE_FAILED', 'an answer of the key service is empty');
  return bytes;
}

function stateError(state: string | undefined): StrongroomError {
  const isDeleted = state === 'PendingDeletion' || state === 'PendingReplicaDeletion';
  return isDeleted
    ? fail('KMS_KEY_DELETION', 'the key of the key service is about to be deleted')
    : fail('KMS_KEY_DISABLED', 'the key of the key service may not be used in its state');
}
