// SPDX-License-Identifier: Apache-2.0
// Everything of one vault that outlives a process, in memory, and what a process on it works with. A crash loses the
// process and keeps the disk; an attacker changes the disk.
import {
  type Alarm,
  type AuditEvent,
  type Clock,
  jcs,
  jcsBytes,
  type ObjectStore,
  type Random,
} from '../../src/core/index.ts';
import { Journal, type SourceFacts } from '../../src/ingest/index.ts';
import type { ManagedKeyRing } from '../../src/keys/index.ts';
import {
  type ClaimedState,
  INITIAL_LOCK,
  type LockState,
  LogReader,
  nameOf,
  parseTrust,
  movedTo,
  raised,
  type StateRecord,
  type TrustFile,
  type TurnOptions,
} from '../../src/provenance/index.ts';
import { type KeyTable, logPrefix, MemoryStore } from '../../src/store/index.ts';
import type { VaultConfig, VaultContext } from '../../src/vault/index.ts';
import { MemoryKeyTable } from './memory-key-table.ts';

/** The ports through which every lasting effect of a process passes. */
export interface DiskPorts {
  readonly objects: ObjectStore;
  readonly keys: KeyTable;
  readonly trust: VaultContext['trust'];
  readonly cache: VaultContext['cache'];
  readonly locks: ReturnType<VaultContext['openLocks']>;
  readonly journal: Journal;
  readonly segments: Awaited<ReturnType<VaultContext['openSegmentMemory']>>;
  readonly ring: ManagedKeyRing;
}

/** How a process runs. */
export interface ProcessOptions {
  readonly random: Random;
  readonly ring: ManagedKeyRing;
  /** What stands between the process and its ports: counts calls, lets them fail, brings them into an order. */
  readonly between?: (ports: DiskPorts) => DiskPorts;
  readonly onAlarm?: (alarm: Alarm) => void;
  readonly onAudit?: (event: AuditEvent) => void;
  readonly stateCopyInterval?: number;
  /** Makes the process one of several writers. */
  readonly turns?: TurnOptions;
}

/** Memory keeps no audit trail; `onAudit` is told of the events. */
const NO_TRAIL: VaultContext['trail'] = {
  record: () => undefined,
  events: () => [],
  head: () => ({ size: 0, hash: '0'.repeat(64) }),
  firstBreak: () => null,
};

/** What all machines see: the vault itself and the sequencers' lock record. */
interface Shared {
  objects: ObjectStore;
  readonly keys: MemoryKeyTable;
  lock: LockState;
}

/** The stores of one vault and the home directory of one machine. */
export class MemoryDisk {
  readonly config: VaultConfig;
  readonly clock: Clock;
  readonly shared: Shared;
  trust: TrustFile;
  claim: ClaimedState | null = null;
  verified: readonly string[] = [];
  /** What the ingestion journal holds. */
  readonly noted = new Map<string, readonly [SourceFacts, string]>();

  constructor(clock: Clock, trust: TrustFile, shared?: Shared) {
    const { vaultId, tenantId } = trust;
    this.config = { v: 1, format: 1, vaultId, tenantId };
    this.clock = clock;
    this.trust = trust;
    const objects = (): ObjectStore => new MemoryStore(clock);
    this.shared = shared ?? { objects: objects(), keys: new MemoryKeyTable(), lock: INITIAL_LOCK };
  }

  /** Another vault and machine with the same content. */
  async copy(clock: Clock = this.clock): Promise<MemoryDisk> {
    const disk = new MemoryDisk(clock, this.trust);
    for await (const { path } of this.shared.objects.list('')) {
      const stored = await this.shared.objects.get(path);
      if (stored !== null) await disk.shared.objects.putIfAbsent(path, stored.bytes);
    }
    for (const [name, row] of this.shared.keys.rows) disk.shared.keys.rows.set(name, row);
    for (const [docId, note] of this.noted) disk.noted.set(docId, note);
    disk.shared.lock = this.shared.lock;
    disk.claim = this.claim;
    disk.verified = this.verified;
    return disk;
  }

