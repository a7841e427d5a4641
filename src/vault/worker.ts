// SPDX-License-Identifier: Apache-2.0
// A worker takes messages from a queue and brings the vault in line with them, until it is told to stop.
import { type AccessFile } from '../access/index.ts';
import { fail, isStrongroomError, isTransient, type ErrorCode } from '../core/index.ts';
import type {
  Change,
  DeadLetters,
  IngestOptions,
  Queue,
  QueueMessage,
  WatchedSource,
} from '../ingest/index.ts';
import { reconcile, type Settled } from './reconcile.ts';
import type { Session } from './session.ts';

/** How a worker works. */
export interface WorkerOptions {
  readonly session: Session;
  readonly queue: Queue;
  /** Without it, messages that fail stay in the queue, whose own rules say when they are put aside. */
  readonly deadLetters?: DeadLetters;
  readonly source: WatchedSource;
  readonly access: AccessFile;
  readonly ingest?: Pick<IngestOptions, 'concurrency' | 'maxFileBytes' | 'namespace'>;
  /** Messages that are worked off together; default 60, which fills one batch of the log. */
  readonly batch?: number;
  /** Batches at work at the same time; default 2, so that one is embedded while the other waits for the log. */
  readonly batches?: number;
  /** Receipts of a message before it goes to the dead letters; default 5. */
  readonly tries?: number;
  /** Seconds for which the queue hides a message; a third of it later it is hidden again; default 60. */
  readonly visibility?: number;
  /** Seconds that work under way may take after the stop, before its messages are given back; default 20. */
  readonly grace?: number;
  /** Told after every batch. */
  readonly onBatch?: (report: WorkerReport) => void;
}

/** What a worker has done so far. */
export interface WorkerReport {
  readonly messages: number;
  /** Messages that were worked off and removed. */
  readonly done: number;
  /** Messages that were given back to the queue. */
  readonly returned: number;
  readonly dead: number;
  /** Why messages were given back or put aside. */
  readonly reasons: Readonly<Record<string, number>>;
}

/** Seconds before a message that failed is shown again. */
const RETRY_SECONDS = 10;
/** Milliseconds before a worker asks again after the queue did not answer. */
const PAUSE = 1000;

/**
 * Works until the signal, then lets what is under way end. Any number of workers may run: a message that two of them get
 * is worked off once, and a message whose worker has died shows up again.
 * @throws what is no failure of a message, a store or a service, such as tampering
 */
export function runWorker(options: WorkerOptions, stop: AbortSignal): Promise<WorkerReport> {
  return new Worker(options).run(stop);
}

