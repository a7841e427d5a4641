// SPDX-License-Identifier: Apache-2.0
// One opened vault: ledger, access, index and retriever of a process, kept in step with the log.
import type { Embedder } from '../embed/index.ts';
import { isStrongroomError } from '../core/index.ts';
import type { Centroids } from '../index/index.ts';
import {
  type Checkpoint,
  type CommitOutcome,
  type DocValue,
  Ledger,
  type StateRecord,
  type Witnesses,
} from '../provenance/index.ts';
import {
  type AccessView,
  ProvenDocuments,
  type RetrievalOptions,
  Retriever,
} from '../retrieve/index.ts';
import { AccessState } from './access-state.ts';
import { openContext, reportRefusal, type VaultContext } from './context.ts';
import { chosenEmbedder, embedderOf } from './embedder-of.ts';
import type { IndexState } from './index-state.ts';
import { openIndexState } from './open-index-state.ts';
import type { SessionOptions } from './session-options.ts';
import { Turns, Underway } from './turns.ts';
import { writeSnapshot } from './snapshot-write.ts';
import { latestSnapshot } from './state-snapshot.ts';
import { allCommitted, VaultWriter } from './writer.ts';

export type { SessionOptions };

/** The working state of an opened vault. Opening it proves the log; the index is loaded when first needed. */
export class Session {
  readonly context: VaultContext;
  readonly ledger: Ledger;
  readonly embedder: Embedder;
  readonly documents: ProvenDocuments;
  /** Ingestions under way: they hold wrapped keys that are not in the key table yet. */
  readonly ingestions = new Underway();
  readonly #access: AccessState;
  readonly #centroids: Centroids | null;
  #index: Promise<IndexState> | null = null;
  #retriever: Promise<Retriever> | null = null;
  #writer: VaultWriter | null = null;
  #reading: Promise<void> | null = null;
  readonly #opening = new Turns();
  readonly #following = new Turns();
  readonly #settling = new Turns();
  readonly #sealing = new Turns();
  readonly #administering = new Turns();
  /** Leaves that changed and are not in access view and index yet. */
  readonly #pending: StateRecord[] = [];
  /** The head that access view and index belong to. */
  #settledAt: Checkpoint;

  private constructor(
    parts: { context: VaultContext; ledger: Ledger; access: AccessState },
    options: { readonly embedder: Embedder; readonly centroids: Centroids | null },
  ) {
    this.context = parts.context;
    this.ledger = parts.ledger;
    this.#access = parts.access;
    this.embedder = options.embedder;
    this.#centroids = options.centroids;
    this.#settledAt = parts.ledger.head;
    const { stores, config } = parts.context;
    this.documents = new ProvenDocuments(parts.ledger, stores, config.tenantId);
  }

  /**
   * Opens a vault: trust, log, state, people, classes, policy.
   * @throws {EMBEDDER_MISMATCH} when the vault was made for another embedder; the errors of {@link Ledger.open} and
   *   {@link openContext}
   */
  static async open(options: SessionOptions): Promise<Session> {
    const { onAlarm = () => undefined } = options;
    const context = await openContext(options).catch((error: unknown) => {
      // Without trust and keys there is no audit trail yet.
      reportRefusal({ onAlarm }, error);
      throw error;
    });
    return Session.over(context, options.embedder, options.centroids);
  }

  /**
   * {@link Session.open} of a vault whose parts are opened already; they are closed with the session, or by a failure.
   * @throws {EMBEDDER_MISMATCH} when the vault was made for another embedder; the errors of {@link Ledger.open}
   */
  static async over(
    context: VaultContext,
    given?: Embedder,
    centroids: Centroids | null = null,
  ): Promise<Session> {
    try {
      const ledger = await Ledger.open({
        idKey: context.ring.lookupKey('id'),
        reader: context.reader,
        trust: context.trust,
        cache: context.cache,
        clock: context.clock,
        followInterval: context.followInterval ?? 0,
        onAlarm: context.onAlarm,
        keepConflict: context.keepConflict,
        snapshot: (head) => latestSnapshot(context, head),
      });
      const embedder = embedderOf(ledger, context, chosenEmbedder(context, given));
      const access = await AccessState.open(context, ledger);
      ledger.requireFresh(access.view.policy.maxAge);
      return new Session({ context, ledger, access }, { embedder, centroids });
    } catch (error) {
      reportRefusal(context, error);
      closeQuietly(context);
      throw error;
    }
  }

  /** People, classes and policy at the head. */
  get access(): AccessView {
    return this.#access.view;
  }

