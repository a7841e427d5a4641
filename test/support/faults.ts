// SPDX-License-Identifier: Apache-2.0
// Makes the n-th call to anything outside the process fail, as a crash or a broken disk would.
import { fail } from '../../src/core/index.ts';

/** Whether the failing call still took effect: a crash may come just before or just after it. */
export type FaultMoment = 'before' | 'after';

/** Counts calls, and fails one of them. */
export class Faults {
  /** Number of the call that fails, from 1; null lets all pass. */
  failAt: number | null = null;
  moment: FaultMoment = 'before';
  /** Every call since the last `arm`, by name. */
  calls: string[] = [];

  /** Counts from 1 again and fails the n-th call. */
  arm(failAt: number | null, moment: FaultMoment = 'before'): void {
    this.failAt = failAt;
    this.moment = moment;
    this.calls = [];
  }

  /** True when the armed call has come. */
  get struck(): boolean {
    return this.failAt !== null && this.calls.length >= this.failAt;
  }

  /** The same object, each of whose asynchronous methods is counted and may fail. */
  watch<T extends object>(target: T, methods: readonly (keyof T & string)[]): T {
    return new Proxy(target, {
      get: (object, name) => {
        const value: unknown = Reflect.get(object, name, object);
        if (typeof value !== 'function') return value;
        if (!methods.includes(name as keyof T & string)) return value.bind(object) as unknown;
        return (...args: unknown[]) =>
          this.#call(String(name), () => Reflect.apply(value, object, args));
      },
    });
  }

  async #call(name: string, work: () => unknown): Promise<unknown> {
    this.calls.push(name);
    const strikes = this.calls.length === this.failAt;
    if (strikes && this.moment === 'before') throw fail('STORE_FAILED', 'the test struck');
    const result = await work();
    if (strikes) throw fail('STORE_FAILED', 'the test struck');
    return result;
  }
}
