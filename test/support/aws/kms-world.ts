// SPDX-License-Identifier: Apache-2.0
// A fake key service with the two keys of a vault, an object store, and rings over them.
import * as K from '@aws-sdk/client-kms';
import { onTestFinished } from 'vitest';
import {
  awsClient,
  type AwsConnection,
  FileRingMemory,
  type KmsFoundingOptions,
  KmsKeyRing,
  KmsService,
} from '../../../src/aws/index.ts';
import { systemRandom } from '../../../src/core/index.ts';
import { MemoryStore } from '../../../src/store/index.ts';
import { FixedClock } from '../fixed-clock.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type FakeKms, ROOT_CREDENTIALS, startFakeKms } from './fake-kms.ts';

/** Operations of the service that cost what a symmetric call costs. */
export const SYMMETRIC = ['Encrypt', 'Decrypt', 'ReEncrypt', 'GenerateDataKey'];
/** Those of asymmetric keys. */
export const ASYMMETRIC = ['Sign', 'Verify', 'GetPublicKey'];
/** Id of the vault of every world. */
export const KMS_VAULT = 'ab'.repeat(16);

/** One vault's keys in a fake service. */
export interface KmsWorld {
  readonly kms: FakeKms;
  readonly client: K.KMSClient;
  readonly clock: FixedClock;
  readonly objects: MemoryStore;
  /** ARN of the key that wraps. */
  readonly keyId: string;
  readonly rootKeyId: string;
  readonly connection: (more?: Partial<AwsConnection>) => AwsConnection;
  /** What a ring is made or opened by; each time as if on another machine, with a memory of its own. */
  readonly options: (more?: Partial<KmsFoundingOptions>) => KmsFoundingOptions;
  readonly newKey: (input?: K.CreateKeyCommandInput) => Promise<string>;
  readonly symmetricCalls: () => number;
}

/** A world whose root key has this spec. */
export async function kmsWorld(rootSpec: K.KeySpec = 'ECC_NIST_EDWARDS25519'): Promise<KmsWorld> {
  const kms = await startFakeKms();
  onTestFinished(() => kms.close());
  const connection = (more: Partial<AwsConnection> = {}): AwsConnection => ({
    region: 'us-east-1',
    endpoint: kms.url,
    credentials: ROOT_CREDENTIALS,
    attempts: 1,
    connectTimeout: 60_000,
    ...more,
  });
  const client = awsClient(K.KMSClient, connection());
  const newKey = async (input: K.CreateKeyCommandInput = {}): Promise<string> =>
    (await client.send(new K.CreateKeyCommand(input))).KeyMetadata?.Arn ?? '';
  const keyId = await newKey();
  const rootKeyId = await newKey({ KeySpec: rootSpec, KeyUsage: 'SIGN_VERIFY' });
  const clock = new FixedClock();
  const objects = new MemoryStore(clock);
  const tenantId = 'acme';
  return {
    kms,
    client,
    clock,
    objects,
    keyId,
    rootKeyId,
    connection,
    newKey,
    options: (more = {}) => ({
      vaultId: KMS_VAULT,
      tenantId,
      objects,
      clock,
      random: systemRandom,
      keyId,
      rootKeyId,
      service: new KmsService(connection()),
      memory: new FileRingMemory(temporaryFolder(), KMS_VAULT, tenantId),
      ...more,
    }),
    symmetricCalls: () => kms.count(...SYMMETRIC),
  };
}

/** A world with a ring in it. */
export async function ringWorld(
  rootSpec?: K.KeySpec,
): Promise<KmsWorld & { readonly ring: KmsKeyRing }> {
  const world = await kmsWorld(rootSpec);
  return { ...world, ring: await KmsKeyRing.create(world.options()) };
}