  /** The index, loaded and completed on first use. */
  index(): Promise<IndexState> {
    if (this.#index === null) {
      const { context, ledger, documents } = this;
      const centroids = this.#centroids;
      this.#index = openIndexState({ context, ledger, documents, centroids });
      // A failure is not remembered: the next call tries again.
      this.#index.catch(() => {
        this.#index = null;
        this.#retriever = null;
      });
    }
    return this.#index;
  }

  /** What answers queries. */
  retriever(): Promise<Retriever> {
    this.#retriever ??= this.retrieval().then((options) => new Retriever(options, this.documents));
    return this.#retriever;
  }

  /** What retrieval works with. */
  async retrieval(): Promise<RetrievalOptions> {
    const { context, ledger, embedder } = this;
    const { stores, clock, random, audit, onAlarm } = context;
    const { index } = await this.index();
    return {
      ledger,
      stores,
      index,
      embedder,
      access: () => this.access,
      follow: (atLeast) => this.follow(atLeast),
      isSettled: () => this.isSettled,
      settle: () => this.settle(),
      clock,
      random,
      audit,
      onAlarm,
    };
  }

  /**
   * Follows the published head. Where the store can tell that nothing was published, nothing is read, but for class records
   * that could not be read before; calls that overlap wait for each other, and those that wait share one reading.
   * @param atLeast a log size that must have been reached if it is published at all
   */
  follow(atLeast = 0): Promise<void> {
    return this.#reporting(async () => {
      const { ledger } = this;
      const isKnown = ledger.isPublished && ledger.head.size >= atLeast;
      const isCurrent = isKnown && this.isSettled && this.#access.isWhole;
      if (!isCurrent) await this.#catchUp();
      ledger.requireUsable();
      const { maxAge, witnesses } = this.access.policy;
      ledger.requireFresh(maxAge);
      ledger.requireWitnessed(witnesses, maxAge);
    });
  }

  /** The next reading of the published head that has not begun yet. */
  #catchUp(): Promise<void> {
    this.#reading ??= this.#following.next(async () => {
      this.#reading = null;
      await this.ledger.refresh();
      await this.settle();
    });
    return this.#reading;
  }

  /** Whether access view and index are those of the ledger's head. */
  get isSettled(): boolean {
    return this.#settledAt === this.ledger.head;
  }

  /**
   * Takes what changed in the ledger into access view and index. What fails is kept and tried again by the next call:
   * until then nobody is served, since old permissions must not outlive a new head.
   */
  settle(): Promise<void> {
    return this.#settling.next(async () => {
      const { head } = this.ledger;
      this.#pending.push(...this.ledger.takeChanges());
      const records = [...this.#pending];
      await this.#access.apply(records);
      if (this.#index !== null) await (await this.#index).apply(records);
      await this.#forgetErased(records);
      this.#pending.splice(0, records.length);
      this.#settledAt = head;
    });
  }

  /** Whoever erased a document: its text, keys and words must not stay in the memory of this process. */
  async #forgetErased(records: readonly StateRecord[]): Promise<void> {
    const erased = records.filter(
      ({ kind, value }) => kind === 'doc' && value.status === 'shredded',
    );
    if (erased.length === 0) return;
    const retriever = await this.#retriever;
    for (const { value } of erased) {
      const { docId } = value as DocValue;
      this.documents.forget(docId);
      retriever?.forget(docId);
    }
    (await this.#index)?.vacuum();
  }

  /** The right to write; taken on first use and held until the session closes. */
  writer(): Promise<VaultWriter> {
    return this.#opening.next(async () => {
      if (this.#writer === null) {
        const witnesses = (): Witnesses => this.access.policy.witnesses;
        const open = (): Promise<VaultWriter> =>
          VaultWriter.open(this.context, this.ledger, witnesses);
        this.#writer = await this.#reporting(open);
        await this.settle();
      }
      return this.#writer;
    });
  }

  /** Lets changes of people, permissions and keys pass one at a time: each is made from what the one before it left. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.#administering.next(work);
  }

  /** Appends entries and takes their effects over. */
  async commit(entries: readonly Uint8Array[]): Promise<CommitOutcome[]> {
    const writer = await this.writer();
    const outcomes = await writer.commit(entries);
    await this.settle();
    return outcomes;
  }

  /** {@link commit} of entries that must all be accepted. @throws {ENTRY_REFUSED} */
  async commitAll(entries: readonly Uint8Array[]): Promise<CommitOutcome[]> {
    return allCommitted(await this.commit(entries));
  }

  /**
   * Seals the index as it is, if it changed.
   * @param sweep whether to look for leftovers of every former snapshot
   */
  async seal({ sweep }: { readonly sweep: boolean } = { sweep: false }): Promise<boolean> {
    const [writer, state] = [await this.writer(), await this.index()];
    const { context, ledger } = this;
    const { snapshots } = state;
    if (snapshots === null) return false;
    const options = { context, ledger, writer, state: snapshots, sweep };
    return this.#sealing.next(() => writeSnapshot(options));
  }

  /** Does some work; a refusal in it is alarmed and passed on. */
  async #reporting<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      reportRefusal(this.context, error);
      throw error;
    }
  }

  /** Releases lock, databases and cached keys. */
  close(): void {
    this.#writer?.close();
    this.documents.forget();
    this.context.close();
  }
}

/** Closes after something failed, which is what people must hear of. */
function closeQuietly(context: VaultContext): void {
  try {
    context.close();
  } catch (error) {
    if (!isStrongroomError(error)) throw error;
  }
}
