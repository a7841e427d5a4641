// SPDX-License-Identifier: Apache-2.0
// Is every security check load-bearing? Runs each test whose title begins with the id of a check without that one check:
// at least one of them must then fail. The checks are removed in the test runner, by rewriting source as it is loaded;
// shipped code has no switch.
//
//   npm run -s check:invariants             a table
//   npm run -s check:invariants -- --json   {"checks": N, "unguarded": [{"id", "file", "tests"}]}
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Check, checksOfSource, ROOT } from './invariants/source-checks.ts';

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** A check with how many tests name it and how many of these noticed that it was gone. */
interface Outcome extends Check {
  readonly tests: number;
  readonly noticed: number;
}

const asJson = process.argv.includes('--json');
const outcomes = judge(checksOfSource(), run());
const unguarded = outcomes.filter(({ noticed }) => noticed === 0);

if (asJson) {
  const list = unguarded.map(({ id, file, tests }) => ({ id, file, tests }));
  process.stdout.write(`${JSON.stringify({ checks: outcomes.length, unguarded: list })}\n`);
} else {
  for (const { id, file, tests, noticed } of outcomes) {
    const verdict = noticed > 0 ? 'ok       ' : 'UNGUARDED';
    process.stdout.write(`${verdict} ${id.padEnd(32)} ${noticed}/${tests} tests notice  ${file}\n`);
  }
  const guarded = outcomes.length - unguarded.length;
  process.stdout.write(`\n${guarded} of ${outcomes.length} checks are load-bearing\n`);
}
process.exitCode = outcomes.length > 0 && unguarded.length === 0 ? 0 : 1;

/** Runs the tests of all checks, each without its check. */
function run(): Report {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strongroom-invariants-'));
  const file = path.join(folder, 'report.json');
  const vitest = path.join(ROOT, 'node_modules/vitest/vitest.mjs');
  const options = ['--config', 'tools/invariants/vitest.config.ts', '--reporter=json'];
  // Tests are meant to fail here, so what the runner prints is noise.
  spawnSync(process.execPath, [vitest, 'run', ...options, `--outputFile=${file}`], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', asJson ? 'ignore' : 'inherit'],
  });
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function judge(checks: readonly Check[], report: Report): Outcome[] {
  const results = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  return checks.map((check) => {
    const own = results.filter(
      ({ fullName, status }) =>
        (status === 'passed' || status === 'failed') &&
        (fullName.startsWith(`${check.id}: `) || fullName.includes(` ${check.id}: `)),
    );
    const noticed = own.filter(({ status }) => status === 'failed').length;
    return { ...check, tests: own.length, noticed };
  });
}
