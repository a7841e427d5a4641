// SPDX-License-Identifier: Apache-2.0
// What the commands of evaluation share: embedders by tier, tables, exit codes.
import Table from 'cli-table3';
import { type Command, CommanderError, Option } from 'commander';
import { fail, isStrongroomError } from '../../src/core/index.ts';
import {
  type Embedder,
  hashEmbedder,
  TIERS as BUILT_IN,
  tierEmbedder,
} from '../../src/embed/index.ts';
import { cachedEmbedder } from './cached-embedder.ts';
import { MODES, type Metric, type Scores } from './evaluate.ts';
import type { Interval } from './statistics.ts';

const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** The built-in embedders by the name of their tier. */
export const TIERS: Readonly<Record<string, () => Embedder>> = {
  ...Object.fromEntries(BUILT_IN.map((tier) => [tier, () => tierEmbedder(tier)])),
  hash: () => hashEmbedder(),
};

/** The embedder of a tier; with a folder, what the transformer makes of passages is kept there. */
export function embedderOf(tier: string, cache?: string): Embedder {
  const make = TIERS[tier];
  if (make === undefined) throw fail('USAGE', 'there is no embedder of this tier');
  return cache !== undefined && tier === 'minilm' ? cachedEmbedder(make(), cache) : make();
}

/** `--cache`, the same in all commands. */
export function cacheOption(): Option {
  return new Option('--cache <folder>', 'keep the vectors of the transformer there for next time');
}

/** `--tier`, the same in all commands. */
export function tierOption(): Option {
  return new Option('--tier <tier>', 'embedder to measure')
    .choices(Object.keys(TIERS))
    .default('static');
}

/** Titles of the metrics, in the order of tables. */
export const COLUMNS: readonly (readonly [Metric, string])[] = [
  ['ndcg10', 'nDCG@10'],
  ['recall10', 'recall@10'],
  ['recall100', 'recall@100'],
  ['mrr10', 'MRR@10'],
];

/** A mean with its interval, as tables show it. */
export function figure({ mean, low, high }: Interval): string {
  return `${mean.toFixed(4)} (${low.toFixed(3)}-${high.toFixed(3)})`;
}

/** One line for each mode that was measured. */
export function scoreRows(modes: Readonly<Record<string, Scores>>): string[][] {
  return MODES.flatMap((mode) => {
    const scores = modes[mode];
    return scores === undefined
      ? []
      : [[mode, ...COLUMNS.map(([column]) => figure(scores[column]))]];
  });
}

/** A table for people. */
export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head: [...head],
    style: { head: [], border: [] },
    colAligns: head.map((_, at) => (at === 0 ? 'left' : 'right')),
  });
  for (const row of rows) table.push([...row]);
  return table.toString();
}

/** Runs a command and sets the exit code: 0 measured, 1 what was to be read is not readable, 2 wrong usage. */
export async function main(program: Command): Promise<void> {
  process.exitCode = await run(program);
}

async function run(program: Command): Promise<number> {
  program
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit codes: 0 measured, 1 the collection cannot be read, 2 wrong usage, 3 a ranking shows what others have.',
    );
  try {
    await program.parseAsync();
    return Number(process.exitCode ?? EXIT.done);
  } catch (error) {
    // Commander has printed its own message, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (!isStrongroomError(error)) throw error;
    const { line } = error.details;
    process.stderr.write(`${error.message}${line === undefined ? '' : `, line ${String(line)}`}\n`);
    return EXIT.failed;
  }
}
