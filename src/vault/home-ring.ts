// SPDX-License-Identifier: Apache-2.0
// The key ring of a vault: a private file of the home directory, or keys in a key service.
import type { KmsKeyRingOptions } from '../aws/index.ts';
import { fail } from '../core/index.ts';
import type { Clock, ObjectStore, Random } from '../core/index.ts';
import { LocalKeyRing, type ManagedKeyRing } from '../keys/index.ts';
import type { VaultConfig } from './config.ts';
import type { AwsAccess } from './home-parts.ts';

/** What decides where the keys are. */
export interface RingOptions {
  /** STRONGROOM_HOME. */
  readonly home: string;
  readonly config: VaultConfig;
  readonly objects: ObjectStore;
  readonly passphrase: string | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly aws: AwsAccess;
}

const SECOND = 1000;
/** Several machines write; what one of them wraps may wait this long for its place in the log. */
const FORGET_AFTER = 3600;

/** Opens the key ring where the configuration says. @throws the errors of the ring */
export async function openRing(options: RingOptions): Promise<ManagedKeyRing> {
  const service = await inService(options);
  if (service === null) return LocalKeyRing.open(localOptions(options));
  const { KmsKeyRing } = await import('../aws/index.ts');
  return KmsKeyRing.open(service);
}

/** Makes the key ring of a new vault. @throws the errors of the ring */
export async function createRing(options: RingOptions): Promise<ManagedKeyRing> {
  const service = await inService(options);
  if (service === null) return LocalKeyRing.create(localOptions(options));
  const rootKeyId = options.config.home?.keys?.kms.rootKeyId;
  if (rootKeyId === undefined)
    throw fail('CONFIG_INVALID', 'home: keys.kms.rootKeyId: a new vault needs a root key');
  const { KmsKeyRing } = await import('../aws/index.ts');
  return KmsKeyRing.create({ ...service, rootKeyId });
}

function localOptions({ home, config, passphrase, random }: RingOptions) {
  const { vaultId, tenantId } = config;
  return { home, vaultId, tenantId, passphrase, random };
}

/** The SDK is loaded only where keys are in the service. */
async function inService(options: RingOptions): Promise<KmsKeyRingOptions | null> {
  const { config, home, objects, clock, random, aws, passphrase } = options;
  const kms = config.home?.keys?.kms;
  if (kms === undefined) return null;
  if (passphrase !== null)
    throw fail('USAGE', 'keys in a key service have no passphrase: unset it');
  const { FileRingMemory, KmsService } = await import('../aws/index.ts');
  const { vaultId, tenantId } = config;
  const { region, endpoint, keyId, maxAge, forgetAfter = FORGET_AFTER } = kms;
  return {
    vaultId,
    tenantId,
    objects,
    service: new KmsService({ ...aws, region, endpoint }),
    memory: new FileRingMemory(home, vaultId, tenantId),
    clock,
    random,
    keyId,
    forgetAfter: forgetAfter * SECOND,
    ...(maxAge !== undefined && { limits: { maxAge: maxAge * SECOND } }),
  };
}
