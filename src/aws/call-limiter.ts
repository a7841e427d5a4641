// SPDX-License-Identifier: Apache-2.0
import { setTimeout as pause } from 'node:timers/promises';
import { type Clock, fail, systemClock } from '../core/index.ts';

/** How much may be asked of a model at once. */
export interface CallLimits {
  /** Calls at the same time; default 8. */
  readonly concurrency?: number | undefined;
  /** Tokens begun within a minute, as the service's quota has it; default: no limit. */
  readonly tokensPerMinute?: number | undefined;
}

/** What a limiter lives by; tests give their own. */
export interface LimiterParts {
  readonly clock?: Clock | undefined;
  /** Resolves after some milliseconds, or rejects when the signal fires. */
  readonly wait?: ((ms: number, signal: AbortSignal) => Promise<unknown>) | undefined;
}

const MINUTE = 60_000;

/** Lets calls through in their order: so many at a time, and so many tokens within a minute. */
export class CallLimiter {
  readonly #concurrency: number;
  readonly #perMinute: number;
  readonly #clock: Clock;
  readonly #wait: (ms: number, signal: AbortSignal) => Promise<unknown>;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  /** Tokens that may be begun now; below zero when a call larger than the whole quota went through. */
  #free: number;
  #since: number;
  #turn: Promise<unknown> = Promise.resolve();

  /** @throws {USAGE} for limits below one */
  constructor(limits: CallLimits, parts: LimiterParts = {}) {
    const { concurrency = 8, tokensPerMinute = Number.POSITIVE_INFINITY } = limits;
    if (!(concurrency >= 1) || !(tokensPerMinute >= 1))
      throw fail('USAGE', 'concurrency and tokens per minute must be at least one');
    this.#concurrency = concurrency;
    this.#perMinute = tokensPerMinute;
    this.#clock = parts.clock ?? systemClock;
    this.#wait = parts.wait ?? ((ms, signal) => pause(ms, undefined, { signal }));
    this.#free = tokensPerMinute;
    this.#since = this.#clock.now();
  }

  /**
   * Does work when its turn comes.
   * @param tokens what it is reckoned to take
   * @throws {ABORTED} when the signal fires before it begins, and what the work throws
   */
  async run<T>(tokens: number, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#concurrency)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      await this.#take(tokens, signal);
      return await work();
    } finally {
      // The place goes to the next in line without being free in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  /** Waits for the tokens of one call after those of all before it. */
  #take(tokens: number, signal: AbortSignal): Promise<void> {
    const mine = this.#turn.then(async () => {
      const wanted = Math.min(tokens, this.#perMinute);
      for (;;) {
        if (signal.aborted) throw fail('ABORTED', 'embedding was cancelled');
        this.#refill();
        if (this.#free >= wanted) break;
        const ms = Math.ceil(((wanted - this.#free) / this.#perMinute) * MINUTE);
        // Why waiting ended is seen above.
        await this.#wait(ms, signal).catch(() => undefined);
      }
      this.#free -= tokens;
    });
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  #refill(): void {
    if (this.#perMinute === Number.POSITIVE_INFINITY) return;
    const now = this.#clock.now();
    const gained = (Math.max(0, now - this.#since) / MINUTE) * this.#perMinute;
    this.#free = Math.min(this.#perMinute, this.#free + gained);
    this.#since = now;
  }
}
