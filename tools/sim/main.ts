// SPDX-License-Identifier: Apache-2.0
// Deterministic simulation: two writers with a sequencer each, three readers, an adversary who owns every store, against a
// naive model of the log. The seed decides everything; the same seed does the same again.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { watchLoading } from './plant.ts';
import { PLANTED } from './planted.ts';
import { advanced, progressOf, save } from './progress.ts';
import type { RangeResult } from './run.ts';

const HELP = `usage: npm run -s sim -- [options]

Runs the product's own ledger, sequencer, access decision, sealing and search under a seeded scheduler and adversary. No
reader may ever see a forbidden, stale or altered passage, or an older head than before; what was acknowledged is visible.
Signatures, seals and hashes are real. Simulated are clock, randomness, stores and scheduling; an embedder of eight numbers
stands in for the model, vectors are compared without the kernel, and pure functions that are asked the same bytes again
answer as before (tools/sim/remembered.ts).

  --seeds N      how many seeds (default 200), after the ones kept in tools/sim/regressions.json
  --from S       the first seed (default 1)
  --seed S       one seed, with everything that happens in it
  --planted      plant each bug of tools/sim/planted.ts and look for a seed that finds it
  --workers W    processes (default 2)
  --progress F   keep in file F how far the run has come, and go on from there
  --json         print the result as JSON
  --record       write what was run to tools/sim/record.json

examples:
  npm run -s sim -- --seeds 10000
  npm run -s sim -- --seed 42
  npm run -s sim -- --planted
  npm run -s sim -- --seeds 1000000 --progress /var/tmp/sim.json --record
`;

/** Seeds after which a planted bug counts as not found. */
const PATIENCE = 500;
/** Seeds between two looks at how far a run has come; the command line of a process holds half of them. */
const RANGE = 10_000;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    planted: { type: 'boolean', default: false },
    workers: { type: 'string', default: '2' },
    progress: { type: 'string' },
    json: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    // For the processes that this one starts:
    bug: { type: 'string' },
    list: { type: 'string' },
  },
});

/** A planted bug and the first seed that found it, or null. */
interface Found {
  readonly bug: string;
  readonly seed: number | null;
  readonly violation: string | null;
}

if (values.help) process.stdout.write(HELP);
else if (values.list !== undefined) await work(values.list.split(',').map(Number));
else if (values.seed !== undefined) await showSeed(Number(values.seed));
else if (values.planted) await findPlanted();
else await runAll();

/** A process of its own, so that a bug can be planted before anything is loaded. */
async function work(seeds: readonly number[]): Promise<void> {
  const bug = PLANTED.find(({ name }) => name === values.bug) ?? null;
  const loaded = watchLoading(bug);
  // To make a kernel costs more than to compare three vectors without one; the ranking is the same.
  Reflect.deleteProperty(globalThis, 'WebAssembly');
  const { runSeeds } = await import('./run.ts');
  const result = await runSeeds(seeds, ({ violation }) => bug === null || violation === null);
  process.stdout.write(`${JSON.stringify({ ...result, loaded: [...loaded].sort() })}\n`);
}

type WorkerResult = RangeResult & { readonly loaded: readonly string[] };

function start(seeds: readonly number[], bug?: string): Promise<WorkerResult> {
  const args = ['--disable-warning=ExperimentalWarning', import.meta.filename];
  args.push('--list', seeds.join(','), ...(bug === undefined ? [] : ['--bug', bug]));
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()));
  return new Promise((resolve, reject) => {
    child.on('close', (status) => {
      if (status === 0) resolve(JSON.parse(out) as WorkerResult);
      else reject(new Error(`a simulating process ended with ${status}`));
    });
  });
}

async function showSeed(seed: number): Promise<void> {
  const { runSeeds } = await import('./run.ts');
  await runSeeds([seed], ({ trace }) => {
    process.stdout.write(`${trace.join('\n')}\n`);
    process.exitCode = trace.at(-1)?.startsWith('VIOLATION') === true ? 1 : 0;
    return true;
  });
}

async function runAll(): Promise<void> {
  const [count, first] = [Number(values.seeds), Number(values.from)];
  const kept = await inShares(regressions());
  let loaded = kept[0]?.loaded ?? [];
  let done = progressOf(values.progress, first);
  while (done.next < first + count) {
    const next = Math.min(done.next + RANGE, first + count);
    const { next: from } = done;
    const results = await inShares(Array.from({ length: next - from }, (_, i) => from + i));
    loaded = results[0]?.loaded ?? loaded;
    done = advanced(done, next, results);
    if (values.progress !== undefined) save(values.progress, done);
  }
  const { seeds, reads, acknowledged, failed } = advanced(done, done.next, kept);
  const summary = { seeds, reads, acknowledged, violations: failed.length };
  if (values.json) process.stdout.write(`${JSON.stringify({ ...summary, failed, loaded })}\n`);
  else {
    for (const { seed, trace } of failed)
      process.stdout.write(`seed ${seed}\n  ${trace.join('\n  ')}\n`);
    process.stdout.write(
      `${seeds} seeds, ${acknowledged} writes, ${reads} searches: ${failed.length} violations\n`,
    );
  }
  if (values.record) {
    const command = `npm run -s sim -- --from ${first} --seeds ${count}`;
    record({ ...summary, first, last: done.next - 1, command });
  }
  process.exitCode = failed.length === 0 ? 0 : 1;
}

/** Runs seeds in as many processes as there may be. */
async function inShares(seeds: readonly number[]): Promise<WorkerResult[]> {
  const workers = Math.max(1, Number(values.workers));
  const shares = Array.from({ length: workers }, (_, w) =>
    seeds.filter((_, i) => i % workers === w),
  );
  return Promise.all(shares.filter((share) => share.length > 0).map((share) => start(share)));
}

async function findPlanted(): Promise<void> {
  const seeds = Array.from({ length: PATIENCE }, (_, i) => i + 1);
  const waiting = [...PLANTED];
  const found: Found[] = [];
  const one = async (): Promise<void> => {
    for (let bug = waiting.shift(); bug !== undefined; bug = waiting.shift()) {
      const { failed } = await start(seeds, bug.name);
      const [first] = failed;
      found.push({ bug: bug.name, seed: first?.seed ?? null, violation: first?.violation ?? null });
      const line =
        first === undefined
          ? `NOT FOUND in ${PATIENCE} seeds`
          : `found by seed ${first.seed}: ${first.violation ?? ''}`;
      process.stderr.write(`${bug.name.padEnd(15)} ${line}\n`);
    }
  };
  await Promise.all(Array.from({ length: Number(values.workers) }, one));
  if (values.json) process.stdout.write(`${JSON.stringify({ found })}\n`);
  if (values.record)
    record({
      planted: found.length,
      plantedFound: found.filter(({ seed }) => seed !== null).length,
      mostSeedsForABug: Math.max(...found.map(({ seed }) => seed ?? Infinity)),
    });
  process.exitCode = found.every(({ seed }) => seed !== null) ? 0 : 1;
}

function regressions(): number[] {
  const file = path.join(import.meta.dirname, 'regressions.json');
  const kept = JSON.parse(readFileSync(file, 'utf8')) as { seeds: { seed: number }[] };
  return kept.seeds.map(({ seed }) => seed);
}

/** What the evidence page says of the simulator. */
function record(facts: Readonly<Record<string, unknown>>): void {
  const file = path.join(import.meta.dirname, 'record.json');
  let before: Record<string, unknown> = {};
  try {
    before = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  } catch {
    // The first record.
  }
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync(file, `${JSON.stringify({ ...before, ...facts, date }, null, 2)}\n`);
}
