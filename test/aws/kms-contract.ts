// SPDX-License-Identifier: Apache-2.0
// What a key management service does, as far as anything here relies on it: the fake must do all of it, and for each
// emulator it is written down what it does not.
import * as K from '@aws-sdk/client-kms';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { awsClient, type AwsConnection } from '../../src/aws/index.ts';

const CONTEXT = { tenant: 't1', doc: 'd1' };
const MESSAGE = Buffer.from('manifest'.repeat(20));
const KEY_BYTES = 32;

/** A client with the few calls that every check makes. */
class Service {
  readonly client: K.KMSClient;

  constructor(connection: AwsConnection) {
    this.client = awsClient(K.KMSClient, connection);
  }

  async newKey(input: K.CreateKeyCommandInput = {}): Promise<string> {
    const { KeyMetadata } = await this.client.send(new K.CreateKeyCommand(input));
    return KeyMetadata?.KeyId ?? '';
  }

  dataKey(KeyId: string): Promise<K.GenerateDataKeyCommandOutput> {
    const command = new K.GenerateDataKeyCommand({
      KeyId,
      KeySpec: 'AES_256',
      EncryptionContext: CONTEXT,
    });
    return this.client.send(command);
  }

  async decrypt(
    blob: Uint8Array | undefined,
    more: Partial<K.DecryptCommandInput> = {},
  ): Promise<Buffer> {
    const input = { CiphertextBlob: blob, EncryptionContext: CONTEXT, ...more };
    const { Plaintext } = await this.client.send(new K.DecryptCommand(input));
    return Buffer.from(Plaintext ?? []);
  }

  signingKey(spec: K.KeySpec): Promise<string> {
    return this.newKey({ KeySpec: spec, KeyUsage: 'SIGN_VERIFY' });
  }

  async sign(
    KeyId: string,
    SigningAlgorithm: K.SigningAlgorithmSpec,
    more: Partial<K.SignCommandInput> = {},
  ): Promise<Buffer> {
    const input = { KeyId, Message: MESSAGE, SigningAlgorithm, ...more };
    const { Signature } = await this.client.send(new K.SignCommand(input));
    return Buffer.from(Signature ?? []);
  }

  async publicKey(KeyId: string) {
    const { PublicKey } = await this.client.send(new K.GetPublicKeyCommand({ KeyId }));
    return createPublicKey({ key: Buffer.from(PublicKey ?? []), format: 'der', type: 'spki' });
  }
}

async function refused(call: Promise<unknown>, name: string): Promise<void> {
  const outcome = await call.then(
    () => 'no refusal',
    (error: unknown) => (error as Error).name,
  );
  expect(outcome).toBe(name);
}

type Check = (service: Service) => Promise<void>;

