// SPDX-License-Identifier: Apache-2.0

/** Lets pieces of work that wait for something run one after the other, in the order in which they came. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` when everything before it has ended, well or not. */
  next<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

/** Pieces of work that run beside each other, and whose end somebody may wait for. */
export class Underway {
  readonly #running = new Set<Promise<unknown>>();

  /** Runs `work` and counts it until it ends, well or not. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const running = work();
    const ended = running.then(
      () => undefined,
      () => undefined,
    );
    this.#running.add(ended);
    void ended.then(() => this.#running.delete(ended));
    return running;
  }

  /** Resolves when everything that runs now has ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }
}
