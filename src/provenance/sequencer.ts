// SPDX-License-Identifier: Apache-2.0
// The only writer of a log (docs/formats.md, "Sequencer"). Any number may run; the lock store lets one batch through.
import {
  type AlarmSink,
  type Clock,
  hex,
  jcs,
  need,
  type ObjectStore,
  readBounded,
  sha256,
  type Signer,
} from '../core/index.ts';
import {
  accept,
  type Accepted,
  closingState,
  type CommitOutcome,
  extend,
  type Extended,
  joined,
  stateEntry,
  type StateSnapshot,
} from './batch.ts';
import { type NoteSigner, signCheckpoint } from './checkpoint.ts';
import type { Ledger } from './ledger.ts';
import { putCheckpoint, putTile, sweepStaging, takenOver } from './log-files.ts';
import type { TreeHead } from './merkle.ts';
import { parseVkey } from './note.ts';
import { MAX_CLOCK_LEAD_SECONDS, requireWitnessed } from './published-head.ts';
import {
  batchFiles,
  type BatchTiles,
  decodeStaging,
  encodeStaging,
  type LockState,
  type LockStore,
  MAX_STAGING_BYTES,
  stagingPath,
} from './staging.ts';
import { checkSignedHead, liveSigner, type LogTail, partialBundle } from './sequencer-checks.ts';
import type { LedgerState, StateRecord } from './state.ts';
import { partialTiles, TILE_WIDTH, tilePath } from './tiles.ts';

/** Entries of one batch before its state entry. */
export const BATCH_ENTRIES = 63;

/** What a sequencer works with. */
export interface SequencerOptions {
  readonly idKey: Uint8Array;
  readonly store: ObjectStore;
  /** Path of the log inside the store, ending in `/`. */
  readonly prefix: string;
  readonly ledger: Ledger;
  readonly locks: LockStore;
  /** Keys that may sign state entries; the first that is live in the state it signs is used. */
  readonly signers: () => readonly Signer[];
  readonly signNote: NoteSigner;
  readonly clock: Clock;
  readonly onAlarm: AlarmSink;
  /**
   * Has a signed head cosigned before it is published. The tiles of the head are written by then.
   * @returns the note with the lines of the witnesses
   * @throws when too few vouch for it; the batch then stays pending and is finished by the next attempt
   */
  readonly cosign?: (note: string, head: TreeHead) => Promise<string>;
  /** Makes a sealed copy of the state that the state entry at `index` commits to, when one is due; else null. */
  readonly snapshot?: (state: LedgerState, index: number) => Promise<StateSnapshot | null>;
}

/** Appends batches to one log: staged, raced for, recomputed, signed, published, remembered. */
export class Sequencer {
  readonly #options: SequencerOptions;
  #lock: LockState;
  #tail: readonly Uint8Array[];
  /** The log size that the tail belongs to. */
  #size: number;
  #queue: Promise<unknown> = Promise.resolve();
  #superseded: readonly string[] = [];

  private constructor(options: SequencerOptions, lock: LockState, tail: LogTail) {
    this.#options = options;
    this.#lock = lock;
    this.#tail = tail.entries;
    this.#size = tail.size;
  }

  /**
   * Takes over the log: raises the fence and finishes a batch that another sequencer left behind.
   * @throws {ROLLBACK} when the published head is older than the one this log key has signed
   * @throws {LOG_TAMPERED} when a staged batch is not the one that was staged; it is kept as evidence
   * @throws {VAULT_LOCKED} when another sequencer takes over at the same moment
   */
  static async start(options: SequencerOptions): Promise<Sequencer> {
    const lock = await options.locks.read();
    // After the lock record: another sequencer may have published since this process read the log.
    if (options.ledger.head.size > 0) await options.ledger.refresh();
    checkSignedHead(lock.signed, options.ledger.head);
    const next = { ...lock, fence: lock.fence + 1 };
    if (!(await options.locks.swap(lock, next))) throw takenOver();
    const sequencer = new Sequencer(options, next, await partialBundle(options.ledger));
    await sequencer.#settle();
    await sweepStaging(options, options.ledger.head.size);
    return sequencer;
  }

