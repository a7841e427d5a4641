// SPDX-License-Identifier: Apache-2.0
import { compareBytes, need, utf8 } from '../core/index.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Witnesses } from './cosignature.ts';
import type { LogReader } from './log-reader.ts';
import { EMPTY_ROOT } from './merkle.ts';
import type { LedgerOptions, Look } from './ledger-options.ts';
import { LookupMemo } from './lookup-memo.ts';
import { continuedTrust, startingView } from './ledger-start.ts';
import { checkLogKey, openHead, withLogKey } from './log-key.ts';
import {
  MAX_CLOCK_LEAD_SECONDS,
  requireContinuation,
  requireWitnessed,
  whileItMoves,
} from './published-head.ts';
import { EMPTY_VIEW, type LogView, replay, type Replayed } from './replay.ts';
import {
  type AclValue,
  type DocValue,
  type LedgerState,
  lookup,
  type StateKind,
  type StateRecord,
  type StateValues,
} from './state.ts';
import { trieLeaves } from './trie.ts';
import type { SeenHead, Trust } from './trust.ts';

/** Even a store that tells of changes is read again after so many milliseconds: what it tells may be cached somewhere. */
const READ_AGAIN_MILLISECONDS = 1000;

/** The ledger at one head, for work that takes several steps and must not see the head move in between. */
export interface LedgerAt {
  readonly head: Checkpoint;
  readonly state: LedgerState;
  /** A leaf's value by kind and name, or null. */
  lookup<K extends StateKind>(kind: K, name: string): StateValues[K] | null;
}

/** The reader's verified view of one log: it follows signed heads and never goes back. */
export class Ledger {
  readonly #options: LedgerOptions;
  #trust: Trust;
  #view: LogView;
  #head: Checkpoint;
  #changes: StateRecord[] = [];
  #look: Look | null = null;
  readonly #found: LookupMemo;
  /** Whether the cache may lack records before its next ones: a save has failed. */
  #isCacheBehind = false;

  private constructor(options: LedgerOptions, trust: Trust, view: LogView, head: Checkpoint) {
    this.#options = options;
    this.#trust = trust;
    this.#view = view;
    this.#head = head;
    this.#found = new LookupMemo(options.idKey);
  }

