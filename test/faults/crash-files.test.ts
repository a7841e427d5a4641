// SPDX-License-Identifier: Apache-2.0
// Runs `npm run crash` on a vault in files: each 7th call to the file system and SQLite fails with EIO or ENOSPC, and the
// process lives on.
import { describe, expect, it } from 'vitest';
import type { Tally } from '../../tools/crash/tally.ts';
import { runTool } from '../support/run-tool.ts';

describe('a vault in files', () => {
  it('survives calls that fail', { timeout: 600_000 }, async () => {
    const args = ['--json', '--part', 'files', '--only', 'erase'];
    const { status, stdout, stderr } = await runTool('tools/crash/main.ts', ...args);
    const { tallies } = JSON.parse(stdout) as { tallies: Tally[] };
    expect(
      tallies.flatMap(({ problems }) => problems),
      stderr,
    ).toEqual([]);
    expect(status).toBe(0);
    const [errors] = tallies;
    expect(errors).toMatchObject({ part: 'files', operation: 'erase' });
    expect(errors?.total).toBeGreaterThan(300);
    expect(errors?.covered).toBe(Math.floor((errors?.total ?? 0) / 7));
  });
});