class Worker {
  readonly #options: WorkerOptions;
  readonly #counts = { messages: 0, done: 0, returned: 0, dead: 0 };
  readonly #reasons = new Map<string, number>();
  /** Ends work under way, when the grace is over or the worker has failed. */
  readonly #end = new AbortController();
  readonly #running = new Set<Promise<void>>();
  /** Fires when no new work is begun. */
  #over: AbortSignal = this.#end.signal;
  #failure: { readonly error: unknown } | null = null;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  async run(stop: AbortSignal): Promise<WorkerReport> {
    const { batches = 2, grace = 20 } = this.#options;
    const over = AbortSignal.any([stop, this.#end.signal]);
    this.#over = over;
    while (!this.#isOver()) {
      const messages = await this.#gather(over);
      if (messages.length === 0) continue;
      if (this.#isOver()) await this.#options.queue.hide(messages, 0);
      else this.#begin(messages);
      // Back-pressure: what cannot be worked on now is left for other workers.
      while (this.#running.size >= batches) await Promise.race(this.#running);
    }
    const timer = setTimeout(() => this.#end.abort(), grace * 1000);
    await Promise.all(this.#running);
    clearTimeout(timer);
    if (this.#failure !== null) throw this.#failure.error;
    return this.#report();
  }

  #isOver(): boolean {
    return this.#over.aborted;
  }

  #begin(messages: readonly QueueMessage[]): void {
    const work = this.#workOff(messages).catch((error: unknown) => {
      this.#failure ??= { error };
      this.#end.abort();
    });
    this.#running.add(work);
    void work.then(() => this.#running.delete(work));
  }

  /** As many messages as there are, up to a batch. */
  async #gather(signal: AbortSignal): Promise<QueueMessage[]> {
    const { queue, batch = 60 } = this.#options;
    const messages: QueueMessage[] = [];
    while (messages.length < batch && !signal.aborted) {
      try {
        const some = await queue.receive(Math.min(10, batch - messages.length));
        messages.push(...some);
        if (some.length < 10) break;
      } catch (error) {
        if (!mayPass(error)) throw error;
        if (messages.length > 0) break;
        await pause(PAUSE, signal);
      }
    }
    return messages;
  }

  async #workOff(messages: readonly QueueMessage[]): Promise<void> {
    const { queue, visibility = 60, onBatch } = this.#options;
    this.#counts.messages += messages.length;
    const beat = setInterval(
      () => {
        // A message that shows up elsewhere is worked off twice, with the same result.
        queue.hide(messages, visibility).catch(() => undefined);
      },
      (visibility * 1000) / 3,
    );
    try {
      await this.#settle(messages);
    } finally {
      clearInterval(beat);
    }
    onBatch?.(this.#report());
  }

  async #settle(messages: readonly QueueMessage[]): Promise<void> {
    const outcomes = new Map<QueueMessage, Settled>();
    const changes = new Map<QueueMessage, readonly Change[]>();
    for (const message of messages) {
      try {
        changes.set(message, this.#options.source.changesIn(message.body));
      } catch (error) {
        if (!isStrongroomError(error)) throw error;
        outcomes.set(message, error.code);
      }
    }
    try {
      const settled = await this.#reconcile([...changes.values()].flat());
      for (const [message, told] of changes) outcomes.set(message, firstFailure(told, settled));
    } catch (error) {
      if (!isStrongroomError(error)) throw error;
      await this.#giveBack([...changes.keys()], error.code);
      if (!mayPass(error)) throw error;
    }
    await this.#answer(outcomes);
  }

  #reconcile(changes: readonly Change[]): Promise<ReadonlyMap<string, Settled>> {
    const { session, source, access, ingest } = this.#options;
    const signal = this.#end.signal;
    return reconcile(changes, { session, source, access, ingest: { ...ingest, signal } });
  }

  /** Tells the queue. What failed is tried again, and after some tries put aside with the reason's code. */
  async #answer(outcomes: ReadonlyMap<QueueMessage, Settled>): Promise<void> {
    const { queue, deadLetters, tries = 5 } = this.#options;
    const done: QueueMessage[] = [];
    // What fails because the worker ends is no fault of the message.
    const isOver = this.#isOver();
    for (const [message, reason] of outcomes) {
      if (reason === null) {
        this.#counts.done += 1;
        done.push(message);
      } else if (isOver || deadLetters === undefined || message.receives < tries) {
        await this.#giveBack([message], reason);
      } else {
        await deadLetters.put(message, reason);
        this.#counts.dead += 1;
        this.#count(reason, 1);
        done.push(message);
      }
    }
    await queue.remove(done);
  }

  /** A worker that ends shows its messages to others at once. */
  async #giveBack(messages: readonly QueueMessage[], reason: ErrorCode): Promise<void> {
    this.#counts.returned += messages.length;
    this.#count(reason, messages.length);
    const seconds = this.#isOver() ? 0 : RETRY_SECONDS;
    await this.#options.queue.hide(messages, seconds);
  }

  #count(reason: string, n: number): void {
    if (n > 0) this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + n);
  }

  #report(): WorkerReport {
    return { ...this.#counts, reasons: Object.fromEntries([...this.#reasons].sort()) };
  }
}

/** What is not over at the next try, though its error is one of a store or service: somebody has to repair it. */
const LASTING: readonly ErrorCode[] = [
  'CREDENTIALS_REFUSED',
  'SERVICE_CLOCK',
  'SERVICE_DENIED',
  'SERVICE_MISSING',
  'SERVICE_REGION',
];

/** What may be over at the next try, though it is no error of a store. */
const PASSING: readonly ErrorCode[] = ['ABORTED', 'EMBEDDER_FAILED', 'VAULT_LOCKED'];

/** True for a failure after which a worker goes on. */
function mayPass(error: unknown): boolean {
  if (!isStrongroomError(error)) return false;
  if (PASSING.includes(error.code)) return true;
  return isTransient(error) && !LASTING.includes(error.code);
}

/** Why a message is not done: the first of its documents that is not. */
function firstFailure(told: readonly Change[], settled: ReadonlyMap<string, Settled>): Settled {
  for (const { uri } of told) {
    const outcome = settled.get(uri);
    if (outcome === undefined) throw fail('INTERNAL', 'a change was not settled');
    if (outcome !== null) return outcome;
  }
  return null;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
