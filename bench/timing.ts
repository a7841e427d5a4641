// SPDX-License-Identifier: Apache-2.0
// Does the time of a search tell of documents that its caller may not read? Two copies of one vault, one of them with
// forbidden documents besides, asked the same questions in turn. Prints Welch's t and its own power: the same samples
// with a planted leak of two percent must be told apart, else the outcome is "inconclusive".
//
//   npm run -s bench:timing -- [--pairs 10000] [--json]
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createVault, hashEmbedder, openVault, parseAccessFile, type Vault } from '../src/index.ts';
import { welchT } from './welch.ts';

const THRESHOLD = 4.5;
const PLANTED = 1.02;
const at = process.argv.indexOf('--pairs');
const pairs = at < 0 ? 10_000 : Number(process.argv[at + 1]);
if (!Number.isSafeInteger(pairs) || pairs < 100) {
  process.stderr.write('--pairs takes a whole number from 100 on.\n');
  process.exit(2);
}
const access = parseAccessFile(`
v: 1
default: refuse
owner: ada
people: { ada: { clearance: 3, actions: all }, dan: {} }
rules: [{ path: "open/**", allow: [everyone] }, { path: "closed/**", allow: [ada] }]
`);
const queries = ['leave in summer', 'bells and lifts', 'salary of an engineer', 'merger'];

const work = await mkdtemp(path.join(os.tmpdir(), 'strongroom-timing-'));
try {
  const [without, withMore] = await twoVaults();
  const samples: [number[], number[]] = [[], []];
  for (let i = -Math.floor(pairs / 20); i < pairs; i++) {
    const query = queries[Math.abs(i) % queries.length] ?? '';
    // The order alternates, so that whatever drifts meets both.
    const order = i % 2 === 0 ? [0, 1] : [1, 0];
    for (const which of order) {
      const microseconds = await time(which === 0 ? without : withMore, query);
      if (i >= 0) samples[which as 0 | 1].push(microseconds);
    }
  }
  report(...trimmed(samples));
  without.close();
  withMore.close();
} finally {
  await rm(work, { recursive: true });
}

async function twoVaults(): Promise<[Vault, Vault]> {
  const place = (name: string): { vault: string; home: string } => ({
    vault: path.join(work, name, 'vault'),
    home: path.join(work, name, 'home'),
  });
  const documents = path.join(work, 'documents');
  await write(documents, 'open', 60);
  await createVault({ ...place('without'), access, embedder: hashEmbedder() });
  let vault = await openVault(place('without'));
  await vault.ingest([documents], { access });
  vault.close();
  await cp(path.join(work, 'without'), path.join(work, 'with'), { recursive: true });
  await write(documents, 'closed', 600);
  vault = await openVault(place('with'));
  await vault.ingest([documents], { access });
  vault.close();
  return [await openVault(place('without')), await openVault(place('with'))];
}

async function write(folder: string, place: string, count: number): Promise<void> {
  await mkdir(path.join(folder, place), { recursive: true });
  for (let i = 0; i < count; i++) {
    const text = `# Page ${i}\n\nLeave, bells, salaries and mergers of year ${i}.\n`;
    await writeFile(path.join(folder, place, `${i}.md`), text);
  }
}

async function time(vault: Vault, query: string): Promise<number> {
  const start = performance.now();
  await vault.search({ caller: { id: 'dan', identity: 'impersonated' }, query });
  return (performance.now() - start) * 1000;
}

/** Without the slowest twentieth of both together: collections of garbage, other processes. */
function trimmed([a, b]: [number[], number[]]): [number[], number[]] {
  const limit = [...a, ...b].sort((x, y) => x - y)[Math.floor((a.length + b.length) * 0.95)] ?? 0;
  return [a.filter((value) => value <= limit), b.filter((value) => value <= limit)];
}

function report(without: number[], withMore: number[]): void {
  const t = welchT(withMore, without);
  const [even, odd] = [0, 1].map((rest) => without.filter((_, i) => i % 2 === rest));
  const power = welchT(odd?.map((value) => value * PLANTED) ?? [], even ?? []);
  const canSee = Math.abs(power) >= THRESHOLD;
  const outcome = !canSee ? 'inconclusive' : Math.abs(t) < THRESHOLD ? 'no leak seen' : 'leak';
  const middle = (sample: number[]): number =>
    Math.round(sample.toSorted((a, b) => a - b)[sample.length >> 1] ?? 0);
  const result = {
    pairs,
    medianMicroseconds: { without: middle(without), with: middle(withMore) },
    t: round(t),
    tOfPlantedTwoPercent: round(power),
    outcome,
  };
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(result)}\n`);
  else {
    for (const [name, value] of Object.entries(result)) {
      process.stdout.write(`${name.padEnd(22)} ${JSON.stringify(value)}\n`);
    }
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
