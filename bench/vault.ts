// What ingestion and retrieval cost, by stage and by verification level, on the documentation of the installed packages.
//
//   npm run bench:vault                 print the tables
//   npm run bench:vault -- --json       print the figures
//   npm run bench:vault -- --write      and put the tables into docs/performance.md
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createVault,
  openVault,
  parseAccessFile,
  type StatsSink,
  type Vault,
  type VaultIngestReport,
} from '../src/index.ts';
import { publish } from './report.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const QUERIES = [
  'how is concurrency limited',
  'licence and copyright notice',
  'breaking changes of the last major version',
  'parse html with source locations',
  'what does the strict option do',
  'timeout of a test',
  'cache entries that expire',
  'convert yaml to json',
];
const ROUNDS = 40;

interface Level {
  readonly level: 'L0' | 'L1' | 'L2';
  readonly p50: number;
  readonly p99: number;
  readonly documentsVerified: number;
  readonly chunksOpened: number;
  readonly plaintextHits: number;
}

interface Figures {
  readonly machine: string;
  readonly node: string;
  readonly date: string;
  readonly ingest: VaultIngestReport;
  readonly again: { readonly seconds: number; readonly unchanged: number };
  readonly open: { readonly cold: number; readonly warm: number };
  readonly levels: readonly Level[];
}

const work = mkdtempSync(path.join(os.tmpdir(), 'strongroom-bench-'));
try {
  const figures = await measure();
  publish('vault', figures, tables(figures));
} finally {
  rmSync(work, { recursive: true });
}

async function measure(): Promise<Figures> {
  const place = { vault: path.join(work, 'vault'), home: path.join(work, 'home') };
  const access = parseAccessFile(
    'v: 1\ndefault: owner\nowner: ada\npeople: { ada: { actions: all } }\n',
  );
  await createVault({ ...place, access });
  let vault = await openVault(place);
  const include = ['**/*.md', '**/*.txt', '**/*.html', '**/{LICENSE,CHANGELOG}*'];
  const options = { access, include, concurrency: 1 };
  const ingest = await vault.ingest([path.join(root, 'node_modules')], options);
  const { seconds, unchanged } = await vault.ingest([path.join(root, 'node_modules')], options);
  vault.close();
  // Segments that no process has compared with the documents yet, then ones that this machine knows.
  rmSync(path.join(place.home, 'verified'), { recursive: true });
  const cold = await opening(place);
  const warm = await opening(place);
  vault = await openVault(place);
  const levels = await searchLevels(vault);
  vault.close();
  return {
    machine: `${os.cpus()[0]?.model ?? 'unknown'}, ${os.availableParallelism()} cores`,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    ingest,
    again: { seconds, unchanged },
    open: { cold, warm },
    levels,
  };
}

/** Milliseconds from a closed vault to the first answer. */
async function opening(place: { vault: string; home: string }): Promise<number> {
  const start = performance.now();
  const vault = await openVault(place);
  await ask(vault, QUERIES[0] ?? '');
  const took = performance.now() - start;
  vault.close();
  return took;
}

async function ask(vault: Vault, query: string, onStats?: StatsSink): Promise<void> {
  await vault.search({ caller: { id: 'ada', identity: 'impersonated' }, query, k: 10 }, onStats);
}

/** The levels one after the other in every round, so that a slow moment of the machine meets all of them. */
async function searchLevels(vault: Vault): Promise<Level[]> {
  const retriever = await vault.session.retriever();
  const prepare = {
    L0: () => undefined,
    L1: () => retriever.forgetTexts(),
    L2: () => retriever.forget(),
  };
  const times = { L0: [] as number[], L1: [] as number[], L2: [] as number[] };
  const counts = { L0: zero(), L1: zero(), L2: zero() };
  for (let round = 0; round < ROUNDS; round++) {
    for (const query of QUERIES) {
      for (const level of ['L2', 'L1', 'L0'] as const) {
        prepare[level]();
        const start = performance.now();
        await ask(vault, query, (stats) => {
          counts[level].documentsVerified += stats.documentsVerified;
          counts[level].chunksOpened += stats.chunksOpened;
          counts[level].plaintextHits += stats.plaintextHits;
        });
        times[level].push(performance.now() - start);
      }
    }
  }
  return (['L0', 'L1', 'L2'] as const).map((level) => {
    const sorted = times[level].toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
    const per = (count: number): number => count / sorted.length;
    const { documentsVerified, chunksOpened, plaintextHits } = counts[level];
    return {
      level,
      p50: at(0.5),
      p99: at(0.99),
      documentsVerified: per(documentsVerified),
      chunksOpened: per(chunksOpened),
      plaintextHits: per(plaintextHits),
    };
  });
}

function zero(): { documentsVerified: number; chunksOpened: number; plaintextHits: number } {
  return { documentsVerified: 0, chunksOpened: 0, plaintextHits: 0 };
}

function tables({ machine, node, date, ingest, again, open, levels }: Figures): string {
  const stages = Object.entries(ingest.stages)
    .filter(([stage]) => stage !== 'log')
    .map(([stage, seconds]) => {
      const share = Math.round((100 * seconds) / ingest.seconds);
      return `| ${stage} | ${seconds.toFixed(2)} | ${share} % | ${Math.round(ingest.chunks / seconds)} |`;
    });
  const rows = levels.map(
    (l) =>
      `| ${l.level} | ${l.p50.toFixed(1)} | ${l.p99.toFixed(1)} | ${(l.p50 / (levels[0]?.p50 ?? 1)).toFixed(2)} | ${l.documentsVerified.toFixed(1)} | ${l.chunksOpened.toFixed(1)} | ${l.plaintextHits.toFixed(1)} |`,
  );
  return `${date}, ${machine}, Node ${node}. ${ingest.added} documents, ${ingest.chunks} chunks, ${(ingest.sourceBytes / 1e6).toFixed(1)} MB of text, one document at a time.

| stage of ingestion | seconds | share | chunks/s |
| --- | --: | --: | --: |
${stages.join('\n')}
| **whole run** | **${ingest.seconds.toFixed(2)}** | | **${Math.round(ingest.chunks / ingest.seconds)}** |

The same folder again, nothing changed: ${again.seconds.toFixed(2)} s for ${again.unchanged} documents.
From a closed vault to the first answer: ${open.warm.toFixed(0)} ms; ${open.cold.toFixed(0)} ms when every row of the index is first compared with what was signed.

| search, k = 10 | p50 ms | p99 ms | ratio to L0 | documents proven | chunks opened | from memory |
| --- | --: | --: | --: | --: | --: | --: |
${rows.join('\n')}`;
}