  /**
   * Takes a turn beside other sequencers, whose fence stays as it is: the next batch goes to whoever is first to stage it.
   * @returns null while a batch is pending: its sequencer is at work, or has ended and is waiting for {@link start}
   * @throws {ROLLBACK} as {@link start}
   */
  static async join(options: SequencerOptions): Promise<Sequencer | null> {
    const lock = await options.locks.read();
    if (lock.pending !== null) return null;
    if (options.ledger.head.size > 0) await options.ledger.refresh();
    checkSignedHead(lock.signed, options.ledger.head);
    await sweepStaging(options, options.ledger.head.size);
    return new Sequencer(options, lock, await partialBundle(options.ledger));
  }

  /**
   * Appends entries in order and returns when they are durable and acknowledged. Entries that the ledger would void are
   * not appended; their outcome says why.
   */
  commit(entries: readonly Uint8Array[]): Promise<CommitOutcome[]> {
    const run = this.#queue.then(() => this.#commitAll(entries));
    this.#queue = run.catch(() => undefined);
    return run;
  }

  async #commitAll(entries: readonly Uint8Array[]): Promise<CommitOutcome[]> {
    const outcomes: CommitOutcome[] = [];
    for (let at = 0; at < entries.length; at += BATCH_ENTRIES) {
      outcomes.push(...(await this.#commitBatch(entries.slice(at, at + BATCH_ENTRIES))));
    }
    return outcomes;
  }

  async #commitBatch(entries: readonly Uint8Array[]): Promise<readonly CommitOutcome[]> {
    await this.#settle();
    const { idKey, ledger, clock } = this.#options;
    const now = Math.floor(clock.now() / 1000);
    const accepted = accept(idKey, ledger.view, entries, now);
    if (accepted.entries.length === 0) return accepted.outcomes;
    const { view } = extend(ledger.view, this.#tail, accepted);
    const index = view.edge.size;
    const closing = closingState(idKey, view.state, index, now);
    // Readers would refuse a batch that is signed for the future, and the log could not go back.
    const onTime = closing.time <= now + MAX_CLOCK_LEAD_SECONDS;
    need(
      'INV-SEQUENCER-CLOCK',
      onTime,
      'CLOCK_AHEAD',
      'the clock of this machine lies behind the log',
    );
    const snapshot = (await this.#options.snapshot?.(closing.state, index)) ?? null;
    const signer = liveSigner(this.#options.signers(), closing.state, index);
    const entry = await stateEntry(closing, index, signer, snapshot);
    await this.#stageAndPublish(joined(accepted, accept(idKey, view, [entry], null)));
    return accepted.outcomes;
  }

  /**
   * Finishes a batch that stopped half-way, of another sequencer or of this one. It may be signed or even published, and
   * a second batch beside it would fork the log.
   */
  async #settle(): Promise<void> {
    const { ledger } = this.#options;
    const { pending, signed } = this.#lock;
    if (pending !== null && pending.size > ledger.head.size) await this.#finish(pending);
    // It was published, and a reader of this process has moved the ledger's head.
    else if (pending !== null) {
      ({ entries: this.#tail, size: this.#size } = await partialBundle(ledger));
    }
    checkSignedHead(signed, ledger.head);
    // A reader of this process has followed what somebody else has published.
    if (ledger.head.size !== this.#size) throw takenOver();
  }

  async #stageAndPublish(accepted: Accepted): Promise<void> {
    const { store, prefix, locks, ledger } = this.#options;
    const batch = extend(ledger.view, this.#tail, accepted);
    const { size } = batch.view.edge;
    const root = batch.view.edge.root();
    const staged = encodeStaging(accepted.entries);
    await store.putIfAbsent(prefix + stagingPath(size, root), staged);
    const pending = { size, root: hex(root), stagingDigest: hex(sha256(staged)) };
    const next = { ...this.#lock, pending };
    if (!(await locks.swap(this.#lock, next))) throw takenOver();
    this.#lock = next;
    await this.#publish(batch, accepted.records);
  }

  /**
   * Finishes a pending batch from its staging object. The staged bytes lie in the hostile store, so everything is
   * computed again from this sequencer's own head before the log key signs: staging is no signing oracle.
   */
  async #finish(pending: NonNullable<LockState['pending']>): Promise<void> {
    const { store, prefix, ledger, idKey } = this.#options;
    const root = Buffer.from(pending.root, 'hex');
    const path = prefix + stagingPath(pending.size, root);
    const staged = await readBounded(store, path, MAX_STAGING_BYTES);
    const isStaged = staged !== null && hex(sha256(staged)) === pending.stagingDigest;
    need(
      'INV-STAGING-DIGEST',
      isStaged,
      'LOG_TAMPERED',
      'a staged batch is missing or was altered',
    );
    const entries = decodeStaging(staged);
    const accepted = accept(idKey, ledger.view, entries, null);
    const batch = extend(ledger.view, this.#tail, accepted);
    const isOurs =
      accepted.entries.length === entries.length &&
      batch.view.state.last?.index === batch.view.edge.size - 1 &&
      hex(batch.view.edge.root()) === pending.root;
    need(
      'INV-STAGING-RECOMPUTED',
      isOurs,
      'LOG_TAMPERED',
      'a staged batch does not extend the log',
    );
    await this.#publish(batch, accepted.records);
  }

  async #publish(batch: Extended, records: readonly StateRecord[]): Promise<void> {
    const { ledger } = this.#options;
    const { view, tiles } = batch;
    const head = { size: view.edge.size, root: view.edge.root() };
    const { log } = ledger.trust;
    for (const file of batchFiles(tiles)) {
      await putTile(this.#options, file, this.#options.onAlarm);
    }
    const note = await this.#signed(head, view.state);
    await putCheckpoint(this.#options, note, () => this.#isOurTurn());
    const signed = { size: head.size, root: hex(head.root) };
    const next = { fence: this.#lock.fence, signed, pending: null };
    if (!(await this.#options.locks.swap(this.#lock, next))) throw takenOver();
    this.#lock = next;
    this.#tail = tiles.entries.slice(tiles.entries.length - (head.size % TILE_WIDTH));
    this.#size = head.size;
    // A reader of this process may have followed this head, or one that came after it, already.
    if (ledger.head.size < head.size) {
      await ledger.adopt({ view, records, voids: [] }, { ...head, origin: log, note });
    }
    await this.#clean(tiles, head);
  }

  /** Whether nobody has changed the lock record since this sequencer did. */
  async #isOurTurn(): Promise<boolean> {
    return jcs(await this.#options.locks.read()) === jcs(this.#lock);
  }

  /** The checkpoint of a head under the key that its log names, with as many witnesses as this machine would demand. */
  async #signed(head: TreeHead, { vault }: LedgerState): Promise<string> {
    const { ledger, signNote, cosign, clock } = this.#options;
    const { log, logKey, file } = ledger.trust;
    const key = parseVkey(vault?.logVkey ?? '') ?? logKey;
    const own = await signCheckpoint(log, head, key, signNote);
    const note = (await cosign?.(own, head)) ?? own;
    requireWitnessed({ note }, file.witnesses, clock, null);
    return note;
  }

  /** Removes the staging object and the partial tiles that the batch before this one superseded. */
  async #clean(tiles: BatchTiles, head: { size: number; root: Uint8Array }): Promise<void> {
    const { store, prefix, ledger } = this.#options;
    await store.delete(prefix + stagingPath(head.size, head.root));
    const current = new Set(partialTiles(head.size).map(tilePath));
    const old = partialTiles(tiles.before.size).map(tilePath);
    // One generation stays for readers that follow the log and hold the former checkpoint.
    for (const path of this.#superseded) await store.delete(prefix + path);
    this.#superseded = old.filter((path) => path.includes('.p/') && !current.has(path));
    ledger.reader.forget();
  }
}
