// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fail } from '../../core/index.ts';

// Work between two turns of the event loop, in UTF-16 units: a few to some tens of milliseconds for every loader.
const UNITS_PER_TURN = 256 * 1024;

/**
 * Lets the event loop run, and a cancellation take effect, at regular amounts of work. Counted in work, not in time, so
 * that runs can be repeated exactly.
 */
export class Pace {
  readonly #signal: AbortSignal | undefined;
  #spent = 0;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** Counts work; true when `rest` is due. */
  spend(units: number): boolean {
    this.#spent += units;
    return this.#spent >= UNITS_PER_TURN;
  }

  /**
   * Gives the event loop a turn.
   * @throws {ABORTED} when the signal was aborted
   */
  async rest(): Promise<void> {
    this.#spent = 0;
    await nextTurn();
    this.check();
  }

  /**
   * Looks at the signal only.
   * @throws {ABORTED} when the signal was aborted
   */
  check(): void {
    if (this.#signal?.aborted === true) throw fail('ABORTED', 'the operation was cancelled');
  }
}
