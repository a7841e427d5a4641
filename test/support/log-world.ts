// SPDX-License-Identifier: Apache-2.0
// One tenant's log with everything around it in memory: store, lock record, trust, caches, clock, and who opens them.
import {
  type Alarm,
  base64,
  hex,
  jcs,
  jcsBytes,
  type ObjectStore,
  utf8,
} from '../../src/core/index.ts';
import { type Checkpoint, signCheckpoint } from '../../src/provenance/checkpoint.ts';
import { Ledger } from '../../src/provenance/ledger.ts';
import type { LedgerCache, LedgerOptions } from '../../src/provenance/ledger-options.ts';
import { LogReader } from '../../src/provenance/log-reader.ts';
import { type Hash, leafHash, rootOf, type TreeHead } from '../../src/provenance/merkle.ts';
import type { ClaimedState } from '../../src/provenance/replay.ts';
import { ROLES } from '../../src/provenance/roles.ts';
import { Sequencer, type SequencerOptions } from '../../src/provenance/sequencer.ts';
import {
  batchFiles,
  INITIAL_LOCK,
  type LockState,
  type LockStore,
} from '../../src/provenance/staging.ts';
import { nameOf, type StateRecord } from '../../src/provenance/state.ts';
import {
  movedTo,
  parseTrust,
  raised,
  type SeenHead,
  type Trust,
  type TrustFile,
  type TrustStore,
} from '../../src/provenance/trust.ts';
import { TreeEdge } from '../../src/provenance/tree-edge.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { Faults } from './faults.ts';
import { FixedClock } from './fixed-clock.ts';
import { LogAuthor } from './log-author.ts';

/** The lock record in memory. */
export class MemoryLocks implements LockStore {
  state: LockState = INITIAL_LOCK;

  read(): Promise<LockState> {
    return Promise.resolve(this.state);
  }

  swap(expected: LockState, next: LockState): Promise<boolean> {
    const same = jcs(this.state) === jcs(expected);
    if (same) this.state = next;
    return Promise.resolve(same);
  }
}

/** A trust file in memory. */
export class MemoryTrust implements TrustStore {
  file: TrustFile;

  constructor(file: TrustFile) {
    this.file = file;
  }

  // A promise, so that a bad file rejects instead of throwing.
  // eslint-disable-next-line @typescript-eslint/require-await
  async read(): Promise<Trust> {
    return parseTrust(jcsBytes(this.file));
  }

  raise(head: SeenHead): Promise<void> {
    this.file = raised(this.file, head);
    return Promise.resolve();
  }

  goBack(_from: TreeHead, to: SeenHead): Promise<void> {
    this.file = movedTo(this.file, to);
    return Promise.resolve();
  }

  seenNote(): Promise<null> {
    return Promise.resolve(null);
  }
}

/** A ledger cache in memory, whose rows a test may edit. */
export class MemoryCache implements LedgerCache {
  claim: ClaimedState | null = null;

  load(): Promise<ClaimedState | null> {
    return Promise.resolve(this.claim);
  }

  save(size: number, records: readonly StateRecord[]): Promise<void> {
    return this.replace(size, [...(this.claim?.records ?? []), ...records]);
  }

  replace(size: number, records: readonly StateRecord[]): Promise<void> {
    const byName = new Map(records.map((record) => [`${record.kind} ${nameOf(record)}`, record]));
    this.claim = { size, records: [...byName.values()] };
    return Promise.resolve();
  }
}

/** Someone who reads, or writes, the log of a world. */
export interface Party {
  readonly ledger: Ledger;
  readonly reader: LogReader;
  readonly trust: MemoryTrust;
  readonly cache: MemoryCache;
}

/** A party that holds the sequencer. */
export interface Writer extends Party {
  readonly sequencer: Sequencer;
}

/** A log in a store, and the ways to open it. */
export class LogWorld {
  static readonly prefix = 'log/acme/';
  readonly author: LogAuthor;
  readonly store: ObjectStore;
  readonly locks = new MemoryLocks();
  readonly clock = new FixedClock();
  readonly alarms: Alarm[] = [];
  readonly faults = new Faults();
  /** Names of the keys that sequencers hold, in their order. */
  sequencerKeys: readonly string[] = ['sequencer'];
  /** Every checkpoint text that the log key was asked to sign. */
  readonly signedTexts: string[] = [];

  constructor(author: LogAuthor = new LogAuthor(), store?: ObjectStore) {
    this.author = author;
    this.store = store ?? new MemoryStore(this.clock);
  }

  /** A log with genesis, a key for every role and the class record `class`, and the writer that founded it. */
  static async founded(author = new LogAuthor(), store?: ObjectStore): Promise<[LogWorld, Writer]> {
    const world = new LogWorld(author, store);
    const party = world.#party();
    const ledger = await Ledger.found(world.ledgerOptions(party));
    const writer = await world.#withSequencer({ ...party, ledger });
    const delegated = ROLES.filter((role) => role !== 'root');
    const keys = await Promise.all(delegated.map((role) => author.delegate(role, role)));
    await writer.sequencer.commit([await author.genesis(), ...keys, await author.acl()]);
    return [world, writer];
  }

  /** The same log as it now stands in another store, with a writer that has taken it over. */
  async copied(kept: Party): Promise<[LogWorld, Writer]> {
    const world = new LogWorld(this.author);
    for await (const { path } of this.store.list('')) {
      const stored = await this.store.get(path);
      if (stored !== null) await world.store.putIfAbsent(path, stored.bytes);
    }
    world.locks.state = this.locks.state;
    world.clock.seconds = this.clock.seconds;
    world.signedTexts.push(...this.signedTexts);
    const cache = new MemoryCache();
    cache.claim = kept.cache.claim;
    return [world, await world.write({ trust: new MemoryTrust(kept.trust.file), cache })];
  }

