// SPDX-License-Identifier: Apache-2.0
// Runs `npm run sim`: many seeds without a violation, over the product's own code; and every planted bug is found.
import { describe, expect, it } from 'vitest';
import { PLANTED } from '../../tools/sim/planted.ts';
import { runTool } from '../support/run-tool.ts';

const SEEDS = 10_000;
/** What must be the product's own. */
const REAL = [
  'access/decide.ts',
  'provenance/apply.ts',
  'provenance/ledger.ts',
  'provenance/sequencer.ts',
  'retrieve/search.ts',
  'store/document-open.ts',
  'store/document-seal.ts',
];

interface Summary {
  readonly seeds: number;
  readonly reads: number;
  readonly acknowledged: number;
  readonly failed: readonly { seed: number; violation: string }[];
  readonly loaded: readonly string[];
}

describe('the simulation', () => {
  it('shows no reader anything forbidden, stale or altered', { timeout: 1_200_000 }, async () => {
    const { stdout, stderr } = await runTool('tools/sim/main.ts', '--json', '--seeds', `${SEEDS}`);
    const { seeds, reads, acknowledged, failed, loaded } = JSON.parse(stdout) as Summary;
    expect(failed, stderr).toEqual([]);
    expect(seeds).toBeGreaterThanOrEqual(SEEDS);
    // It does something: several searches and writes that succeed for each seed.
    expect(reads).toBeGreaterThan(SEEDS * 3);
    expect(acknowledged).toBeGreaterThan(SEEDS * 2);
    expect(loaded).toEqual(expect.arrayContaining(REAL));
  });

  it('finds every planted bug', { timeout: 1_200_000 }, async () => {
    expect(PLANTED.length).toBeGreaterThanOrEqual(10);
    const { status, stdout, stderr } = await runTool('tools/sim/main.ts', '--planted', '--json');
    const { found } = JSON.parse(stdout) as { found: { bug: string; seed: number | null }[] };
    expect(
      found.filter(({ seed }) => seed === null),
      stderr,
    ).toEqual([]);
    expect(found.map(({ bug }) => bug).sort()).toEqual(PLANTED.map(({ name }) => name).sort());
    expect(status).toBe(0);
  });
});
