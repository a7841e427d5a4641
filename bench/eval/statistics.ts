// SPDX-License-Identifier: Apache-2.0
// How much of a mean is chance: percentile bootstrap (Efron, 1979) over queries.
import { concat, lp, sha256, u64be, utf8 } from '../../src/core/index.ts';

/** A mean with the bounds between which 95 % of resampled means lie. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2000;

/** Mean and 95 % bootstrap interval of one value for each query. The same values give the same interval. */
export function bootstrap(values: readonly number[]): Interval {
  const n = values.length;
  if (n === 0) return { mean: 0, low: 0, high: 0 };
  const random = uniform('bootstrap');
  const means = Array.from({ length: RESAMPLES }, () => {
    let sum = 0;
    for (let draw = 0; draw < n; draw++) sum += values[Math.floor(random() * n)] as number;
    return sum / n;
  }).sort((a, b) => a - b);
  const at = (share: number): number => means[Math.floor(share * (RESAMPLES - 1))] as number;
  return { mean: mean(values), low: at(0.025), high: at(0.975) };
}

/** The mean, 0 of nothing. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

/** Numbers in [0, 1) that repeat for the same seed (SplitMix32, seeded by SHA-256). */
export function uniform(seed: string): () => number {
  const digest = sha256(concat(lp(utf8('sr/eval/v1')), lp(utf8(seed)), u64be(0)));
  let state = new DataView(digest.buffer, digest.byteOffset).getUint32(0, true);
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
}