  /** Another machine with the same vault, which trusts the same keys and has seen nothing yet. */
  machine(): MemoryDisk {
    return new MemoryDisk(this.clock, { ...this.trust, head: null }, this.shared);
  }

  /** What a process on this machine works with. Memory keeps no writers apart: that is for the lock record to do. */
  context({ between, ...options }: ProcessOptions): VaultContext {
    const { random } = options;
    const { objects, keys, ring, ...ports } = (between ?? ((own) => own))(this.#ports(options));
    return {
      config: this.config,
      ring,
      objects,
      keys,
      stores: { objects, keys, ring, random },
      reader: new LogReader(objects, logPrefix(this.config.tenantId)),
      trust: ports.trust,
      cache: ports.cache,
      trail: NO_TRAIL,
      audit: { record: (event) => options.onAudit?.(event) },
      clock: this.clock,
      random,
      onAlarm: options.onAlarm ?? (() => undefined),
      keepConflict: () => Promise.resolve(),
      stateCopyInterval: options.stateCopyInterval ?? 10_000,
      ...(options.turns && { turns: options.turns }),
      lockWriter: () => Promise.resolve({ release: () => undefined }),
      openLocks: () => ports.locks,
      openJournal: () => ports.journal,
      openSegmentMemory: () => Promise.resolve(ports.segments),
      close: () => undefined,
    };
  }

  #ports({ ring }: ProcessOptions): DiskPorts {
    return {
      objects: this.shared.objects,
      keys: this.shared.keys,
      trust: {
        // A promise, so that a bad file rejects instead of throwing.
        // eslint-disable-next-line @typescript-eslint/require-await
        read: async () => parseTrust(jcsBytes(this.trust)),
        raise: (head) => {
          this.trust = raised(this.trust, head);
          return Promise.resolve();
        },
        goBack: (_from, to) => {
          this.trust = movedTo(this.trust, to);
          return Promise.resolve();
        },
        seenNote: () => Promise.resolve(null),
      },
      cache: {
        load: () => Promise.resolve(this.claim),
        save: (size, records) => this.#save(size, [...(this.claim?.records ?? []), ...records]),
        replace: (size, records) => this.#save(size, records),
      },
      locks: {
        read: () => Promise.resolve(this.shared.lock),
        swap: (expected, next) => {
          const isSame = jcs(this.shared.lock) === jcs(expected);
          if (isSame) this.shared.lock = next;
          return Promise.resolve(isSame);
        },
        close: () => undefined,
      },
      journal: this.#journal(ring),
      segments: {
        has: (digest) => this.verified.includes(digest),
        keep: (digests) => {
          this.verified = [...digests];
          return Promise.resolve();
        },
      },
      ring,
    };
  }

  #save(size: number, records: readonly StateRecord[]): Promise<void> {
    const byName = new Map(records.map((record) => [`${record.kind} ${nameOf(record)}`, record]));
    this.claim = { size, records: [...byName.values()] };
    return Promise.resolve();
  }

  /** A journal that outlives the process; its database is made when something asks for it. */
  #journal(ring: ManagedKeyRing): Journal {
    let journal: Journal | null = null;
    const made = (): Journal => {
      if (journal !== null) return journal;
      journal = new Journal(':memory:', ring.lookupKey('source'));
      for (const [facts, root] of this.noted.values()) journal.note(facts, root);
      return journal;
    };
    const kept: Partial<Journal> = {
      note: (facts, root) => {
        made().note(facts, root);
        this.noted.set(facts.docId, [facts, root]);
      },
      erase: (docId) => {
        made().erase(docId);
        this.noted.delete(docId);
      },
      close: () => undefined,
    };
    return new Proxy(Object.create(Journal.prototype) as Journal, {
      get: (_, name) => {
        const own: unknown = Reflect.get(kept, name);
        if (own !== undefined) return own;
        const value: unknown = Reflect.get(made(), name);
        return typeof value === 'function' ? (value.bind(made()) as unknown) : value;
      },
    });
  }
}
