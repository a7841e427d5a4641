// SPDX-License-Identifier: Apache-2.0
// Fuzzes every parser of stored or received bytes.
//
//   npm run -s fuzz -- [--target NAME]... [--executions N] [--seed S] [--planted NAME] [--keep] [--record FILE] [--json]
//
// N executions per target. --keep rewrites the kept inputs, --record adds to a file of runs. Exit status 1: something was found.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import { distilled, runTarget, type Target, type TargetReport } from './engine.ts';
import { PARSERS, type TargetName, watchedFiles } from './parsers.ts';
import { type Counters, type Plant, watch } from './runtime.ts';
import { watchdog } from './watchdog.ts';

const HERE = import.meta.dirname;
const PATIENCE_MS = 30_000;
/** Bytes by which the heap may move between two collections without anything being kept. */
const NOISE_BYTES = 8 * 2 ** 20;

const { values: options } = parseArgs({
  options: {
    target: { type: 'string', multiple: true, default: [] },
    executions: { type: 'string', default: '20000' },
    seed: { type: 'string', default: 'strongroom' },
    planted: { type: 'string' },
    keep: { type: 'boolean', default: false },
    record: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** A planted bug as its file describes it. */
interface PlantedBug extends Plant {
  readonly target: TargetName;
  readonly what: string;
}

/** One line of the result. */
interface Row {
  readonly target: string;
  readonly executions: number;
  readonly perSecond: number;
  readonly corpus: number;
  readonly branches: number;
  readonly covered: number;
  readonly refused: number;
  readonly slowestMs: number;
  readonly growthBytes: number;
  readonly failures: readonly { readonly error: string; readonly input: string }[];
}

function planted(name: string | undefined): PlantedBug | null {
  if (name === undefined) return null;
  return JSON.parse(readFileSync(path.join(HERE, 'planted', `${name}.json`), 'utf8')) as PlantedBug;
}

/** Inputs that former runs found worth keeping, and inputs that once broke a parser. */
function keptInputs(name: string): Uint8Array[] {
  return ['corpus', 'crashers'].flatMap((folder) => {
    const file = path.join(HERE, folder, `${name}.json`);
    if (!existsSync(file)) return [];
    const inputs = JSON.parse(readFileSync(file, 'utf8')) as string[];
    return inputs.map((text) => new Uint8Array(Buffer.from(text, 'base64')));
  });
}

function wanted(bug: PlantedBug | null): TargetName[] {
  const all = Object.keys(PARSERS) as TargetName[];
  const named = options.target.length > 0 ? options.target : bug === null ? all : [bug.target];
  const unknown = named.find((name) => !(name in PARSERS));
  if (unknown !== undefined) throw new Error(`there is no target ${unknown}: ${all.join(', ')}`);
  return named as TargetName[];
}

function rowOf(name: string, report: TargetReport): Row {
  return {
    target: name,
    executions: report.executions,
    perSecond: Math.round(report.perSecond),
    corpus: report.corpus.length,
    branches: report.branches.total,
    covered: report.branches.covered,
    refused: report.refused,
    slowestMs: Math.round(report.slowest * 10) / 10,
    growthBytes: report.growth,
    failures: [
      ...report.failures.map(({ error, input }) => ({ error, input: base64(input) })),
      ...(report.growth > NOISE_BYTES
        ? [{ error: `memory grew by ${report.growth} bytes`, input: '' }]
        : []),
    ],
  };
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const percent = ({ covered, branches }: Row): string =>
  branches === 0 ? '-' : `${((100 * covered) / branches).toFixed(0)} %`;

function line(row: Row, report: TargetReport): string {
  const cells = [
    row.executions,
    `${row.perSecond}/s`,
    row.corpus,
    percent(row),
    `${row.slowestMs} ms`,
  ];
  const found = row.failures.map(({ error, input }) => `\n    ${error}\n    ${input}`).join('');
  const missed = report.missed.map(
    ({ file, line: at, what }) => `${path.basename(file)}:${at} ${what}`,
  );
  const hint =
    missed.length > 0 && options.target.length > 0 ? `\n    not reached: ${missed.join(', ')}` : '';
  return `${row.target.padEnd(16)}${cells.map((cell) => String(cell).padStart(12)).join('')}${hint}${found}\n`;
}

async function keep(target: Target, counters: Counters, report: TargetReport): Promise<void> {
  const inputs = await distilled(target, counters, report.corpus);
  const text = `${JSON.stringify(inputs.map(base64), null, 1)}\n`;
  writeFileSync(path.join(HERE, 'corpus', `${target.name}.json`), text);
}

/** Adds what ran to a file of runs. */
function record(file: string, rows: readonly Row[]): void {
  const runs = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as object[]) : [];
  runs.push({
    date: new Date().toISOString().slice(0, 10),
    seed: options.seed,
    targets: rows.length,
    executions: rows.reduce((sum, row) => sum + row.executions, 0),
    failures: rows.reduce((sum, row) => sum + row.failures.length, 0),
    slowestMs: Math.max(...rows.map((row) => row.slowestMs)),
    byTarget: Object.fromEntries(rows.map((row) => [row.target, row.executions])),
  });
  writeFileSync(file, `${JSON.stringify(runs, null, 2)}\n`);
}

async function main(): Promise<number> {
  if (options.help) {
    const text = readFileSync(import.meta.filename, 'utf8');
    process.stdout.write(text.replaceAll(/^\/\/ ?/gm, '').split('import ')[0] ?? '');
    return 0;
  }
  setFlagsFromString('--expose-gc');
  (globalThis as { gc?: unknown }).gc = runInNewContext('gc');
  const bug = planted(options.planted);
  const names = wanted(bug);
  const counters = watch(watchedFiles(names), bug === null ? [] : [bug]);
  // Loaded after the hook, which instruments what they import.
  const { TARGETS, isStrongroomError } = await import('./targets/all.ts');
  const beat = watchdog(PATIENCE_MS);
  const rows: Row[] = [];
  const heads = ['executions', 'speed', 'corpus', 'branches', 'slowest'];
  if (!options.json)
    process.stdout.write(`${'target'.padEnd(16)}${heads.map((h) => h.padStart(12)).join('')}\n`);
  for (const name of names) {
    const target = TARGETS.find((each) => each.name === name);
    if (target === undefined) throw new Error(`the target ${name} is described and not there`);
    const effort = {
      executions: Number(options.executions),
      seed: options.seed,
      // A planted bug must be found without inputs that former runs have kept.
      kept: bug === null ? keptInputs(name) : [],
      isOwnError: (error: unknown) => isStrongroomError(error),
      beat,
    };
    const report = await runTarget(target, counters, effort);
    const row = rowOf(name, report);
    rows.push(row);
    if (!options.json) process.stdout.write(line(row, report));
    if (options.keep) await keep(target, counters, report);
  }
  if (options.record !== undefined) record(options.record, rows);
  if (options.json)
    process.stdout.write(`${JSON.stringify({ seed: options.seed, targets: rows })}\n`);
  return rows.some((row) => row.failures.length > 0) ? 1 : 0;
}

process.exitCode = await main();
