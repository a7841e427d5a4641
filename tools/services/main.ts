// SPDX-License-Identifier: Apache-2.0
// Starts real servers and stand-ins of cloud services on this machine, runs test/services against them, stops them.
//
//   npm run test:services                       all of it; needs Python 3, Java 11-21 and Maven
//   npm run test:services -- --only ministack   some servers; tests of the others are skipped
//   npm run test:services -- --long             versitygw too, a second S3 (needs Go)
//   npm run test:services -- --if-possible      nothing, and says so, where a program is missing
//   npm run test:services -- PATTERN...         only the tests whose file name matches
import { parseArgs } from 'node:util';
import { type Counts, countsText, runVitest } from '../vitest-run.ts';
import { missingPrograms, type ServiceName, SERVICES, startServices } from './services.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    long: { type: 'boolean', default: false },
    'if-possible': { type: 'boolean', default: false },
  },
});

/** Moves of the adversary that touch what lies in buckets. The attacker of test/attacks writes there directly. */
const MOVES =
  'A01 A02 A03 A04 A05 A06 A07 A08 A09 A12 A13 A14 A15 A16 A30 A32 A33 A34 A36 A38 A39 A40'.split(
    ' ',
  );

function add(to: Counts, more: Counts): void {
  to.passed += more.passed;
  to.failed += more.failed;
  to.skipped += more.skipped;
}

function chosen(): ServiceName[] {
  const names = values.only?.split(',') ?? SERVICES.filter((name) => name !== 'versitygw');
  const known = SERVICES.filter((name) => names.includes(name));
  if (known.length < names.length) throw new Error(`--only takes ${SERVICES.join(', ')}`);
  return values.long && !known.includes('versitygw') ? [...known, 'versitygw'] : known;
}

async function main(): Promise<number> {
  const names = chosen();
  const missing = missingPrograms(names);
  if (missing.length > 0) {
    process.stdout.write(`Tests with servers are not run: ${missing.join(', ')} missing.\n`);
    return values['if-possible'] ? 0 : 1;
  }
  const start = performance.now();
  const say = (line: string): void => void process.stdout.write(`== ${line}\n`);
  const running = await startServices(names, say);
  try {
    const config = ['--config', 'tools/services/vitest.config.ts'];
    const counts = await runVitest([...config, ...positionals], running.env);
    if (positionals.length === 0) {
      say('attacks on vaults in buckets');
      const inBuckets = MOVES.map((id) => `test/attacks/${id}-`);
      add(counts, await runVitest(inBuckets, { ...running.env, STRONGROOM_TEST_HOME: 's3' }));
    }
    const minutes = ((performance.now() - start) / 60_000).toFixed(1);
    say(`stopping the servers after ${minutes} minutes`);
    running.stop();
    process.stdout.write(`\n${countsText(counts)}\n`);
    return counts.failed === 0 && counts.passed > 0 ? 0 : 1;
  } finally {
    running.stop();
  }
}

process.exitCode = await main();