  /** A trust file as the founder gives it out; its head is what the holder has seen. */
  trustFile(head: TreeHead | null = null): TrustFile {
    const { author } = this;
    return {
      v: 'sr/trust/v1',
      vaultId: author.vaultId,
      tenantId: author.tenantId,
      logVkey: author.logVkey,
      rootSpki: base64(author.signer('root').spki),
      witnesses: { vkeys: [], k: 0 },
      maxAge: null,
      head: head === null ? null : { size: head.size, root: hex(head.root) },
      origin: 'added',
    };
  }

  /** What a newcomer trusts. */
  readTrust(): Promise<Trust> {
    return new MemoryTrust(this.trustFile()).read();
  }

  /** Opens the log as a reader, with the trust and cache that it kept, or as a newcomer. */
  async open(kept: { trust?: MemoryTrust; cache?: MemoryCache } = {}): Promise<Party> {
    const party = this.#party(kept);
    return { ...party, ledger: await Ledger.open(this.ledgerOptions(party)) };
  }

  /** Opens the log and takes over its sequencer. */
  async write(kept: { trust?: MemoryTrust; cache?: MemoryCache } = {}): Promise<Writer> {
    return this.#withSequencer(await this.open(kept));
  }

  /** What a ledger of this world is opened with. */
  ledgerOptions(party: Omit<Party, 'ledger'>): LedgerOptions {
    return {
      idKey: this.author.idKey,
      reader: party.reader,
      trust: this.faults.watch<TrustStore>(party.trust, ['read', 'raise']),
      cache: this.faults.watch<LedgerCache>(party.cache, ['load', 'save', 'replace']),
      clock: this.clock,
      onAlarm: (alarm) => this.alarms.push(alarm),
    };
  }

  /** What a sequencer of this world is started with. */
  sequencerOptions(ledger: Ledger): SequencerOptions {
    return {
      idKey: this.author.idKey,
      store: this.#watchedStore(),
      prefix: LogWorld.prefix,
      ledger,
      locks: this.faults.watch<LockStore>(this.locks, ['read', 'swap']),
      signers: () => this.sequencerKeys.map((name) => this.author.signer(name)),
      signNote: (text, key) => {
        this.signedTexts.push(Buffer.from(text).toString());
        return this.author.logSigner(key).sign(text);
      },
      clock: this.clock,
      onAlarm: (alarm) => this.alarms.push(alarm),
    };
  }

  /** Bytes stored under a path of the log. */
  async bytes(path: string): Promise<Uint8Array | null> {
    return (await this.store.get(LogWorld.prefix + path))?.bytes ?? null;
  }

  /** Overwrites, makes or (with null) removes what is stored under a path of the log, as an attacker can. */
  async plant(path: string, bytes: Uint8Array | null): Promise<void> {
    const full = LogWorld.prefix + path;
    if (bytes === null) return this.store.delete(full);
    const present = await this.store.get(full);
    await this.store.compareAndSwap(full, present?.version ?? null, bytes);
  }

  /** Publishes any entries as the whole log, as the holder of the log key alone could: past every rule. */
  async forge(entries: readonly Uint8Array[]): Promise<TreeHead> {
    const { author } = this;
    const { edge: after, full } = TreeEdge.empty.append(entries.map(leafHash));
    const files = batchFiles({ before: TreeEdge.empty, after, full, entries });
    for (const { path, bytes } of files) await this.plant(path, bytes);
    const { logKey, log } = parseTrust(jcsBytes(this.trustFile()));
    const head = { size: after.size, root: after.root() };
    const note = await signCheckpoint(log, head, logKey, (text) => author.signer('log').sign(text));
    await this.plant('checkpoint', utf8(note));
    return head;
  }

  /** Paths of the log that begin so, in order. */
  async paths(start = ''): Promise<string[]> {
    const found: string[] = [];
    for await (const info of this.store.list(LogWorld.prefix + start)) {
      found.push(info.path.slice(LogWorld.prefix.length));
    }
    return found.sort();
  }

  /** Every entry of the log up to a head. */
  async entries(head: Checkpoint): Promise<Uint8Array[]> {
    const entries: Uint8Array[] = [];
    const reader = new LogReader(this.store, LogWorld.prefix);
    for await (const [, entry] of reader.entries(0, head.size)) entries.push(entry);
    return entries;
  }

  /** The heads among all that were ever signed that do not lie on the log as it now stands: forks. */
  async forks(head: Checkpoint): Promise<string[]> {
    const leaves: Hash[] = (await this.entries(head)).map(leafHash);
    return this.signedTexts.filter((text) => {
      const [, size, root] = text.split('\n');
      return base64(rootOf(leaves.slice(0, Number(size)))) !== root || Number(size) > head.size;
    });
  }

  #party(kept: { trust?: MemoryTrust; cache?: MemoryCache } = {}): Omit<Party, 'ledger'> {
    return {
      reader: new LogReader(this.#watchedStore(), LogWorld.prefix),
      trust: kept.trust ?? new MemoryTrust(this.trustFile()),
      cache: kept.cache ?? new MemoryCache(),
    };
  }

  async #withSequencer(party: Party): Promise<Writer> {
    const sequencer = await Sequencer.start(this.sequencerOptions(party.ledger));
    return { ...party, sequencer };
  }

  #watchedStore(): ObjectStore {
    const calls = ['putIfAbsent', 'compareAndSwap', 'get', 'getRange', 'stat', 'delete'] as const;
    return this.faults.watch<ObjectStore>(this.store, calls);
  }
}
