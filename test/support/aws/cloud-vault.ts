// SPDX-License-Identifier: Apache-2.0
// A vault whose objects, keys and model are all with stand-ins of services on this machine.
import * as K from '@aws-sdk/client-kms';
import { onTestFinished } from 'vitest';
import { awsClient } from '../../../src/aws/index.ts';
import {
  createVault,
  type HomeConfig,
  openVault,
  type ServiceSettings,
  type SessionOptions,
  type Vault,
} from '../../../src/vault/index.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { OFFICE, VaultWorld } from '../vault-world.ts';
import { testConnection } from './answering-server.ts';
import { type FakeKms, startFakeKms } from './fake-kms.ts';
import { type FakeModels, startFakeModels } from './fake-models.ts';
import { type FakeS3, startFakeS3 } from './fake-s3.ts';
import { homeAt, newHomeBuckets, TEST_ACCESS } from './s3-home.ts';

export const CLOUD_REGION = 'us-east-1';
export const TITAN = 'amazon.titan-embed-text-v2:0';
/** ARN of the model of {@link cloudSettings}. */
export const TITAN_ARN = `arn:aws:bedrock:${CLOUD_REGION}::foundation-model/${TITAN}`;

/** The stand-ins that vaults of a test file use. */
export interface CloudServices {
  readonly s3: FakeS3;
  readonly kms: FakeKms;
  readonly models: FakeModels;
  close(): Promise<void>;
}

/** Starts the stand-ins. */
export async function startCloud(): Promise<CloudServices> {
  const all = await Promise.all([startFakeS3(), startFakeKms(), startFakeModels()]);
  const [s3, kms, models] = all;
  const close = (): Promise<void> =>
    Promise.all(all.map((each) => each.close())).then(() => undefined);
  return { s3, kms, models, close };
}

/** A client of the key service with every right. */
export function kmsOf({ kms }: CloudServices): K.KMSClient {
  return awsClient(K.KMSClient, testConnection(kms.url));
}

/** A home with new buckets and new keys. */
export async function cloudHome(cloud: CloudServices, rootSpec: K.KeySpec): Promise<HomeConfig> {
  const newKey = async (input: K.CreateKeyCommandInput): Promise<string> =>
    (await kmsOf(cloud).send(new K.CreateKeyCommand(input))).KeyMetadata?.Arn ?? '';
  const keyId = await newKey({});
  const rootKeyId = await newKey({ KeySpec: rootSpec, KeyUsage: 'SIGN_VERIFY' });
  const { s3, kms } = cloud;
  const place = { region: CLOUD_REGION, endpoint: kms.url, keyId, rootKeyId, forgetAfter: 0 };
  return { ...homeAt(s3.url, newHomeBuckets(s3)), keys: { kms: place } };
}

/** Titan as the embedder, no other model, no public network. */
export function cloudSettings(
  { models }: CloudServices,
  more: Partial<ServiceSettings> = {},
): ServiceSettings {
  const model = { region: CLOUD_REGION, model: TITAN, dims: 256, endpoint: models.url };
  return { embedder: { bedrock: model }, models: [TITAN_ARN], network: 'vpc-only', ...more };
}

/** How a cloud vault differs from the usual one. */
export interface CloudOptions {
  readonly settings?: ServiceSettings;
  readonly rootSpec?: K.KeySpec;
}

/** A vault of the office in the cloud. */
export class CloudVault {
  readonly world: VaultWorld;
  readonly services: HomeConfig;

  constructor(world: VaultWorld, services: HomeConfig) {
    this.world = world;
    this.services = services;
  }

  /** Without documents. */
  static async founded(cloud: CloudServices, options: CloudOptions = {}): Promise<CloudVault> {
    const { settings = cloudSettings(cloud), rootSpec = 'ECC_NIST_EDWARDS25519' } = options;
    const services = await cloudHome(cloud, rootSpec);
    const world = new VaultWorld(temporaryFolder(), { services, aws: TEST_ACCESS });
    const { place, access } = world;
    await createVault({ ...place, services, settings, access });
    return new CloudVault(world, services);
  }

  /** With the documents of the office. */
  static async ingested(cloud: CloudServices, options?: CloudOptions): Promise<CloudVault> {
    const made = await CloudVault.founded(cloud, options);
    const { world } = made;
    for (const [name, content] of Object.entries(OFFICE)) await world.write(name, content);
    const { access, documents } = world;
    const report = await made.use((vault) => vault.ingest([documents], { access }));
    if (report.failures.length > 0) throw new Error(JSON.stringify(report.failures));
    return made;
  }

  /** Opens the vault; it is closed when the test ends. */
  async open(more: Partial<SessionOptions> = {}): Promise<Vault> {
    const vault = await openVault({ ...this.world.place, ...more });
    onTestFinished(() => vault.close());
    return vault;
  }

  /** Opens the vault for one piece of work and closes it. */
  async use<T>(work: (vault: Vault) => Promise<T>): Promise<T> {
    const vault = await openVault(this.world.place);
    try {
      return await work(vault);
    } finally {
      vault.close();
    }
  }

  /** ARN of the key that wraps. */
  get keyId(): string {
    return this.services.keys?.kms.keyId ?? '';
  }
}