  /**
   * Reads the published head, proves it against what this machine trusts, and replays the log up to it.
   * @throws {TRUST_UNKNOWN} {@link CHECKPOINT_INVALID} {@link WITNESS_QUORUM} {@link ROLLBACK} {@link SPLIT_VIEW}
   *   {@link LOG_TRUNCATED} {@link PROOF_INVALID} {@link STATE_MISSING} {@link STATE_MISMATCH} {@link UPGRADE_REQUIRED}
   *   {@link CLOCK_AHEAD} {@link HEAD_STALE} {@link SIGNATURE_INVALID}
   */
  static open(options: LedgerOptions): Promise<Ledger> {
    return whileItMoves(options.reader, () => Ledger.#open(options));
  }

  static async #open(options: LedgerOptions): Promise<Ledger> {
    const { reader, clock } = options;
    const known = await options.trust.read();
    const published = await reader.checkpointBytes();
    const opened = await openHead({ reader, published, clock }, known);
    const { head } = opened;
    const { trust, goneBackFrom } = await continuedTrust(options, opened);
    const start = await startingView(options, trust, head);
    const replayed = await replay(options.idKey, start.view, options.reader, head);
    const ledger = new Ledger(options, trust, replayed.view, head);
    ledger.#checkVault();
    ledger.#checkTime(replayed.view);
    // In one step with the head that follows: between the two, another history from that older head could be shown.
    if (goneBackFrom !== null) await options.trust.goBack(goneBackFrom, ledger.#seen);
    await ledger.#remember(replayed, start.discard);
    return ledger;
  }

  /** The ledger of a log that has no entry yet, for whoever founds it. */
  static async found(options: LedgerOptions): Promise<Ledger> {
    const trust = await options.trust.read();
    const head = { origin: trust.log, size: 0, root: EMPTY_ROOT, note: '' };
    return new Ledger(options, trust, EMPTY_VIEW, head);
  }

  /** The verified view at the head. */
  get view(): LogView {
    return this.#view;
  }

  /** The signed head that the view belongs to. */
  get head(): Checkpoint {
    return this.#head;
  }

  /** What this machine trusted when the ledger was opened, with the log key that signed the present head. */
  get trust(): Trust {
    return this.#trust;
  }

  /** The log's reader, for proofs and entries. */
  get reader(): LogReader {
    return this.#options.reader;
  }

  /** A leaf's value by kind and name, or null. */
  lookup<K extends StateKind>(kind: K, name: string): StateValues[K] | null {
    return this.#found.lookup(this.#view.state, kind, name);
  }

  /**
   * Demands that the newest state is at most so old; the trust file's own limit is checked with every head.
   * @param maxAge seconds, or null for any age
   * @throws {HEAD_STALE}
   */
  requireFresh(maxAge: number | null): void {
    this.#checkAge(this.#view, maxAge);
  }

  /**
   * Demands that enough witnesses vouch for the head; those of the trust file are demanded of every head.
   * @param maxAge seconds that cosignatures may be old, or null for any age
   * @throws {WITNESS_QUORUM}
   */
  requireWitnessed(witnesses: Witnesses, maxAge: number | null): void {
    requireWitnessed(this.#head, witnesses, this.#options.clock, maxAge);
  }

  /** The ledger as it is now, for as long as the caller keeps it. */
  at(): LedgerAt {
    const { head, view } = { head: this.#head, view: this.#view };
    const { idKey } = this.#options;
    return {
      head,
      state: view.state,
      lookup: (kind, name) => lookup(idKey, view.state, kind, name),
    };
  }

  /** Every document, whatever its status. */
  *documents(): Generator<DocValue> {
    for (const { value } of trieLeaves(this.#view.state.trie)) {
      if (value.kind === 'doc') yield value.value;
    }
  }

  /** Every published class record. */
  *classes(): Generator<AclValue> {
    for (const { value } of trieLeaves(this.#view.state.trie)) {
      if (value.kind === 'acl') yield value.value;
    }
  }

  /** The leaves that changed since the last call, whether by a refresh or by the sequencer of this process. */
  takeChanges(): readonly StateRecord[] {
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }

  /**
   * Follows the published head.
   * @throws as {@link Ledger.open}; the view then stays as it was
   */
  refresh(): Promise<void> {
    return whileItMoves(this.#options.reader, () => this.#refresh());
  }

  async #refresh(): Promise<void> {
    const [view, seen] = [this.#view, this.#head];
    const { reader, keepConflict, clock } = this.#options;
    // The token comes first: what is published between the two is then looked at again.
    const [token, time] = [reader.checkpointToken(), clock.now()];
    const published = await reader.checkpointBytes();
    // Whoever was faster, another refresh or the sequencer of this process, has moved the head: look again.
    if (this.#head !== seen) return this.#refresh();
    // The very note that was verified before needs no second look: every query comes by here. Only time has gone on.
    if (published !== null && compareBytes(published, utf8(seen.note)) === 0) {
      this.requireUsable();
      this.#look = { head: seen, time, token };
      return;
    }
    const { head, trust } = await openHead({ reader, published, clock }, this.#trust);
    await requireContinuation(reader, seen, head, keepConflict);
    const replayed = await replay(this.#options.idKey, view, reader, head);
    if (this.#head !== seen) return this.#refresh();
    checkLogKey(replayed.view.state.vault, trust);
    await this.adopt(replayed, head);
    this.#look = { head, time, token };
  }

  /**
   * Whether the head is still the published one, as far as that can be told without waiting: {@link Ledger.refresh} would
   * then find nothing new. The store is hostile, but this trusts it no further than reading would: it could as well keep
   * showing the old checkpoint.
   */
  get isPublished(): boolean {
    const { reader, clock, followInterval = 0 } = this.#options;
    if (this.#look?.head !== this.#head) return false;
    const { time, token } = this.#look;
    const age = clock.now() - time;
    if (age < 0) return false;
    if (age < followInterval) return true;
    return age < READ_AGAIN_MILLISECONDS && token !== null && token === reader.checkpointToken();
  }

  /**
   * Demands of the head, now, what the trust file does: witnesses, and a time that is neither ahead nor too long ago.
   * @throws {WITNESS_QUORUM} {@link CLOCK_AHEAD} {@link HEAD_STALE}
   */
  requireUsable(): void {
    const { witnesses, maxAge } = this.#trust.file;
    this.requireWitnessed(witnesses, maxAge);
    this.#checkTime(this.#view);
  }

  /** Takes over a view that the sequencer of this process has computed and signed, or that `refresh` has proven. */
  async adopt(replayed: Replayed, head: Checkpoint): Promise<void> {
    this.#checkTime(replayed.view);
    const { vault } = replayed.view.state;
    const hasNewKey = vault !== null && vault.logVkey !== this.#trust.file.logVkey;
    if (hasNewKey) this.#trust = withLogKey(this.#trust, vault.logVkey);
    this.#view = replayed.view;
    this.#head = head;
    this.#changes.push(...replayed.records);
    await this.#remember(replayed, false);
  }

  /** The cache first, the trust store last: a crash in between only costs a replay. */
  async #remember(replayed: Replayed, discard: boolean): Promise<void> {
    this.#tellOfVoids(replayed);
    const { cache, trust } = this.#options;
    const isWhole = !discard && !this.#isCacheBehind;
    this.#isCacheBehind = true;
    if (isWhole) await cache.save(this.#head.size, replayed.records);
    else await cache.replace(this.#head.size, this.#allRecords());
    this.#isCacheBehind = false;
    await trust.raise(this.#seen);
  }

  /** The head as the trust store keeps it. */
  get #seen(): SeenHead {
    return { ...this.#head, logVkey: this.#trust.file.logVkey };
  }

  /** An honest sequencer appends nothing void: somebody else had the log key sign these entries. */
  #tellOfVoids({ voids }: Replayed): void {
    const [first] = voids;
    if (first === undefined) return;
    const details = { entries: voids.length, index: first.index, reason: first.reason };
    const message = 'the log holds entries that change nothing';
    this.#options.onAlarm({ code: 'ENTRY_REFUSED', message, details });
  }

  #allRecords(): StateRecord[] {
    return [...trieLeaves(this.#view.state.trie)].map((leaf) => leaf.value);
  }

  #checkVault(): void {
    const { vault } = this.#view.state;
    const isOurs = vault?.log === this.#trust.log && vault.rootKeyid === this.#trust.rootKey.keyid;
    need(
      'INV-TRUST-ROOT',
      isOurs,
      'TRUST_INVALID',
      'the log was not founded by the trusted root key',
    );
    checkLogKey(vault, this.#trust);
  }

  #checkTime(view: LogView): void {
    const seconds = Math.floor(this.#options.clock.now() / 1000);
    const time = view.state.last?.time ?? 0;
    const notAhead = time <= seconds + MAX_CLOCK_LEAD_SECONDS;
    need('INV-CLOCK-AHEAD', notAhead, 'CLOCK_AHEAD', 'the log is signed for a time in the future');
    this.#checkAge(view, this.#trust.file.maxAge);
  }

  #checkAge(view: LogView, maxAge: number | null): void {
    const age = Math.floor(this.#options.clock.now() / 1000) - (view.state.last?.time ?? 0);
    const fresh = maxAge === null || age <= maxAge;
    need('INV-HEAD-AGE', fresh, 'HEAD_STALE', 'the newest signed state is too old');
  }
}
