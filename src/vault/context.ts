// SPDX-License-Identifier: Apache-2.0
// Everything that a vault is made of, behind ports: what all machines share, and what each keeps for itself in files.
import { existsSync } from 'node:fs';
import type { LookupFunction } from 'node:net';
import path from 'node:path';
import {
  type Alarm,
  type AlarmSink,
  type AuditSink,
  type Clock,
  hex,
  isStrongroomError,
  type ObjectStore,
  type Random,
  systemClock,
  systemRandom,
} from '../core/index.ts';
import type { Queries } from '../embed/index.ts';
import { Journal } from '../ingest/index.ts';
import type { Embedder } from '../embed/index.ts';
import type { ManagedKeyRing } from '../keys/index.ts';
import type { Fetch } from '../network/index.ts';
import {
  type ConflictSink,
  type LedgerCache,
  type LockStore,
  LogReader,
  type TrustStore,
  type TurnOptions,
} from '../provenance/index.ts';
import {
  auditPath,
  type AuditTrail,
  evidenceDirectory,
  FileTrustStore,
  homeDirectory,
  keepConflict,
  type KeyTable,
  logPrefix,
  type SealedStore,
  SqliteAuditTrail,
  SqliteLedgerCache,
  verifiedPath,
  WriterLock,
} from '../store/index.ts';
import { readConfig, type VaultConfig } from './config.ts';
import type { HomeIndex, SearchAccess } from './home-index.ts';
import type { AwsAccess } from './home-parts.ts';
import { openRing } from './home-ring.ts';
import { openServices, type OpenServices } from './home-services.ts';
import { type SegmentMemory, VerifiedSegments } from './verified-segments.ts';

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
  /** Where sealed objects and the log lie; default: where strongroom.json says, else files in the vault's directory. */
  readonly objects?: ObjectStore;
  /** How the services of a distributed home are called; default: credentials of the environment. */
  readonly aws?: AwsAccess;
  /** How the search engine of a distributed home is called; default: by what the environment says. */
  readonly search?: SearchAccess;
  /** Resolves names for `network: vpc-only`; default: the system's. */
  readonly resolver?: LookupFunction;
  /** Log entries between two sealed copies of the state; default 10,000. */
  readonly stateCopyInterval?: number;
  /**
   * Milliseconds for which a query may go by the published head that was read last, default 0: what another process
   * publishes, a revocation too, is seen by the next query. What this process publishes always is. Local files tell of
   * changes at once; raise it where each look is a call to a service.
   */
  readonly followInterval?: number;
  /**
   * How questions are embedded to a vault whose log names the transformer. `best`, the default: by it, and by the table where
   * it is not installed, with an alarm; `required`: by it or not at all; `static`: by the table.
   */
  readonly queries?: Queries;
  /** Told of everything that was refused or repaired. */
  readonly onAlarm?: AlarmSink;
}

/** The right to write, until it is released or the process ends. */
export interface HeldLock {
  release(): void;
}

/** Everything that a vault is made of; `close` releases it in the right order. */
export interface VaultContext {
  readonly config: VaultConfig;
  readonly ring: ManagedKeyRing;
  readonly objects: ObjectStore;
  readonly keys: KeyTable;
  readonly stores: SealedStore;
  readonly reader: LogReader;
  readonly trust: TrustStore;
  readonly cache: LedgerCache;
  readonly trail: AuditTrail;
  readonly audit: AuditSink;
  readonly clock: Clock;
  readonly random: Random;
  readonly onAlarm: AlarmSink;
  /** Keeps the evidence of two signed heads that contradict each other in the home directory. */
  readonly keepConflict: ConflictSink;
  readonly stateCopyInterval: number;
  /** See {@link OpenOptions.queries}; the configuration file may demand `required`. */
  readonly queries?: Queries;
  /** How sequencers of several machines take turns; without it this process is the only writer while it holds the lock. */
  readonly turns?: TurnOptions;
  /** Milliseconds for which a published head that was read counts as the newest one. */
  readonly followInterval?: number;
  /** The search engine that holds the index; without one it is in memory. */
  readonly engine?: HomeIndex | null;
  /** The embedder that the configuration names, over a model in the cloud. */
  readonly embedder?: Embedder;
  /** Makes the calls that no client of a service makes, within the boundary of the network. */
  readonly fetch?: Fetch;
  /** Takes the writer lock at once or not at all. @throws {VAULT_LOCKED} */
  lockWriter(): Promise<HeldLock>;
  /** Opens the sequencer's lock record, which lies outside everything that can be rolled back. */
  openLocks(): LockStore & { close(): void };
  /** Opens the ingestion journal; with `create` false, a vault into which nothing was ingested has an empty one. */
  openJournal(options?: { readonly create: boolean }): Journal;
  /** Opens this machine's memory of verified index segments. */
  openSegmentMemory(): Promise<SegmentMemory>;
  close(): void;
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
  const services = await openServices(options, { vault, home, config });
  try {
    const random = options.random ?? systemRandom;
    const ring = await openRing(services.ring);
    return contextWith(options, { vault, home, config, trust, ring, random, services });
  } catch (error) {
    services.parts.close();
    throw error;
  }
}

