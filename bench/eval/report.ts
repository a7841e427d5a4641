// SPDX-License-Identifier: Apache-2.0
// Writes the tables of docs/quality.md from the collections of a folder.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import type { SearchMode } from '../../src/index/index.ts';
import { embedBlock } from '../report.ts';
import { readCollection } from './collection.ts';
import { cacheOption, embedderOf, main, TIERS } from './command.ts';
import { evaluate, MODES, prepare, scoresOf } from './evaluate.ts';
import { textPeers } from './peers-text.ts';
import { SPREADS, underPermissions } from './permissions.ts';
import { evaluateQuestions, questionScores, readQuestions } from './questions.ts';
import { evaluateSpans } from './spans.ts';
import type { Interval } from './statistics.ts';

const COLLECTIONS = ['cranfield', 'medline'];
const GUIDES = 'awsdocs-small';
const SPANS = 'chunking-eval/chunking_evaluation/evaluation_framework/general_evaluation_data';
const DEFAULT = { name: 'default: 160 of at most 320 tokens', options: {} };
/** Sizes and overlaps of chunks that are set side by side. */
const CHUNKINGS = [
  DEFAULT,
  { name: '160, overlap 40', options: { overlapTokens: 40 } },
  { name: '100 of at most 200', options: { targetTokens: 100, maxTokens: 200 } },
  { name: '240 of at most 480', options: { targetTokens: 240, maxTokens: 480 } },
];

/** What one measurement gave for each tier and mode, by which losing cells are found. */
interface Cell {
  readonly on: string;
  readonly tier: string;
  readonly mode: SearchMode;
  readonly mean: number;
}

interface ReportOptions {
  readonly write?: true;
  readonly cache?: string;
}

/** The transformer for passages takes hours for long texts on two cores: it is measured on abstracts. */
const LONG_TEXT_TIERS = Object.keys(TIERS).filter((tier) => tier !== 'minilm');

await main(
  new Command('eval:report')
    .description(
      'Measures every tier and mode on the collections of a folder, and writes docs/quality.md.',
    )
    .argument('<data>', `folder with ir/{${COLLECTIONS.join(',')}}, ${GUIDES} and chunking-eval`)
    .option('--write', 'put the tables into docs/quality.md')
    .addOption(cacheOption())
    .action(async (data: string, { write, cache }: ReportOptions) => {
      const cells: Cell[] = [];
      const parts = [
        await retrieval(data, cells, cache),
        await permissions(data),
        await questions(data, cells),
        await chunking(data, cells),
        losing(cells),
      ];
      const text = parts.join('\n\n');
      if (write !== true) {
        process.stdout.write(`${text}\n`);
        return;
      }
      const page = path.resolve(import.meta.dirname, '../../docs/quality.md');
      writeFileSync(page, embedBlock(readFileSync(page, 'utf8'), 'quality', text));
    }),
);

async function retrieval(data: string, cells: Cell[], cache: string | undefined): Promise<string> {
  const rows: string[][] = [];
  for (const name of COLLECTIONS) {
    const collection = await readCollection(path.join(data, 'ir', name));
    for (const tier of Object.keys(TIERS)) {
      const { modes, queries } = await evaluate(collection, embedderOf(tier, cache));
      for (const mode of MODES) {
        const scores = modes[mode];
        if (scores === undefined || (mode === 'bm25' && tier !== 'static')) continue;
        cells.push({ on: `${name}, nDCG@10`, tier, mode, mean: scores.ndcg10.mean });
        const { ndcg10, recall10, recall100, mrr10 } = scores;
        const figures = [ndcg10, recall10, recall100, mrr10].map(figure);
        rows.push([`${name} (${queries})`, mode === 'bm25' ? '' : tier, mode, ...figures]);
      }
    }
    const { documents, queries } = await prepare(collection, embedderOf('static'));
    for (const peer of await textPeers(documents)) {
      const rankings = queries.map(({ text, judged }) => ({
        ranked: peer.documents(text),
        judged,
      }));
      const { ndcg10, recall10, recall100, mrr10 } = scoresOf(rankings);
      const figures = [ndcg10, recall10, recall100, mrr10].map(figure);
      rows.push([`${name} (${queries.length})`, peer.name, '', ...figures]);
    }
  }
  const head = [
    'collection (queries)',
    'tier',
    'mode',
    'nDCG@10',
    'recall@10',
    'recall@100',
    'MRR@10',
  ];
  return `### Abstracts\n\n${table(head, rows)}`;
}

