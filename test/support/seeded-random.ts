// SPDX-License-Identifier: Apache-2.0
import { concat, lp, type Random, sha256, u64be } from '../../src/core/index.ts';

/** Random bytes that repeat for the same seed: SHA-256 in counter mode. For golden files and simulations only. */
export class SeededRandom implements Random {
  readonly #seed: Uint8Array;
  #counter = 0;
  #block: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(seed: string) {
    this.#seed = sha256(concat(lp('sr/test-random/v1'), lp(seed)));
  }

  bytes(n: number): Uint8Array {
    const out = new Uint8Array(n);
    for (let filled = 0; filled < n;) {
      if (this.#at === this.#block.length) this.#next();
      const part = this.#block.subarray(this.#at, this.#at + n - filled);
      out.set(part, filled);
      filled += part.length;
      this.#at += part.length;
    }
    return out;
  }

  #next(): void {
    this.#block = sha256(concat(this.#seed, u64be(this.#counter)));
    this.#counter += 1;
    this.#at = 0;
  }

  /** An integer in [0, limit), slightly uneven for large limits. */
  below(limit: number): number {
    const [a, b, c, d] = this.bytes(4) as unknown as [number, number, number, number];
    return (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) % limit;
  }

  /** One item of a list that is not empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}
