// SPDX-License-Identifier: Apache-2.0
// Runs `npm run crash` with processes that really die: SIGKILL at 40 seeded calls to the file system and to SQLite.
import { describe, expect, it } from 'vitest';
import type { Tally } from '../../tools/crash/tally.ts';
import { runTool } from '../support/run-tool.ts';

describe.skipIf(process.platform === 'win32')('a vault in files', () => {
  it('survives processes that are killed', { timeout: 600_000 }, async () => {
    const args = ['--json', '--part', 'kill'];
    const { status, stdout, stderr } = await runTool('tools/crash/main.ts', ...args);
    const { tallies } = JSON.parse(stdout) as { tallies: Tally[] };
    expect(
      tallies.flatMap(({ problems }) => problems),
      stderr,
    ).toEqual([]);
    expect(status).toBe(0);
    const [kills] = tallies;
    expect(kills).toMatchObject({ part: 'kill', total: 40, covered: 40 });
    // Most live long enough to open the vault and to tell what the one before them left.
    expect(kills?.restarts).toBeGreaterThan(15);
  });
});
