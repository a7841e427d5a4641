// The search of the index beside what a user would pick instead, over the same rows and permissions.
//
//   npm run bench:peers                    10,000 rows, some minutes
//   npm run bench:peers -- --rows 50000    more; building pgvector's graph takes most of the time
//   npm run bench:peers -- --write         and put the table into docs/performance.md
//
// The engines live in this folder with a lock file of their own and are installed on first use.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { trainCentroids } from '../../src/index.ts';
import { quantise } from '../../src/provenance/index.ts';
import { EF_CONSTRUCTION, graphOf, M } from '../hot/graph.ts';
import { indexOfRows } from '../hot/rivals.ts';
import { type Answer, inRounds } from '../hot/rounds.ts';
import { cycled, K, type Quality, qualityOf } from '../hot/search.ts';
import { exactly, Mixture } from '../hot/vectors.ts';
import { rowNumbers } from '../hot/world.ts';
import { publish } from '../report.ts';
import { type Caller, type Collection, type Engine, type Peer, PEERS } from './engines.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000' },
    json: { type: 'boolean' },
    write: { type: 'boolean' },
  },
});
const HERE = import.meta.dirname;
const DIMS = 384;
const CLASSES = 100;
const QUERIES = 60;
const SHARES = [1, 0.1, 0.01] as const;
const GRAPH = 'hnswlib-node, filter callback';

interface Cell extends Quality {
  readonly share: number;
  readonly engine: string;
  readonly p50: number;
  readonly p99: number;
  /** To our search. */
  readonly ratio: number;
  /** Share of queries with fewer than ten results. */
  readonly short: number;
}

interface Figures {
  readonly machine: string;
  readonly load: number;
  readonly node: string;
  readonly date: string;
  readonly rows: number;
  readonly seconds: Readonly<Record<string, number>>;
  readonly cells: readonly Cell[];
}

if (!existsSync(path.join(HERE, 'node_modules'))) {
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: HERE,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('the engines could not be installed');
}
const figures = await measure(Number(values.rows));
publish('peers', figures, tableOf(figures));

async function measure(count: number): Promise<Figures> {
  const load = os.loadavg()[0]!;
  const mixture = new Mixture(DIMS, 20_261_124);
  const data = new Float32Array(count * DIMS);
  for (let row = 0; row < count; row++) data.set(mixture.point().vector, row * DIMS);
  const queries = Array.from({ length: QUERIES }, () => mixture.point().vector);
  const lists = Math.round(2 * Math.sqrt(count));
  const sample = Array.from({ length: lists * 40 }, () => quantise(mixture.point().vector));
  // Forty passages in a document, as in the benchmark of the hot path.
  const classOf = (row: number): number => Math.floor(row / 40) % CLASSES;
  const rows: Collection = { data, dims: DIMS, count, classOf };
  const ours: Peer = {
    name: 'ours',
    build: (all) => Promise.resolve(own(all, trainCentroids(sample, { lists }))),
  };
  const seconds: Record<string, number> = {};
  const engines = new Map<string, Engine>();
  for (const { name, build } of [ours, { name: GRAPH, build: callbackGraph }, ...PEERS]) {
    process.stderr.write(`builds ${name}\n`);
    const start = performance.now();
    engines.set(name, await build(rows));
    seconds[name] = (performance.now() - start) / 1000;
  }
  const cells: Cell[] = [];
  for (const share of SHARES) cells.push(...(await asked(share, rows, { engines, queries })));
  for (const engine of engines.values()) await engine.close();
  return {
    machine: `${os.cpus()[0]?.model ?? 'unknown'}, ${os.availableParallelism()} cores`,
    load,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    rows: count,
    seconds,
    cells,
  };
}

function own(rows: Collection, centroids: ReturnType<typeof trainCentroids>): Engine {
  const index = indexOfRows({ rows }, rows.classOf, centroids);
  const rowOf = rowNumbers(rows);
  return {
    asked:
      ({ classes }) =>
      (query, k) => {
        const request = { classes, text: '', vector: quantise(query), mode: 'vector' } as const;
        return index.search(request).next(k).map(rowOf);
      },
    close: () => undefined,
  };
}

function callbackGraph(rows: Collection): Promise<Engine> {
  const graph = graphOf(rows);
  graph.setEf(40);
  return Promise.resolve({
    asked:
      ({ may }) =>
      (query, k) =>
        graph.searchKnn(Array.from(query), k, may).neighbors,
    close: () => undefined,
  });
}

async function asked(
  share: number,
  rows: Collection,
  given: { readonly engines: ReadonlyMap<string, Engine>; readonly queries: Float32Array[] },
): Promise<Cell[]> {
  const { engines, queries } = given;
  process.stderr.write(`asks for a caller of ${share * 100} %\n`);
  const classes = Array.from({ length: share * CLASSES }, (_, classNo) => classNo);
  const may = (row: number): boolean => rows.classOf(row) < share * CLASSES;
  const caller: Caller = { classes, may };
  const truth = exactly(rows, queries, { k: K, may: [may] }).map(([only]) => only!);
  const answers = new Map([...engines].map(([name, engine]) => [name, engine.asked(caller)]));
  const timed = await inRounds(
    new Map<string, Answer>(
      [...answers].map(([name, answer]) => [name, (n) => answer(cycled(queries, n), K)]),
    ),
    { rounds: 5, block: 12 },
  );
  const cells: Cell[] = [];
  for (const [engine, answer] of answers) {
    const found: (readonly number[])[] = [];
    for (const query of queries) found.push(await answer(query, K));
    const short = found.filter((rowsFound) => rowsFound.length < K).length / found.length;
    cells.push({ share, engine, ...timed.get(engine)!, ...qualityOf(found, truth), short });
  }
  return cells;
}

function tableOf(f: Figures): string {
  const quiet = f.load > 0.5 ? `; other work took part (load average ${f.load.toFixed(1)})` : '';
  const lines = f.cells.map(
    ({ share, engine, p50, p99, ratio, recall, short }) =>
      `| ${share * 100} % | ${engine} | ${p50.toFixed(0)} | ${p99.toFixed(0)} | ${ratio.toFixed(1)} | ${recall.toFixed(3)} | ${(short * 100).toFixed(0)} % |`,
  );
  const built = Object.entries(f.seconds).map(([name, s]) => `${name} ${s.toFixed(1)} s`);
  return `${f.date}, ${f.machine}, Node ${f.node}${quiet}. ${f.rows} synthetic rows of ${DIMS} dimensions in ${CLASSES} classes; the ten
nearest that the caller may read. Graphs have M ${M}, efConstruction ${EF_CONSTRUCTION} or the engine's own defaults. Built in: ${built.join('; ')}.

| may read | engine | p50 us | p99 us | times ours | recall@10 | fewer than ten |
| --- | --- | --: | --: | --: | --: | --: |
${lines.join('\n')}`;
}
