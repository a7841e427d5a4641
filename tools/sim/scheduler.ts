// SPDX-License-Identifier: Apache-2.0
// Who goes next. While several actors are at work, each of their calls to a port waits here, and the seed picks one.
import { setImmediate } from 'node:timers/promises';

/** A process that may be stopped: nothing that it does afterwards has an effect. */
export interface Actor {
  readonly name: string;
  isStopped: boolean;
}

/** What a call of a stopped process ends in. */
export class Stopped extends Error {}

interface Waiting {
  readonly actor: Actor;
  readonly go: () => void;
}

/** Until no promise has anything left to do: ticks come after the promises that are settled before them. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}

/** Brings the calls of concurrent actors into an order that depends on the seed alone. */
export class Scheduler {
  readonly #below: (limit: number) => number;
  readonly #waiting: Waiting[] = [];
  #isRacing = false;

  /** @param below a random integer under a limit */
  constructor(below: (limit: number) => number) {
    this.#below = below;
  }

  /** Lets a call of an actor pass when it is its turn. */
  async turn(actor: Actor): Promise<void> {
    if (this.#isRacing) await new Promise<void>((go) => this.#waiting.push({ actor, go }));
    if (actor.isStopped) throw new Stopped();
  }

  /**
   * Runs pieces of work at the same time.
   * @param stop the call, counted over all actors, before which its actor stops
   */
  async race(works: readonly (() => Promise<void>)[], stop: number | null): Promise<void> {
    this.#isRacing = true;
    let running = works.length;
    const errors: unknown[] = [];
    const run = async (work: () => Promise<void>): Promise<void> => {
      await work().catch((error: unknown) => errors.push(error));
      running -= 1;
    };
    const all = works.map(run);
    for (let n = 1; ; n++) {
      await settled();
      // Whoever waits for a timer needs the event loop.
      if (this.#waiting.length === 0 && running > 0) await setImmediate();
      if (running === 0) break;
      const [next] = this.#waiting.splice(this.#below(this.#waiting.length), 1);
      if (next === undefined) continue;
      if (n === stop) next.actor.isStopped = true;
      next.go();
    }
    this.#isRacing = false;
    await Promise.all(all);
    if (errors.length > 0) throw errors[0];
  }
}
