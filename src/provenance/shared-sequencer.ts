// SPDX-License-Identifier: Apache-2.0
// One of several sequencers of a log, on as many machines: they take turns batch by batch.
import { fail, hex, isStrongroomError } from '../core/index.ts';
import type { CommitOutcome } from './batch.ts';
import type { Ledger } from './ledger.ts';
import { leafHash } from './merkle.ts';
import { Sequencer, type SequencerOptions } from './sequencer.ts';

/** How sequencers take turns. */
export interface TurnOptions {
  /**
   * Milliseconds that a batch may stay pending before somebody else finishes it; default 5,000. Finishing one whose
   * sequencer is still at work does no harm: both write the same bytes.
   */
  readonly patience?: number;
  /** Tries of one commit before it is given up; default 100. */
  readonly tries?: number;
  /** Waits so many milliseconds; tests pass their own. */
  readonly wait?: (milliseconds: number) => Promise<void>;
  /** A number in [0, 1), so that those who failed together do not try together again; default `Math.random`. */
  readonly spread?: () => number;
}

const PATIENCE = 5_000;
const TRIES = 100;
/** Milliseconds between looks at a pending batch, and at most between tries. */
const POLL = 50;
const LONGEST_PAUSE = 1_000;

/**
 * Commits beside other sequencers. Whoever stages a batch first has the turn; the others follow the head and try again.
 * A batch whose sequencer has died is finished by the next one.
 */
export class SharedSequencer {
  readonly #options: SequencerOptions;
  readonly #turns: Required<TurnOptions>;
  #sequencer: Sequencer | null = null;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: SequencerOptions, turns: TurnOptions = {}) {
    this.#options = options;
    this.#turns = {
      patience: turns.patience ?? PATIENCE,
      tries: turns.tries ?? TRIES,
      wait: turns.wait ?? pause,
      spread: turns.spread ?? Math.random,
    };
  }

  /**
   * Appends entries in order; outcomes are those of {@link Sequencer.commit}. An entry that another sequencer has finished
   * for this one is committed, too; what it changed in the ledger is then not repeated in its outcome.
   * @throws {VAULT_LOCKED} when others had every turn, many times over; what {@link Sequencer.start} throws
   */
  commit(entries: readonly Uint8Array[]): Promise<CommitOutcome[]> {
    const run = this.#queue.then(() => this.#commit(entries));
    this.#queue = run.catch(() => undefined);
    return run;
  }

  async #commit(entries: readonly Uint8Array[]): Promise<CommitOutcome[]> {
    const { ledger } = this.#options;
    const before = ledger.head.size;
    const outcomes = new Map<Uint8Array, CommitOutcome>();
    for (let attempt = 0; attempt < this.#turns.tries; attempt++) {
      const open = entries.filter((entry) => !outcomes.has(entry));
      try {
        const sequencer = (this.#sequencer ??= await this.#join());
        // After a lost turn, what was staged may have been finished by whoever took it.
        if (attempt > 0) await findCommitted(ledger, before, open, outcomes);
        const left = open.filter((entry) => !outcomes.has(entry));
        const made = await sequencer.commit(left);
        for (const [i, entry] of left.entries()) outcomes.set(entry, made[i] as CommitOutcome);
        return entries.map((entry) => outcomes.get(entry) as CommitOutcome);
      } catch (error) {
        this.#sequencer = null;
        if (!isStrongroomError(error, 'VAULT_LOCKED')) throw error;
        await this.#pause(attempt);
      }
    }
    throw fail('VAULT_LOCKED', 'other sequencers had every turn');
  }

  /** Waits for a batch that is pending, and finishes it when nobody else does. */
  async #join(): Promise<Sequencer> {
    const { wait, patience } = this.#turns;
    for (let waited = 0; waited <= patience; waited += POLL) {
      const joined = await Sequencer.join(this.#options);
      if (joined !== null) return joined;
      await wait(POLL);
    }
    return Sequencer.start(this.#options);
  }

  #pause(attempt: number): Promise<void> {
    const { wait, spread } = this.#turns;
    return wait(spread() * Math.min(LONGEST_PAUSE, 10 * 2 ** Math.min(attempt, 10)));
  }
}

/** Notes which of the entries stand in the log since it had a size. */
async function findCommitted(
  ledger: Ledger,
  from: number,
  entries: readonly Uint8Array[],
  outcomes: Map<Uint8Array, CommitOutcome>,
): Promise<void> {
  const { size } = ledger.head;
  if (size === from) return;
  const wanted = new Map(entries.map((entry) => [hex(leafHash(entry)), entry]));
  for await (const [index, found] of ledger.reader.entries(from, size)) {
    const hash = hex(leafHash(found));
    const entry = wanted.get(hash);
    if (entry === undefined) continue;
    // The store is hostile: what is acknowledged as committed must be proven.
    const proven = await ledger.reader.provenEntry(index, ledger.head);
    if (hex(leafHash(proven)) !== hash) continue;
    outcomes.set(entry, { outcome: 'committed', index, leafHash: hash, records: [] });
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
