// SPDX-License-Identifier: Apache-2.0
// Everything that is opened with a vault of the embedded home: stores, keys, audit trail.
import path from 'node:path';
import {
  type Alarm,
  type AlarmSink,
  type AuditSink,
  type Clock,
  type ObjectStore,
  type Random,
  systemClock,
  systemRandom,
} from '../core/index.ts';
import { LocalKeyRing } from '../keys/index.ts';
import { LogReader } from '../provenance/index.ts';
import {
  auditPath,
  FileStore,
  FileTrustStore,
  homeDirectory,
  logPrefix,
  type SealedStore,
  SqliteAuditTrail,
  SqliteKeyTable,
  SqliteLedgerCache,
} from '../store/index.ts';
import { readConfig, type VaultConfig } from './config.ts';

const STATE_COPY_INTERVAL = 10_000;

/** How to open a vault. */
export interface OpenOptions {
  /** The vault's directory. */
  readonly vault: string;
  /** STRONGROOM_HOME; default: the environment's, else the user's configuration directory. */
  readonly home?: string;
  /** Passphrase of the key ring, when it is locked by one. */
  readonly passphrase?: string;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Where sealed objects and the log lie; default: files in the vault's directory. */
  readonly objects?: ObjectStore;
  /** Log entries between two sealed copies of the state; default 10,000. */
  readonly stateCopyInterval?: number;
  /** Told of everything that was refused or repaired. */
  readonly onAlarm?: AlarmSink;
}

/** An opened vault's parts; `close` releases them in the right order. */
export interface VaultContext {
  readonly vault: string;
  readonly home: string;
  readonly config: VaultConfig;
  readonly ring: LocalKeyRing;
  readonly objects: ObjectStore;
  readonly keys: SqliteKeyTable;
  readonly stores: SealedStore;
  readonly reader: LogReader;
  readonly trust: FileTrustStore;
  readonly cache: SqliteLedgerCache;
  readonly trail: SqliteAuditTrail;
  readonly audit: AuditSink;
  readonly clock: Clock;
  readonly random: Random;
  readonly onAlarm: AlarmSink;
  readonly stateCopyInterval: number;
  close(): void;
}

/** Directory of the object store inside a vault. */
export function objectsDirectory(vault: string): string {
  return path.join(vault, 'store');
}

/**
 * Opens the parts of a vault. Nothing of its content is believed yet.
 * @throws {VAULT_MISSING} {@link CONFIG_INVALID} {@link UPGRADE_REQUIRED} {@link TRUST_UNKNOWN} and the key ring's errors
 */
export async function openContext(options: OpenOptions): Promise<VaultContext> {
  const vault = path.resolve(options.vault);
  const home = options.home ?? homeDirectory(process.env);
  const config = await readConfig(vault);
  const trust = new FileTrustStore(home, config.vaultId);
  await trust.read();
  const random = options.random ?? systemRandom;
  const ring = await LocalKeyRing.open({
    home,
    vaultId: config.vaultId,
    tenantId: config.tenantId,
    passphrase: options.passphrase ?? null,
    random,
  });
  return contextWith(options, { vault, home, config, trust, ring, random });
}

/** Builds a context around a key ring that is open already. */
export function contextWith(
  options: OpenOptions,
  parts: Pick<VaultContext, 'vault' | 'home' | 'config' | 'trust' | 'ring' | 'random'>,
): VaultContext {
  const { vault, home, config, ring, random } = parts;
  const clock = options.clock ?? systemClock;
  const objects = options.objects ?? new FileStore(objectsDirectory(vault));
  const keys = new SqliteKeyTable(path.join(vault, 'keys.sqlite'));
  const cache = new SqliteLedgerCache(path.join(vault, 'ledger.sqlite'));
  const trail = new SqliteAuditTrail(auditPath(home, config.vaultId), clock);
  const onAlarm = (alarm: Alarm): void => {
    const details = { code: alarm.code, ...alarm.details };
    trail.record({ event: 'alarm', outcome: 'refused', actor: null, identity: null, details });
    options.onAlarm?.(alarm);
  };
  return {
    ...parts,
    objects,
    keys,
    stores: { objects, keys, ring, random },
    reader: new LogReader(objects, logPrefix(config.tenantId)),
    cache,
    trail,
    audit: trail,
    clock,
    onAlarm,
    stateCopyInterval: options.stateCopyInterval ?? STATE_COPY_INTERVAL,
    close: () => {
      keys.close();
      cache.close();
      trail.close();
    },
  };
}
