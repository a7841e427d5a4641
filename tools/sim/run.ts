// SPDX-License-Identifier: Apache-2.0
import { simulate, type Verdict } from './simulation.ts';
import { makeTemplate } from './template.ts';

/** What a range of seeds gave. */
export interface RangeResult {
  readonly seeds: number;
  readonly reads: number;
  readonly acknowledged: number;
  /** Seeds with a violation. */
  readonly failed: readonly Verdict[];
}

/**
 * Runs seeds one after the other.
 * @param onSeed told after each; returns false to stop
 */
export async function runSeeds(
  seeds: readonly number[],
  onSeed: (verdict: Verdict) => boolean = () => true,
): Promise<RangeResult> {
  const template = await makeTemplate();
  let [count, reads, acknowledged] = [0, 0, 0];
  const failed: Verdict[] = [];
  for (const seed of seeds) {
    const verdict = await simulate(template, seed);
    count += 1;
    reads += verdict.reads;
    acknowledged += verdict.acknowledged;
    if (verdict.violation !== null) failed.push(verdict);
    if (!onSeed(verdict)) break;
  }
  return { seeds: count, reads, acknowledged, failed };
}
