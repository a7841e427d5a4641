// SPDX-License-Identifier: Apache-2.0
// Mutation testing: changes the source of the rooms that guard, one small change at a time, and asks whether a test notices.
//
//   npm run -s mutation                                   all rooms, file by file; hours, at the lowest priority
//   npm run -s mutation -- --rooms keys,access            some of them
//   npm run -s mutation -- --files 'src/keys/w*.ts'       some files of them
//   npm run -s mutation -- --page                         the page alone, from what was recorded before
//
// Stryker lives in this folder with a lock file of its own and is installed on first use. What is found goes into record.json
// and onto docs/mutation.md. Unchanged mutants and tests of a former run are not run again.
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { mutationPage, type Reasons } from './page.ts';
import { type MutationRecord, readReport, scoreOf } from './record.ts';
import { type Room, ROOMS } from './rooms.ts';

const HERE = import.meta.dirname;
const ROOT = path.resolve(HERE, '../..');
const CACHE = path.join(ROOT, 'node_modules/.cache/strongroom/mutation');
const STRYKER = path.join(HERE, 'node_modules/@stryker-mutator');
const RECORD = path.join(HERE, 'record.json');

const { values } = parseArgs({
  options: {
    rooms: { type: 'string', default: Object.keys(ROOMS).join(',') },
    files: { type: 'string', default: 'src/**/*.ts' },
    page: { type: 'boolean', default: false },
  },
});

const names = values.rooms.split(',');
const unknown = names.find((name) => !(name in ROOMS));
if (unknown === undefined) {
  if (!values.page) run();
  writePage();
} else {
  process.stderr.write(`there is no room ${unknown} here: ${Object.keys(ROOMS).join(', ')}\n`);
  process.exitCode = 2;
}

function run(): void {
  os.setPriority(os.constants.priority.PRIORITY_LOW);
  install();
  mkdirSync(CACHE, { recursive: true });
  const chosen = new Set(globSync(values.files, { cwd: ROOT }).map(slashed));
  for (const name of names) {
    const room = ROOMS[name]!;
    const files = globSync(`src/${name}/**/*.ts`, { cwd: ROOT }).map(slashed).sort();
    for (const file of files) if (chosen.has(file)) mutate(file, room);
  }
}

/** Runs every mutant of one file and records what survived. */
function mutate(file: string, room: Room): void {
  const key = path.join(CACHE, file.replaceAll('/', '-'));
  const report = `${key}.report.json`;
  writeFileSync(`${key}.config.json`, JSON.stringify(configuration(file, key, report)));
  const stryker = path.join(STRYKER, 'core/bin/stryker.js');
  const env = { ...process.env, STRONGROOM_MUTATION_TESTS: testsOf(room).join(',') };
  const args = [stryker, 'run', `${key}.config.json`];
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, env, stdio: 'inherit' });
  if (status !== 0) throw new Error(`Stryker ended with status ${String(status)} at ${file}`);
  const found = readReport(report, new Date().toISOString().slice(0, 10));
  const all = { ...record(), ...found };
  const sorted = Object.entries(all)
    .filter(([name]) => existsSync(path.join(ROOT, name)))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(RECORD, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
  process.stdout.write(`${file}: ${scoreOf(Object.values(found)).toFixed(1)} %\n`);
}

function configuration(file: string, key: string, report: string): object {
  return {
    testRunner: 'vitest',
    plugins: [
      path.join(STRYKER, 'vitest-runner/dist/src/index.js'),
      path.join(HERE, 'ignore-words.mjs'),
    ],
    ignorers: ['words'],
    coverageAnalysis: 'perTest',
    concurrency: 1,
    incremental: true,
    incrementalFile: path.relative(ROOT, `${key}.incremental.json`),
    mutate: [file],
    ignorePatterns: [
      '/bench',
      '/docs',
      '/.services',
      'dist',
      '.cache',
      'coverage',
      'tools/mutation/node_modules',
    ],
    tempDirName: '.cache/mutation',
    reporters: ['progress-append-only', 'clear-text', 'json'],
    clearTextReporter: { reportTests: false, allowColor: false },
    jsonReporter: { fileName: report },
    vitest: { configFile: 'tools/mutation/vitest.config.ts', related: false },
    timeoutMS: 60_000,
  };
}

/** Test files are named one by one: a pattern could not leave any out. */
function testsOf({ tests, without }: Room): string[] {
  const left = new Set(without.flatMap((pattern) => globSync(pattern, { cwd: ROOT })));
  const all = tests.flatMap((pattern) => globSync(pattern, { cwd: ROOT }));
  return all
    .filter((file) => !left.has(file))
    .map(slashed)
    .sort();
}

function install(): void {
  const lock = readFileSync(path.join(HERE, 'package-lock.json'), 'utf8');
  const stamp = path.join(HERE, 'node_modules/.installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts'];
  const options = { cwd: HERE, stdio: 'inherit' as const, shell: process.platform === 'win32' };
  if (spawnSync(npm, args, options).status !== 0) throw new Error('Stryker cannot be installed');
  writeFileSync(stamp, lock);
}

function record(): MutationRecord {
  return existsSync(RECORD) ? (JSON.parse(readFileSync(RECORD, 'utf8')) as MutationRecord) : {};
}

function writePage(): void {
  const reasons = JSON.parse(readFileSync(path.join(HERE, 'reasons.json'), 'utf8')) as Reasons;
  writeFileSync(path.join(ROOT, 'docs/mutation.md'), mutationPage(record(), reasons));
}

function slashed(file: string): string {
  return file.replaceAll(path.sep, '/');
}