async function permissions(data: string): Promise<string> {
  const rows: string[][] = [];
  for (const name of COLLECTIONS) {
    const embedder = embedderOf('static');
    const prepared = await prepare(await readCollection(path.join(data, 'ir', name)), embedder);
    for (const spread of SPREADS) {
      const { modes, queries, callers, different } = underPermissions(prepared, embedder, {
        spread,
      });
      const figures = MODES.map((mode) => modes[mode]).flatMap((s) =>
        s ? [figure(s.ndcg10)] : [],
      );
      rows.push([name, spread, `${callers}`, `${queries}`, ...figures, `${different}`]);
    }
  }
  const head = [
    'collection',
    'classes',
    'callers',
    'queries',
    ...MODES.map((m) => `${m}, nDCG@10`),
    'rankings that differ',
  ];
  return `### Under permissions\n\n${table(head, rows)}`;
}

async function questions(data: string, cells: Cell[]): Promise<string> {
  const folder = path.join(data, GUIDES, 'documents');
  const file = path.join(data, GUIDES, 'QA_dev.csv');
  const rows: string[][] = [];
  let facts = '';
  for (const tier of LONG_TEXT_TIERS) {
    const {
      documents,
      rows: passages,
      questions: asked,
      modes,
    } = await evaluateQuestions({ folder, file }, embedderOf(tier));
    facts = `${asked} questions about ${documents} documents in ${passages} passages.`;
    for (const mode of MODES) {
      const scores = modes[mode];
      if (scores === undefined || (mode === 'bm25' && tier !== 'static')) continue;
      cells.push({ on: `${GUIDES}, recall@10`, tier, mode, mean: scores.recall10.mean });
      cells.push({ on: `${GUIDES}, MRR@10`, tier, mode, mean: scores.mrr10.mean });
      const { recall1, recall5, recall10, mrr10 } = scores;
      rows.push([
        mode === 'bm25' ? '' : tier,
        mode,
        ...[recall1, recall5, recall10, mrr10].map(figure),
      ]);
    }
  }
  const { documents, asked } = await readQuestions({ folder, file }, embedderOf('static'));
  for (const peer of await textPeers(documents)) {
    const scores = questionScores(asked.map((q) => ({ ...q, found: peer.documents(q.text) })));
    const { recall1, recall5, recall10, mrr10 } = scores;
    rows.push([peer.name, '', ...[recall1, recall5, recall10, mrr10].map(figure)]);
  }
  const head = ['tier', 'mode', 'recall@1', 'recall@5', 'recall@10', 'MRR@10'];
  return `### Questions about AWS guides\n\n${facts}\n\n${table(head, rows)}`;
}

async function chunking(data: string, cells: Cell[]): Promise<string> {
  const rows: string[][] = [];
  let facts = '';
  const measure = async (
    tier: string,
    { name, options }: (typeof CHUNKINGS)[number],
  ): Promise<void> => {
    const e = await evaluateSpans(path.join(data, SPANS), embedderOf(tier), options);
    facts = `${e.questions} questions about five long texts, five passages retrieved for each (hybrid).`;
    if (name === DEFAULT.name) {
      cells.push({ on: 'spans, recall', tier, mode: 'hybrid', mean: e.recall.mean });
    }
    const size = `${Math.round(e.meanChunkBytes)}`;
    rows.push([tier, name, size, ...[e.recall, e.precision, e.iou].map(figure)]);
  };
  for (const variant of CHUNKINGS) await measure('static', variant);
  await measure('mixed', DEFAULT);
  await measure('hash', DEFAULT);
  const head = ['tier', 'chunks', 'mean bytes', 'recall', 'precision', 'IoU'];
  return `### Spans\n\n${facts}\n\n${table(head, rows)}`;
}

/** Where a tier's hybrid is below words alone, and where a dearer tier is below a cheaper one. */
function losing(cells: readonly Cell[]): string {
  const find = (on: string, tier: string, mode: SearchMode): number | undefined =>
    cells.find((cell) => cell.on === on && cell.tier === tier && cell.mode === mode)?.mean;
  const order = ['hash', ...Object.keys(TIERS).filter((tier) => tier !== 'hash')];
  const lines: string[] = [];
  for (const on of new Set(cells.map((cell) => cell.on))) {
    const words = find(on, 'static', 'bm25');
    for (const [at, tier] of order.entries()) {
      const hybrid = find(on, tier, 'hybrid');
      if (hybrid === undefined) continue;
      const better = order
        .slice(0, at)
        .map((other) => [`${other} hybrid`, find(on, other, 'hybrid')]);
      for (const [name, mean] of [['words alone', words], ...better] as [string, number?][]) {
        if (mean === undefined || mean <= hybrid) continue;
        lines.push(`- ${on}: ${tier} hybrid ${hybrid.toFixed(3)}, ${name} ${mean.toFixed(3)}`);
      }
    }
  }
  return `### Losing cells\n\n${lines.length === 0 ? 'None.' : lines.join('\n')}`;
}

function figure({ mean, low, high }: Interval): string {
  return `${mean.toFixed(3)} (${low.toFixed(2)}-${high.toFixed(2)})`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
