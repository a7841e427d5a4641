// SPDX-License-Identifier: Apache-2.0
import type { CommitOutcome } from '../provenance/index.ts';
import type { KeyRow } from '../store/index.ts';

/** An entry with the wrapped keys that must be durable before the log names what they open. */
export interface Submission {
  readonly entry: Uint8Array;
  readonly keyRows: readonly KeyRow[];
}

/** What a committer works with. */
export interface CommitterOptions {
  /** Appends entries in order; acknowledges when they are durable. */
  readonly commit: (entries: readonly Uint8Array[]) => Promise<CommitOutcome[]>;
  readonly putKeys: (rows: readonly KeyRow[]) => Promise<void>;
  /** Entries of a full batch. */
  readonly batchSize: number;
  /** Milliseconds that an entry waits for others, unless it says otherwise. */
  readonly maxWait: number;
}

interface Waiting extends Submission {
  readonly resolve: (outcome: CommitOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/** Gathers entries into batches: keys first, then the log. Keeps the order of submission. */
export class Committer {
  readonly #options: CommitterOptions;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | null = null;
  /** When the timer fires, in milliseconds of the process. */
  #due = Infinity;
  #isDraining = false;
  #accepted = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(options: CommitterOptions) {
    this.#options = options;
  }

  /**
   * Appends one entry; resolves when it is acknowledged or refused.
   * @param wait milliseconds that it waits for others at most
   */
  submit(submission: Submission, wait: number = this.#options.maxWait): Promise<CommitOutcome> {
    const done = new Promise<CommitOutcome>((resolve, reject) => {
      this.#waiting.push({ ...submission, resolve, reject });
    });
    if (this.#waiting.length >= this.#options.batchSize) void this.flush();
    else this.#flushWithin(this.#isDraining ? 0 : wait);
    return done;
  }

  /** Entries that the log has taken. */
  get accepted(): number {
    return this.#accepted;
  }

  /** {@link flush}, when nothing more will come: what still follows from what waits does not wait for others. */
  drain(): Promise<void> {
    this.#isDraining = true;
    return this.flush();
  }

  /** Commits what waits; resolves when everything submitted so far has an outcome. */
  flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#due = Infinity;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#running = this.#running.then(() => this.#run(batch));
    return this.#running;
  }

  #flushWithin(wait: number): void {
    const due = performance.now() + wait;
    if (due >= this.#due) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => void this.flush(), wait);
  }

  async #run(batch: readonly Waiting[]): Promise<void> {
    if (batch.length === 0) return;
    try {
      await this.#options.putKeys(batch.flatMap(({ keyRows }) => keyRows));
      const outcomes = await this.#options.commit(batch.map(({ entry }) => entry));
      for (const [i, item] of batch.entries()) {
        const outcome = outcomes[i] as CommitOutcome;
        if (outcome.outcome === 'committed') this.#accepted += 1;
        item.resolve(outcome);
      }
    } catch (error) {
      for (const item of batch) item.reject(error);
    }
  }
}
