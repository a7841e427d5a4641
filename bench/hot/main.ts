// The hot path: searches that respect permissions and verify what they give, beside an unguarded graph.
//
//   npm run bench                       about ten minutes, 100,000 passages
//   npm run bench -- --quick            under three minutes, 20,000 passages
//   npm run bench -- --json             the figures instead of the tables
//   npm run bench -- --write            and put the tables into docs/performance.md
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { publish } from '../report.ts';
import { type BuiltGraph, buildGraph } from './graph.ts';
import { partsOf } from './parts.ts';
import { leaks, type LeakSize } from './leak.ts';
import { byMatrix } from './matrices.ts';
import { againstFilters, withheldIdentical } from './rivals.ts';
import type { Rounds } from './rounds.ts';
import { changes } from './changes.ts';
import { byShare, referenceOf } from './search.ts';
import { type Figures, jsonOf, tablesOf } from './tables.ts';
import { createWorld, type WorldSize } from './world.ts';
import { memoryStateOf } from '../../src/vault/inside.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

interface Size {
  readonly world: WorldSize;
  readonly rounds: Rounds;
  readonly leak: LeakSize;
}

const QUICK: Size = {
  world: { rows: 20_000, queries: 100, lists: 512 },
  rounds: { rounds: 5, block: 40 },
  leak: { rows: 4000, topics: 4, probes: 60 },
};
const USUAL: Size = {
  world: { rows: 100_000, queries: 200, lists: 768 },
  rounds: { rounds: 9, block: 60 },
  leak: { rows: 12_000, topics: 6, probes: 100 },
};

const flags = new Set(process.argv.slice(2));
const known = ['--quick', '--json', '--write'];
const unknown = [...flags].filter((flag) => !known.includes(flag));
if (unknown.length > 0) {
  process.stderr.write(`unknown: ${unknown.join(' ')}; there are ${known.join(', ')}\n`);
  process.exit(2);
}
const figures = await measure(flags.has('--quick') ? QUICK : USUAL);
publish('hot path', jsonOf(figures), tablesOf(figures));

async function measure(size: Size): Promise<Figures> {
  const work = mkdtempSync(path.join(os.tmpdir(), 'strongroom-bench-'));
  const load = os.loadavg()[0]!;
  const start = performance.now();
  try {
    tell('a vault of synthetic passages');
    const world = await createWorld(work, size.world);
    tell('the graph of the reference');
    const { graph, seconds }: BuiltGraph = await buildGraph(world.rows);
    const reference = referenceOf(graph, world);
    tell('searches by share');
    const shares = await byShare(graph, world, size.rounds);
    tell('parts of a retrieval');
    const parts = await partsOf(world, { rounds: 5, block: 48 });
    tell('filters, and permissions that follow topics');
    const rounds = { rounds: 3, block: 10 };
    const rivals = await againstFilters(graph, world, { ef: reference.ef, rounds });
    tell('real permissions');
    const matrices = byMatrix(world);
    tell('changes of permissions');
    const updates = changes(world);
    tell('withheld classes');
    const isWithheldIdentical = withheldIdentical(world);
    tell('leaks');
    const leak = leaks(size.leak);
    const { index } = await memoryStateOf(world.vault.session);
    const counts = index.counts();
    world.vault.close();
    return {
      machine: `${os.cpus()[0]?.model ?? 'unknown'}, ${os.availableParallelism()} cores`,
      load,
      node: process.version,
      commit: commit(),
      date: new Date().toISOString().slice(0, 10),
      minutes: (performance.now() - start) / 60_000,
      rows: counts.rows,
      classes: counts.classes,
      dims: world.rows.dims,
      lists: size.world.lists,
      secondsToIngest: world.secondsToIngest,
      secondsToBuildGraph: seconds,
      vectorBytes: index.vectorBytes,
      reference,
      shares,
      parts,
      rivals,
      matrices,
      updates,
      withheldIdentical: isWithheldIdentical,
      leakSize: size.leak,
      leak,
    };
  } finally {
    rmSync(work, { recursive: true });
  }
}

function tell(stage: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)}  ${stage}\n`);
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: root,
      encoding: 'utf8',
    }).trim();
  } catch {
    return 'unknown';
  }
}
