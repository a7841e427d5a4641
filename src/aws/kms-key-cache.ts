// SPDX-License-Identifier: Apache-2.0
import { type Clock, isStrongroomError } from '../core/index.ts';

/** How long an unwrapped key may be used before the key service is asked again. */
export interface KeyLimits {
  /** Milliseconds; default one hour. So long a key goes on working here after the service has been told to refuse it. */
  readonly maxAge: number;
  /** Uses; default 1,000,000. */
  readonly maxUses: number;
}

/** The limits of a ring that names none. */
export const DEFAULT_LIMITS: KeyLimits = { maxAge: 3_600_000, maxUses: 1_000_000 };

interface Held {
  readonly bytes: Uint8Array;
  readonly since: number;
  uses: number;
}

/** Unwrapped keys in memory, by name, for a time and a number of uses; overwritten when they go. */
export class KeyCache {
  readonly #clock: Clock;
  readonly #limits: KeyLimits;
  readonly #held = new Map<string, Held>();
  readonly #loading = new Map<string, Promise<Uint8Array>>();

  constructor(clock: Clock, limits: KeyLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /**
   * Works with a key, unwrapping it first when it is not here.
   * @param work must be done with the bytes when it returns: they may be overwritten afterwards
   * @throws what `load` throws; after a refusal by the key service no key is kept
   */
  async use<T>(
    name: string,
    load: () => Promise<Uint8Array>,
    work: (bytes: Uint8Array) => T,
  ): Promise<T> {
    const present = this.#usable(name);
    if (present !== null) return work(present);
    // Those who wait for the same key ask the service once.
    let loading = this.#loading.get(name);
    if (loading === undefined) {
      loading = this.#load(name, load);
      this.#loading.set(name, loading);
    }
    await loading;
    const held = this.#held.get(name);
    // A limit of one use, and many who waited: the others ask again.
    if (held === undefined) return this.use(name, load, work);
    held.uses += 1;
    return work(held.bytes);
  }

  /** Forgets one key. */
  drop(name: string): void {
    this.#held.get(name)?.bytes.fill(0);
    this.#held.delete(name);
  }

  /** Forgets everything. */
  clear(): void {
    for (const name of [...this.#held.keys()]) this.drop(name);
  }

  async #load(name: string, load: () => Promise<Uint8Array>): Promise<Uint8Array> {
    try {
      const bytes = await load();
      this.drop(name);
      this.#held.set(name, { bytes, since: this.#clock.now(), uses: 0 });
      return bytes;
    } catch (error) {
      if (isRefusal(error)) this.clear();
      throw error;
    } finally {
      this.#loading.delete(name);
    }
  }

  #usable(name: string): Uint8Array | null {
    const held = this.#held.get(name);
    if (held === undefined) return null;
    const age = this.#clock.now() - held.since;
    // A clock that went back makes no key younger.
    if (age < 0 || age >= this.#limits.maxAge || held.uses >= this.#limits.maxUses) {
      this.drop(name);
      return null;
    }
    held.uses += 1;
    return held.bytes;
  }
}

function isRefusal(error: unknown): boolean {
  const codes = ['KMS_KEY_DISABLED', 'KMS_KEY_DELETION', 'SERVICE_DENIED'] as const;
  return isStrongroomError(error) && codes.some((code) => error.code === code);
}
