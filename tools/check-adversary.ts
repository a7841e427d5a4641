// SPDX-License-Identifier: Apache-2.0
// Is every move of the adversary stopped? Runs test/attacks and reports from what the tests did, never from a list: a
// move whose tests fail, do not load or try nothing is not stopped.
//
//   npm run -s check:adversary              all moves, as a table
//   npm run -s check:adversary -- A30 A36   these moves alone
//   npm run -s check:adversary -- --json    {"moves":N,"stopped":N,"notApplicable":[...],"needsWitness":[...]}
//   npm run -s check:adversary -- --markdown    the table of docs/threat-model.md, without running anything
//
// Exit code 1 when a move is not stopped.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Table from 'cli-table3';
import type { MoveMeta } from '../test/support/move.ts';
import { FOLDER, moveFiles, movesTable, ROOT } from './adversary/moves.ts';

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly status: string; readonly meta: MoveMeta }[];
  }[];
}

type Status = 'stopped' | 'needs witness' | 'not applicable' | 'NOT STOPPED';

/** A file of the suite and what its tests did. */
interface Outcome {
  readonly id: string;
  readonly title: string;
  readonly by: string;
  readonly codes: readonly string[];
  readonly status: Status;
  /** Why a move is not simply stopped. */
  readonly reason: string | null;
  readonly tries: number;
}

const args = process.argv.slice(2);
const asJson = args.includes('--json');
const wanted = args.filter((arg) => !arg.startsWith('-'));
if (args.includes('--markdown')) {
  process.stdout.write(`${movesTable()}\n`);
  process.exit(0);
}
const files = moveFiles().filter(
  (name) => wanted.length === 0 || wanted.includes(name.slice(0, 3)),
);
if (files.length === 0) {
  process.stderr.write(`No such move. They are in ${FOLDER}.\n`);
  process.exit(2);
}
const outcomes = judge(files, run(files));
const ids = (status: Status): string[] =>
  outcomes.filter((outcome) => outcome.status === status).map(({ id }) => id);
const stopped = ids('stopped').length;
const open = ids('NOT STOPPED');

if (asJson) {
  const notApplicable = ids('not applicable');
  const needsWitness = ids('needs witness');
  process.stdout.write(
    `${JSON.stringify({ moves: outcomes.length, stopped, notApplicable, needsWitness })}\n`,
  );
} else {
  const head = ['move', 'what the attacker does', 'stopped by', 'error codes', 'status', 'tries'];
  const table = new Table({ head, style: { head: [], border: [] }, wordWrap: true });
  table.options.colWidths = [6, 32, 38, 20, 16, 8];
  for (const { id, title, by, codes, status, tries } of outcomes) {
    table.push([id, title, by, codes.join('\n') || '-', status, String(tries)]);
  }
  process.stdout.write(`${table.toString()}\n`);
  for (const { id, reason } of outcomes) {
    if (reason !== null) process.stdout.write(`${id}: ${reason}\n`);
  }
  process.stdout.write(`\n${stopped} of ${outcomes.length} moves are stopped\n`);
}
if (open.length > 0) process.stderr.write(`not stopped: ${open.join(', ')}\n`);
process.exitCode = open.length > 0 ? 1 : 0;

function run(names: readonly string[]): Report {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strongroom-adversary-'));
  const file = path.join(folder, 'report.json');
  const vitest = path.join(ROOT, 'node_modules/vitest/vitest.mjs');
  const tests = names.map((name) => path.join(FOLDER, name));
  const reporters = ['--reporter=json', `--outputFile.json=${file}`];
  if (!asJson) reporters.unshift('--reporter=dot');
  // Progress and failures go to stderr: stdout holds the result alone.
  spawnSync(process.execPath, [vitest, 'run', ...reporters, ...tests], {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
  });
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    return { testResults: [] };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function judge(names: readonly string[], report: Report): Outcome[] {
  return names.map((name) => {
    const result = report.testResults.find((file) => path.basename(file.name) === name);
    const tests = result?.assertionResults ?? [];
    const info = tests.find(({ meta }) => meta.move !== undefined)?.meta.move;
    const tries = tests.reduce((sum, { meta }) => sum + (meta.tries ?? 0), 0);
    const failed = tests.filter(({ status }) => status === 'failed').length;
    const passed = tests.some(({ status }) => status === 'passed');
    const id = name.slice(0, 3);
    const holds = info?.id === id && failed === 0 && passed && tries > 0;
    const { title = name, by = '', codes = [] } = info ?? {};
    const declared = info?.status ?? 'stopped';
    const common = { id, title, by, codes, tries };
    if (!holds) {
      const reason = info === undefined ? 'its tests did not run' : `${failed} of its tests fail`;
      return { ...common, status: 'NOT STOPPED', reason };
    }
    if (declared === 'stopped') return { ...common, status: 'stopped', reason: null };
    return 'needsWitness' in declared
      ? { ...common, status: 'needs witness', reason: declared.needsWitness }
      : { ...common, status: 'not applicable', reason: declared.notApplicable };
  });
}
