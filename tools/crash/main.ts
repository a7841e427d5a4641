// SPDX-License-Identifier: Apache-2.0
// Crash points: what happens when the process stops, a write is torn or lost, or a call fails, at every call.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Tally } from './tally.ts';

const HELP = `usage: npm run -s crash -- [options]

Stops, tears, loses and fails calls to stores and keys of a small vault, restarts it and checks that acknowledged
documents are there and proven, others absent or complete, fsck clean and the log sound.

  --part PART   memory: stores in memory; disk: every state of the files is restarted from, whole, torn, and as a power
                failure leaves it; files: calls to the file system and SQLite fail; kill: processes on files are killed
                with SIGKILL (default: all four)
  --seed S      decides where processes are killed (default 1)
  --only OP     one operation: ingest, update, access, directory, delete, erase, rotate, keys, snapshot, recovery
  --every N     on files, one point of N (default 25)
  --all         every point of every kind of fault, and more kills; default: every stop and torn write in memory, and one
                point of several for the rest
  --json        print the tallies as JSON
  --record      write what was covered to tools/crash/record.json

examples:
  npm run -s crash
  npm run -s crash -- --only erase --all
`;

const { values } = parseArgs({
  options: {
    part: { type: 'string', multiple: true },
    only: { type: 'string', multiple: true },
    seed: { type: 'string', default: '1' },
    every: { type: 'string' },
    all: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(HELP);
} else {
  const tallies = await run();
  const problems = tallies.flatMap((tally) => tally.problems).length;
  if (values.json) process.stdout.write(`${JSON.stringify({ tallies })}\n`);
  if (values.record) record(tallies);
  process.exitCode = problems === 0 ? 0 : 1;
}

async function run(): Promise<Tally[]> {
  const parts = values.part ?? ['files', 'disk', 'memory', 'kill'];
  const options = {
    all: values.all,
    onTally: show,
    ...(values.every !== undefined && { every: Number(values.every) }),
    ...(values.only !== undefined && { only: values.only }),
  };
  const tallies: Tally[] = [];
  // First, and loaded only now: these replace modules before the product is loaded.
  if (parts.includes('files')) {
    tallies.push(...(await (await import('./files.ts')).filePoints(options)));
  }
  if (parts.includes('disk')) {
    tallies.push(...(await (await import('./disk.ts')).diskPoints(options)));
  }
  if (parts.includes('memory')) {
    tallies.push(...(await (await import('./memory.ts')).memoryPoints(options)));
  }
  if (parts.includes('kill')) {
    const { killPoints } = await import('./kill.ts');
    tallies.push(...(await killPoints({ ...options, seed: values.seed })));
  }
  return tallies;
}

function show({ part, operation, fault, covered, total, restarts, problems }: Tally): void {
  const cells = [
    part.padEnd(7),
    operation.padEnd(10),
    fault.padEnd(5),
    `${covered}/${total} calls`,
  ];
  process.stderr.write(`${cells.join(' ')}, ${restarts} restarts\n`);
  for (const problem of problems) process.stderr.write(`    PROBLEM ${problem}\n`);
}

/** What the evidence page says of crash points. */
function record(tallies: readonly Tally[]): void {
  const sum = (of: (tally: Tally) => number): number => tallies.reduce((all, t) => all + of(t), 0);
  const facts = {
    date: new Date().toISOString().slice(0, 10),
    command: `npm run -s crash -- ${process.argv.slice(2).join(' ')}`,
    covered: sum((tally) => tally.covered),
    total: sum((tally) => tally.total),
    restarts: sum((tally) => tally.restarts),
    problems: sum((tally) => tally.problems.length),
    points: tallies.map(({ part, operation, fault, covered, total }) => {
      return { part, operation, fault, covered, total };
    }),
  };
  const file = path.join(import.meta.dirname, 'record.json');
  writeFileSync(file, `${JSON.stringify(facts, null, 2)}\n`);
}
