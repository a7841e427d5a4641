// SPDX-License-Identifier: Apache-2.0
import Table from 'cli-table3';
import { Command, CommanderError, Option } from 'commander';
import { isStrongroomError } from '../../src/core/index.ts';
import { type Embedder, hashEmbedder, staticEmbedder } from '../../src/embed/index.ts';
import type { SearchMode } from '../../src/index/index.ts';
import { readCollection } from './collection.ts';
import { evaluate, type Evaluation, MODES, type Scores } from './evaluate.ts';

const EXIT = { done: 0, failed: 1, usage: 2 } as const;

const COLUMNS: readonly (readonly [keyof Scores, string])[] = [
  ['ndcg10', 'nDCG@10'],
  ['recall10', 'recall@10'],
  ['recall100', 'recall@100'],
  ['mrr10', 'MRR@10'],
];

/** The built-in embedders by the name of their tier. */
const TIERS: Readonly<Record<string, () => Embedder>> = {
  static: () => staticEmbedder(),
  hash: () => hashEmbedder(),
};

interface Options {
  readonly json?: true;
  readonly mode?: SearchMode;
  readonly tier: string;
}

const program = new Command('eval:retrieval')
  .description('Measures the built-in retrieval on a test collection in the layout of BEIR.')
  .argument('<dir>', 'directory with corpus.jsonl, queries.jsonl and qrels/*.tsv')
  .option('--json', 'print JSON instead of a table')
  .addOption(new Option('--mode <mode>', 'measure one mode only').choices(MODES))
  .addOption(
    new Option('--tier <tier>', 'embedder to measure')
      .choices(Object.keys(TIERS))
      .default('static'),
  )
  .addHelpText('after', '\nExit codes: 0 measured, 1 the collection cannot be read, 2 wrong usage.')
  .exitOverride()
  .action(async (directory: string, { json, mode, tier }: Options) => {
    const collection = await readCollection(directory);
    const modes = mode === undefined ? MODES : [mode];
    const evaluation = await evaluate(collection, embedderOf(tier), modes);
    process.stdout.write(json === true ? `${JSON.stringify(evaluation)}\n` : tableOf(evaluation));
  });

process.exitCode = await run();

async function run(): Promise<number> {
  try {
    await program.parseAsync();
    return EXIT.done;
  } catch (error) {
    // Commander has printed its own message, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (!isStrongroomError(error)) throw error;
    const { line } = error.details;
    process.stderr.write(`${error.message}${line === undefined ? '' : `, line ${line}`}\n`);
    return EXIT.failed;
  }
}

function embedderOf(tier: string): Embedder {
  const embedder = TIERS[tier];
  // The choices of the option are the keys of the table.
  if (embedder === undefined) throw new Error('unknown tier');
  return embedder();
}

function tableOf({ documents, rows, queries, embedder, modes }: Evaluation): string {
  const table = new Table({
    head: ['', ...COLUMNS.map(([, title]) => title)],
    style: { head: [], border: [] },
    colAligns: ['left', ...COLUMNS.map(() => 'right' as const)],
  });
  for (const mode of MODES) {
    const scores = modes[mode];
    if (scores === undefined) continue;
    table.push([mode, ...COLUMNS.map(([column]) => scores[column].toFixed(4))]);
  }
  const facts = `${documents} documents, ${rows} rows, ${queries} queries, embedder ${embedder}`;
  return `${facts}\n${table.toString()}\n`;
}
