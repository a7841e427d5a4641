// SPDX-License-Identifier: Apache-2.0
// How fast a folder is ingested, where the time goes, and what it takes on disk.
//
//   npm run -s bench:ingest -- [FOLDER] [--json] [--write]
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createVault, openVault, parseAccessFile, type VaultIngestReport } from '../src/index.ts';
import { measureSteps, type StepFigures } from './ingest-steps.ts';
import { publish } from './report.ts';

const root = path.dirname(import.meta.dirname);
const given = process.argv.slice(2).find((argument) => !argument.startsWith('--'));
const folder = path.resolve(given ?? path.join(root, 'node_modules'));
const DOCUMENTATION = ['**/*.md', '**/*.txt', '**/*.html'];
/** Stages that exist for security alone: sealing and signing, and the log. */
const SECURITY = ['seal'] as const;

interface Figures {
  readonly machine: string;
  readonly node: string;
  readonly date: string;
  readonly ingest: VaultIngestReport;
  /** Processor seconds of the whole process during the run, waiting not counted. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  readonly vaultBytes: number;
  readonly chunksPerSecond: number;
  /** Megabytes of source text. */
  readonly megabytesPerSecond: number;
  readonly bytesOnDiskPerChunk: number;
  /** Seconds of the processor with each step of security switched on after the other; `log` is the whole ingestion. */
  readonly steps: StepFigures & { readonly log: number };
  readonly again: { readonly seconds: number; readonly unchanged: number };
}

const work = mkdtempSync(path.join(os.tmpdir(), 'strongroom-ingest-'));
try {
  const figures = await measure();
  publish('ingest', figures, tables(figures));
} finally {
  rmSync(work, { recursive: true });
}

async function measure(): Promise<Figures> {
  const place = { vault: path.join(work, 'vault'), home: path.join(work, 'home') };
  const access = parseAccessFile(
    'v: 1\ndefault: owner\nowner: ada\npeople: { ada: { actions: all } }\n',
  );
  await createVault({ ...place, access });
  const vault = await openVault(place);
  const options = { access, include: DOCUMENTATION };
  const before = process.cpuUsage();
  const ingest = await vault.ingest([folder], options);
  const { user, system } = process.cpuUsage(before);
  const { seconds, unchanged } = await vault.ingest([folder], options);
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  const vaultBytes = bytesBelow(place.vault);
  const steps = await measureSteps({ vault, folder, access, include: DOCUMENTATION });
  vault.close();
  return {
    machine: `${os.cpus()[0]?.model ?? 'unknown'}, ${os.availableParallelism()} cores, shared`,
    node: process.versions.node,
    date: new Date().toISOString().slice(0, 10),
    ingest,
    cpuSeconds: (user + system) / 1e6,
    peakBytes,
    vaultBytes,
    chunksPerSecond: ingest.chunks / ingest.seconds,
    megabytesPerSecond: ingest.sourceBytes / 1e6 / ingest.seconds,
    bytesOnDiskPerChunk: vaultBytes / ingest.chunks,
    steps: { ...steps, log: (user + system) / 1e6 },
    again: { seconds, unchanged },
  };
}

function bytesBelow(directory: string): number {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(path.join(parentPath, name)).size, 0);
}

function tables(figures: Figures): string {
  const { ingest, cpuSeconds, peakBytes, vaultBytes, again, ...facts } = figures;
  const { added, chunks, sourceBytes, seconds, stages } = ingest;
  // Waiting for the log overlaps with everything else.
  const worked = Object.entries(stages).filter(([stage]) => stage !== 'log');
  const total = worked.reduce((sum, [, spent]) => sum + spent, 0);
  const share = (part: number): string => `${Math.round((100 * part) / total)} %`;
  const rows = worked.map(
    ([stage, spent]) => `| ${stage} | ${spent.toFixed(2)} | ${share(spent)} |`,
  );
  const security = SECURITY.reduce((sum, stage) => sum + stages[stage], 0);
  const mb = sourceBytes / 1e6;
  return `${facts.date}, ${facts.machine}, Node ${facts.node}. ${added} documents, ${mb.toFixed(1)} MB of text, ${chunks} chunks.

| stage | seconds, summed over documents at work | share |
| --- | --: | --: |
${rows.join('\n')}

${seconds.toFixed(1)} s in all (${cpuSeconds.toFixed(1)} s of processor): ${Math.round(chunks / seconds)} chunks/s, ${(mb / seconds).toFixed(2)} MB/s. Sealing and signing: ${share(security)} of the stages. At most ${Math.round(peakBytes / 2 ** 20)} MiB resident. On disk ${(vaultBytes / sourceBytes).toFixed(2)} bytes for each byte of text, ${Math.round(vaultBytes / chunks)} for each chunk. The same folder again: ${again.seconds.toFixed(1)} s for ${again.unchanged} unchanged documents.

${stepTable(figures)}`;
}

/** What each step adds to those before it. */
function stepTable({ steps }: Figures): string {
  const { none, seal, sign, log } = steps;
  const all = [
    ['parse, cut, embed, index, store', none, none],
    ['and seal', seal, seal - none],
    ['and sign', sign, sign - seal],
    ['and the log: the whole ingestion', log, log - sign],
  ] as const;
  const rows = all.map(
    ([name, seconds, more]) =>
      `| ${name} | ${seconds.toFixed(2)} | ${Math.round((100 * more) / log)} % |`,
  );
  return `| with | seconds of the processor | what it adds, of the whole |
| --- | --: | --: |
${rows.join('\n')}`;
}