const ENCRYPTION: Readonly<Record<string, Check>> = {
  'a data key is decrypted again under its context, in any order': async (kms) => {
    const made = await kms.dataKey(await kms.newKey());
    expect(made.Plaintext).toHaveLength(KEY_BYTES);
    const context = { EncryptionContext: { doc: 'd1', tenant: 't1' } };
    expect(await kms.decrypt(made.CiphertextBlob, context)).toEqual(Buffer.from(made.Plaintext!));
  },
  'another context, or none, is refused': async (kms) => {
    const { CiphertextBlob } = await kms.dataKey(await kms.newKey());
    for (const EncryptionContext of [{ tenant: 't2', doc: 'd1' }, { tenant: 't1' }, undefined])
      await refused(
        kms.decrypt(CiphertextBlob, { EncryptionContext }),
        'InvalidCiphertextException',
      );
  },
  'contexts that read alike without their lengths are refused': async (kms) => {
    const { CiphertextBlob } = await kms.dataKey(await kms.newKey());
    for (const EncryptionContext of [{ tenan: 'tt1', doc: 'd1' }, { doc: 'd1tenantt1' }])
      await refused(
        kms.decrypt(CiphertextBlob, { EncryptionContext: EncryptionContext }),
        'InvalidCiphertextException',
      );
  },
  'a ciphertext with one bit turned over is refused': async (kms) => {
    const { CiphertextBlob } = await kms.dataKey(await kms.newKey());
    const altered = Buffer.from(CiphertextBlob!);
    altered[altered.length - 1]! ^= 1;
    await refused(kms.decrypt(altered), 'InvalidCiphertextException');
  },
  'a key that did not make the ciphertext is refused by name': async (kms) => {
    const { CiphertextBlob } = await kms.dataKey(await kms.newKey());
    const other = await kms.newKey();
    await refused(kms.decrypt(CiphertextBlob, { KeyId: other }), 'IncorrectKeyException');
  },
  'the answer names the key by its ARN': async (kms) => {
    const id = await kms.newKey();
    const { KeyId } = await kms.dataKey(id);
    expect(KeyId).toMatch(new RegExp(`^arn:aws:kms:us-east-1:\\d{12}:key/${id}$`));
  },
  'more than 4,096 bytes are not encrypted': async (kms) => {
    const input = { KeyId: await kms.newKey(), Plaintext: Buffer.alloc(4097) };
    await refused(kms.client.send(new K.EncryptCommand(input)), 'ValidationException');
  },
  'a dry run does nothing and says so': async (kms) => {
    const input = { KeyId: await kms.newKey(), Plaintext: MESSAGE, DryRun: true };
    await refused(kms.client.send(new K.EncryptCommand(input)), 'DryRunOperationException');
  },
  'ReEncrypt moves a ciphertext to another key and context': async (kms) => {
    const [one, two] = [await kms.newKey(), await kms.newKey()];
    const { CiphertextBlob, Plaintext } = await kms.dataKey(one);
    const input = { CiphertextBlob, DestinationKeyId: two };
    const context = { DestinationEncryptionContext: { x: 'y' }, SourceEncryptionContext: CONTEXT };
    const moved = await kms.client.send(new K.ReEncryptCommand({ ...input, ...context }));
    const opened = await kms.decrypt(moved.CiphertextBlob, { EncryptionContext: { x: 'y' } });
    expect(opened).toEqual(Buffer.from(Plaintext!));
  },
  'ReEncrypt under another source context is refused': async (kms) => {
    const one = await kms.newKey();
    const { CiphertextBlob } = await kms.dataKey(one);
    const input = { CiphertextBlob, DestinationKeyId: one, SourceEncryptionContext: { a: 'b' } };
    await refused(kms.client.send(new K.ReEncryptCommand(input)), 'InvalidCiphertextException');
  },
  'after a rotation older ciphertexts still open': async (kms) => {
    const KeyId = await kms.newKey();
    const { CiphertextBlob, Plaintext } = await kms.dataKey(KeyId);
    await kms.client.send(new K.EnableKeyRotationCommand({ KeyId }));
    const status = await kms.client.send(new K.GetKeyRotationStatusCommand({ KeyId }));
    expect(status.KeyRotationEnabled).toBe(true);
    await kms.client.send(new K.RotateKeyOnDemandCommand({ KeyId }));
    expect(await kms.decrypt(CiphertextBlob)).toEqual(Buffer.from(Plaintext!));
  },
};

const STATES: Readonly<Record<string, Check>> = {
  'a disabled key neither encrypts nor decrypts, and does again when enabled': async (kms) => {
    const KeyId = await kms.newKey();
    const { CiphertextBlob } = await kms.dataKey(KeyId);
    await kms.client.send(new K.DisableKeyCommand({ KeyId }));
    await refused(kms.decrypt(CiphertextBlob), 'DisabledException');
    await refused(kms.dataKey(KeyId), 'DisabledException');
    await kms.client.send(new K.EnableKeyCommand({ KeyId }));
    await kms.decrypt(CiphertextBlob);
  },
  'a key pending deletion opens nothing until the deletion is cancelled': async (kms) => {
    const KeyId = await kms.newKey();
    const { CiphertextBlob } = await kms.dataKey(KeyId);
    const input = { KeyId, PendingWindowInDays: 7 };
    const answer = await kms.client.send(new K.ScheduleKeyDeletionCommand(input));
    expect(answer.KeyState).toBe('PendingDeletion');
    await refused(kms.decrypt(CiphertextBlob), 'KMSInvalidStateException');
    await kms.client.send(new K.CancelKeyDeletionCommand({ KeyId }));
    await kms.client.send(new K.EnableKeyCommand({ KeyId }));
    await kms.decrypt(CiphertextBlob);
  },
  'an unknown key is not found': async (kms) => {
    await refused(kms.dataKey('11111111-2222-3333-4444-555555555555'), 'NotFoundException');
  },
  'an alias names a key': async (kms) => {
    const TargetKeyId = await kms.newKey();
    const AliasName = `alias/strongroom-${TargetKeyId.slice(0, 8)}`;
    await kms.client.send(new K.CreateAliasCommand({ AliasName, TargetKeyId }));
    const { CiphertextBlob, KeyId } = await kms.dataKey(AliasName);
    expect(KeyId).toContain(TargetKeyId);
    await kms.decrypt(CiphertextBlob, { KeyId: TargetKeyId });
  },
  'a policy that denies everybody a call is enforced': async (kms) => {
    const KeyId = await kms.newKey();
    const { CiphertextBlob } = await kms.dataKey(KeyId);
    const everything = {
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::123456789012:root' },
      Action: 'kms:*',
      Resource: '*',
    };
    const no = { Effect: 'Deny', Principal: '*', Action: 'kms:Decrypt', Resource: '*' };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [everything, no] });
    await kms.client.send(new K.PutKeyPolicyCommand({ KeyId, PolicyName: 'default', Policy }));
    await refused(kms.decrypt(CiphertextBlob), 'AccessDeniedException');
  },
};

