// SPDX-License-Identifier: Apache-2.0
// The parts of the evidence: each runs something real, or reads what a longer run has recorded.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { byRoom, type MutationRecord, scoreOf, totalOf } from '../mutation/record.ts';
import type { Crash, Foreign, Fuzz, Moves, Mutation, Negatives, Sim, Tests } from './page.ts';

/** Gives the facts of a part, or null when they cannot be had here. */
type Part = (root: string) => object | null;

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** Runs tests by file pattern and tells each one's result. */
function tests(root: string, ...patterns: readonly string[]): Tests {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strongroom-evidence-'));
  const file = path.join(folder, 'report.json');
  const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--reporter=json', `--outputFile.json=${file}`, ...patterns];
  spawnSync(process.execPath, args, { cwd: root, stdio: 'ignore' });
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  rmSync(folder, { recursive: true });
  const all = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  const count = (status: string): number => all.filter((test) => test.status === status).length;
  return {
    passed: count('passed'),
    failed: count('failed'),
    skipped: all.length - count('passed') - count('failed'),
    titles: all.filter(({ status }) => status === 'passed').map(({ fullName }) => fullName),
  };
}

/** What a script of the project prints as JSON, whatever its exit status says. */
function json(root: string, script: string): unknown {
  const args = ['--disable-warning=ExperimentalWarning', script, '--json'];
  const { stdout } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  return stdout === '' ? null : JSON.parse(stdout);
}

function record(root: string, file: string): unknown {
  const full = path.join(root, file);
  return existsSync(full) ? JSON.parse(readFileSync(full, 'utf8')) : null;
}

function version(program: string, ...args: readonly string[]): string {
  const { stdout } = spawnSync(program, args, { encoding: 'utf8' });
  return /\d+\.\d+(?:\.\d+)?/.exec(stdout)?.[0] ?? 'absent';
}

/** Programs that share no code with ours, with the versions that are pinned or present. */
function foreign(root: string): Foreign & Tests {
  const text = (file: string): string =>
    readFileSync(path.join(root, 'tools/verifiers', file), 'utf8');
  const go = [
    ...text('go/go.mod').matchAll(/^\s+(\S+) (v\S+)$/gm),
    ...text('fsck/go.mod').matchAll(/^\s+(\S+\/tessera) (v\S+)/gm),
  ];
  const python = [...text('py/requirements.txt').matchAll(/^([a-z0-9-]+)==(\S+)$/gim)];
  const tools = [
    ['Go', version('go', 'version')],
    ...go.map(([, name = '', pinned = '']) => [name, pinned]),
    ['Python', version('python3', '--version')],
    ...python.map(([, name = '', pinned = '']) => [name, pinned]),
  ] as [string, string][];
  return { tools, ...tests(root, 'test/foreign') };
}

function negatives(root: string): Negatives & Omit<Tests, 'titles'> {
  const manifest = record(root, 'test/negatives/receipts/manifest.json') as Record<
    string,
    { readonly check: string | null }
  >;
  const { titles, ...counts } = tests(root, 'test/negatives');
  const checks = Object.values(manifest).flatMap(({ check }) => check ?? []);
  const python = titles.some((title) => title.startsWith('verify_receipt.py proves'));
  const folders = (name: string): number =>
    Object.keys(record(root, `test/negatives/${name}/manifest.json`) as object).length;
  return {
    receipts: Object.keys(manifest).length,
    logs: folders('logs'),
    objects: folders('objects'),
    checks: new Set(checks).size,
    python,
    ...counts,
  };
}

function fuzz(root: string): Fuzz | null {
  const runs = record(root, 'tools/fuzz/record.json') as Fuzz['runs'] | null;
  if (runs === null) return null;
  const planted = readdirSync(path.join(root, 'tools/fuzz/planted')).length;
  return { runs, planted };
}

function mutation(root: string): Mutation | null {
  const found = record(root, 'tools/mutation/record.json') as MutationRecord | null;
  if (found === null) return null;
  const rooms = byRoom(found).map(([room, files]) => {
    const records = files.map(([, each]) => each);
    return { room, score: scoreOf(records), ...totalOf(records) };
  });
  return { rooms };
}

/** Every part by its name. */
export const PARTS = {
  vectors: (root) => tests(root, 'test/vectors'),
  foreign,
  negatives,
  moves: (root) => json(root, 'tools/check-adversary.ts') as Moves | null,
  invariants: (root) => json(root, 'tools/check-invariants.ts') as object | null,
  mutation,
  fuzz,
  crash: (root) => record(root, 'tools/crash/record.json') as Crash | null,
  sim: (root) => record(root, 'tools/sim/record.json') as Sim | null,
} as const satisfies Record<string, Part>;

/** Name of a part. */
export type PartName = keyof typeof PARTS;

/** The parts that are measured when none is named. */
export const USUAL: readonly PartName[] = [
  'vectors',
  'foreign',
  'negatives',
  'moves',
  'mutation',
  'fuzz',
  'crash',
  'sim',
];
