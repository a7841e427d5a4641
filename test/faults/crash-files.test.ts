// SPDX-License-Identifier: Apache-2.0
// Runs `npm run crash` on a vault in files: calls to the file system and SQLite fail with EIO or ENOSPC while the process
// lives on; and states of the disk, whole, torn and as a power failure leaves them, are restarted from. All operations,
// and one point of several.
import { describe, expect, it } from 'vitest';
import type { Tally } from '../../tools/crash/tally.ts';
import { goTools } from '../support/foreign-tools.ts';
import { runTool } from '../support/run-tool.ts';

const { missing } = goTools();
if (missing !== null)
  console.warn(`The foreign log verifier reads no log after a crash: ${missing}`);

async function run(...args: string[]): Promise<Tally[]> {
  const { status, stdout, stderr } = await runTool('tools/crash/main.ts', '--json', ...args);
  const { tallies } = JSON.parse(stdout) as { tallies: Tally[] };
  expect(
    tallies.flatMap(({ problems }) => problems),
    stderr,
  ).toEqual([]);
  expect(status).toBe(0);
  expect(new Set(tallies.map(({ operation }) => operation)).size).toBe(10);
  return tallies;
}

describe('a vault in files', () => {
  it('survives calls that fail', { timeout: 1_200_000 }, async () => {
    for (const { total, covered } of await run('--part', 'files', '--every', '40')) {
      expect(total).toBeGreaterThan(300);
      expect(covered).toBe(Math.floor(total / 40));
    }
  });

  it('survives crashes, torn writes and power failures', { timeout: 1_200_000 }, async () => {
    const tallies = await run('--part', 'disk', '--every', '40');
    for (const { operation, fault, total, covered, restarts } of tallies) {
      expect(total, `${operation} ${fault}`).toBeGreaterThan(10);
      expect(covered, `${operation} ${fault}`).toBeGreaterThanOrEqual(Math.floor(total / 40));
      expect(restarts).toBe(covered);
      // Whatever was acknowledged is there after the power has failed: asked each time.
      if (fault === 'power') expect(covered).toBeGreaterThan(2);
    }
    expect(new Set(tallies.map(({ fault }) => fault))).toEqual(new Set(['stop', 'torn', 'power']));
  });
});
