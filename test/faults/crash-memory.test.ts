// SPDX-License-Identifier: Apache-2.0
// Runs `npm run crash` on stores in memory: every stop and every torn write, a sample of the faults that are lived through.
import { describe, expect, it } from 'vitest';
import type { Tally } from '../../tools/crash/tally.ts';
import { runTool } from '../support/run-tool.ts';

describe('a vault on stores in memory', () => {
  it('survives a fault at any call of any operation', { timeout: 240_000 }, async () => {
    const { status, stdout, stderr } = await runTool(
      'tools/crash/main.ts',
      '--json',
      '--part',
      'memory',
    );
    const { tallies } = JSON.parse(stdout) as { tallies: Tally[] };
    const problems = tallies.flatMap((tally) => tally.problems);
    expect([status, problems], stderr).toEqual([0, []]);
    expect(new Set(tallies.map(({ operation }) => operation)).size).toBe(10);
    for (const { operation, fault, covered, total, restarts } of tallies) {
      const isExhaustive = fault === 'stop' || fault === 'torn';
      const least = isExhaustive ? total : Math.floor(total / 7);
      expect(covered, `${operation} ${fault}`).toBeGreaterThanOrEqual(least);
      expect(restarts, `${operation} ${fault}`).toBeGreaterThan(0);
      // Small enough to be exhaustive, large enough to be an operation.
      if (fault === 'stop') expect(total).toBeGreaterThan(40);
      if (fault === 'stop') expect(total).toBeLessThanOrEqual(400);
    }
  });
});