const CURVES = [
  ['ECC_NIST_P256', 'ECDSA_SHA_256', 'sha256'],
  ['ECC_NIST_P384', 'ECDSA_SHA_384', 'sha384'],
  ['ECC_NIST_EDWARDS25519', 'ED25519_SHA_512', null],
  ['ML_DSA_44', 'ML_DSA_SHAKE_256', null],
] as const;

const SIGNATURES: Readonly<Record<string, Check>> = {
  ...Object.fromEntries(
    CURVES.map(([spec, algorithm, hash]): [string, Check] => [
      `${spec} signs what everybody can verify, and nothing else`,
      async (kms) => {
        const KeyId = await kms.signingKey(spec);
        const Signature = await kms.sign(KeyId, algorithm);
        const publicKey = await kms.publicKey(KeyId);
        expect(verify(hash, MESSAGE, publicKey, Signature)).toBe(true);
        expect(verify(hash, MESSAGE.subarray(1), publicKey, Signature)).toBe(false);
        const input = { KeyId, Signature, SigningAlgorithm: algorithm, Message: MESSAGE };
        const answer = await kms.client.send(new K.VerifyCommand(input));
        expect(answer.SignatureValid).toBe(true);
      },
    ]),
  ),
  'a digest is signed as it is given': async (kms) => {
    const KeyId = await kms.signingKey('ECC_NIST_P256');
    const Message = createHash('sha256').update(MESSAGE).digest();
    const input = { Message, MessageType: 'DIGEST' } as const;
    const Signature = await kms.sign(KeyId, 'ECDSA_SHA_256', input);
    expect(verify('sha256', MESSAGE, await kms.publicKey(KeyId), Signature)).toBe(true);
    const again = { ...input, KeyId, Signature, SigningAlgorithm: 'ECDSA_SHA_256' } as const;
    expect((await kms.client.send(new K.VerifyCommand(again))).SignatureValid).toBe(true);
  },
  'a signature of another message is refused': async (kms) => {
    const KeyId = await kms.signingKey('ECC_NIST_P256');
    const Signature = await kms.sign(KeyId, 'ECDSA_SHA_256');
    const input = { KeyId, Signature, SigningAlgorithm: 'ECDSA_SHA_256' } as const;
    const other = new K.VerifyCommand({ ...input, Message: Buffer.from('other') });
    await refused(kms.client.send(other), 'KMSInvalidSignatureException');
  },
  'more than 4,096 bytes are not signed': async (kms) => {
    const KeyId = await kms.signingKey('ECC_NIST_P256');
    const call = kms.sign(KeyId, 'ECDSA_SHA_256', { Message: Buffer.alloc(4097) });
    await refused(call, 'ValidationException');
  },
  'a key that encrypts does not sign': async (kms) => {
    await refused(kms.sign(await kms.newKey(), 'ECDSA_SHA_256'), 'InvalidKeyUsageException');
  },
  'a disabled key does not sign': async (kms) => {
    const KeyId = await kms.signingKey('ECC_NIST_P256');
    await kms.client.send(new K.DisableKeyCommand({ KeyId }));
    await refused(kms.sign(KeyId, 'ECDSA_SHA_256'), 'DisabledException');
  },
};

/** Every check by its title. */
export const KMS_CHECKS: Readonly<Record<string, Check>> = {
  ...ENCRYPTION,
  ...STATES,
  ...SIGNATURES,
};

/**
 * Runs the contract.
 * @param deviations titles of checks that this service is known to fail: the test fails when it no longer does
 */
export function describeKms(
  name: string,
  connect: () => Promise<AwsConnection>,
  deviations: readonly string[] = [],
): void {
  describe(`${name}, as a key management service,`, () => {
    let service: Service;
    beforeAll(async () => {
      service = new Service(await connect());
    });

    for (const [title, check] of Object.entries(KMS_CHECKS)) {
      const expected = deviations.includes(title) ? it.fails : it;
      expected(title, () => check(service));
    }

    it('deviates in nothing that is no check', () => {
      expect(deviations.filter((title) => !(title in KMS_CHECKS))).toEqual([]);
    });
  });
}
