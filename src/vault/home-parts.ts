// SPDX-License-Identifier: Apache-2.0
// Where the parts of a vault lie that every machine shares: in files of the vault's folder, or with services.
import path from 'node:path';
import type { AwsConnection } from '../aws/index.ts';
import type { Clock, ObjectStore } from '../core/index.ts';
import type { LockStore } from '../provenance/index.ts';
import {
  FileStore,
  type KeyTable,
  lockPath,
  SqliteKeyTable,
  SqliteLockStore,
} from '../store/index.ts';
import type { VaultConfig } from './config.ts';
import type { HomeConfig } from './home-config.ts';
import { type HomeIndex, homeIndex, type SearchAccess } from './home-index.ts';

/** How services are called, beyond what the configuration names: credentials that are not the environment's, limits. */
export type AwsAccess = Omit<AwsConnection, 'region' | 'endpoint'>;

/** The shared parts of a vault, opened. */
export interface HomeParts {
  readonly objects: ObjectStore;
  readonly keys: KeyTable;
  /** Opens the sequencer's lock record. */
  openLocks(): LockStore & { close(): void };
  /** The search engine that holds the index; null where the index is in memory. */
  readonly engine: HomeIndex | null;
  /** Releases what was opened and ends calls under way. */
  close(): void;
}

/** What decides where the parts lie. */
export interface PartsOptions {
  /** The vault's folder. */
  readonly vault: string;
  /** STRONGROOM_HOME. */
  readonly home: string;
  readonly config: VaultConfig;
  readonly clock: Clock;
  /** Instead of the object store that the configuration names. */
  readonly objects?: ObjectStore | undefined;
  readonly aws?: AwsAccess | undefined;
  readonly search?: SearchAccess | undefined;
}

/** Opens the parts where the configuration says. Nothing is read yet. */
export async function openParts(options: PartsOptions): Promise<HomeParts> {
  const { home } = options.config;
  const parts = home === undefined ? filesOf(options) : await servicesOf(home, options);
  return { ...parts, objects: options.objects ?? parts.objects };
}

function filesOf({ vault, home, config }: PartsOptions): HomeParts {
  const keys = new SqliteKeyTable(path.join(vault, 'keys.sqlite'));
  return {
    objects: new FileStore(path.join(vault, 'store')),
    keys,
    openLocks: () => new SqliteLockStore(lockPath(home, config.vaultId, config.tenantId)),
    engine: null,
    close: () => {
      keys.close();
    },
  };
}

/** The SDK is loaded here and only here: a vault in files never pays for it. */
async function servicesOf(home: HomeConfig, options: PartsOptions): Promise<HomeParts> {
  const { S3KeyTable, S3LockStore, S3Store } = await import('../aws/index.ts');
  const { aws = {}, clock, config, search: access = {} } = options;
  const closing = new AbortController();
  const called = { ...aws, signal: closing.signal };
  const objects = new S3Store({ ...called, ...home.objects.s3, clock });
  const keys = new S3KeyTable({ ...called, ...home.keyTable.s3 });
  const engine =
    home.index === undefined
      ? null
      : await homeIndex(home.index.opensearch, { config, access, aws, env: process.env });
  return {
    objects,
    keys,
    engine,
    openLocks: () => new S3LockStore({ ...called, ...home.locks.s3 }, config.tenantId),
    close: () => {
      closing.abort();
      objects.close();
      keys.close();
      engine?.close();
    },
  };
}