/** What has to be known, or made, before the parts of a vault can be put together. */
export interface FileHome {
  readonly vault: string;
  readonly home: string;
  readonly config: VaultConfig;
  readonly trust: TrustStore;
  readonly ring: ManagedKeyRing;
  readonly random: Random;
  readonly services: OpenServices;
}

/** Builds the context around a key ring that is open already. */
export function contextWith(options: OpenOptions, files: FileHome): VaultContext {
  const { vault, home, config, ring, random, trust, services } = files;
  const clock = options.clock ?? systemClock;
  const { parts, embedder, fetch } = services;
  const { objects, keys, engine } = parts;
  const cache = new SqliteLedgerCache(path.join(vault, 'ledger.sqlite'));
  const trail = new SqliteAuditTrail(auditPath(home, config.vaultId), clock);
  const onAlarm = (alarm: Alarm): void => {
    const details = { code: alarm.code, ...alarm.details };
    trail.record({ event: 'alarm', outcome: 'refused', actor: null, identity: null, details });
    options.onAlarm?.(alarm);
  };
  return {
    config,
    ring,
    objects,
    keys,
    stores: { objects, keys, ring, random },
    reader: new LogReader(objects, logPrefix(config.tenantId)),
    trust,
    cache,
    trail,
    audit: trail,
    clock,
    random,
    onAlarm,
    keepConflict: async (seen, found) => {
      const note = seen.note ?? (await trust.seenNote(seen));
      const conflict = { seen: { size: seen.size, root: hex(seen.root), note }, found };
      await keepConflict(evidenceDirectory(home, config.vaultId), conflict);
      onAlarm({ code: 'SPLIT_VIEW', message: 'two signed heads of the log contradict each other' });
    },
    stateCopyInterval: options.stateCopyInterval ?? STATE_COPY_INTERVAL,
    followInterval: options.followInterval ?? 0,
    queries: config.policy?.queries ?? options.queries ?? 'best',
    ...workFiles(files),
    engine,
    ...(embedder !== undefined && { embedder }),
    ...(fetch !== undefined && { fetch }),
    // Where many machines write, the lock record of the log lets them take turns; no lock may outlive its machine.
    ...(config.home !== undefined && { turns: {}, lockWriter: nobodyWaits }),
    openLocks: () => parts.openLocks(),
    close: () => {
      parts.close();
      cache.close();
      trail.close();
    },
  };
}

function nobodyWaits(): Promise<HeldLock> {
  return Promise.resolve({ release: () => undefined });
}

type WorkFiles = Pick<VaultContext, 'lockWriter' | 'openJournal' | 'openSegmentMemory'>;

/** The files that are opened for one piece of work and closed again. */
function workFiles({ vault, home, config, ring }: FileHome): WorkFiles {
  const journal = path.join(vault, 'journal.sqlite');
  return {
    lockWriter: () => WriterLock.acquire(vault),
    openJournal: ({ create } = { create: true }) =>
      new Journal(create || existsSync(journal) ? journal : ':memory:', ring.lookupKey('source')),
    openSegmentMemory: () => VerifiedSegments.open(verifiedPath(home, config.vaultId)),
  };
}

/**
 * Leaves a record of an operation that ended because something is not what was signed: an alarm, and with it a line of
 * the audit trail. What the caller gets is the error alone.
 */
export function reportRefusal({ onAlarm }: Pick<VaultContext, 'onAlarm'>, error: unknown): void {
  if (!isStrongroomError(error)) return;
  // A local file that would weaken the policy lies in the hostile vault, so it is no mere slip of the user.
  if (error.area !== 'integrity' && error.code !== 'CONFIG_INVALID') return;
  const { code, message, details } = error;
  onAlarm({ code, message, details });
}
