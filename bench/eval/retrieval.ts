// SPDX-License-Identifier: Apache-2.0
import { Command, Option } from 'commander';
import type { SearchMode } from '../../src/index/index.ts';
import { readCollection } from './collection.ts';
import {
  COLUMNS,
  cacheOption,
  embedderOf,
  figure,
  main,
  scoreRows,
  tableOf,
  tierOption,
} from './command.ts';
import { evaluate, type Evaluation, MODES, prepare } from './evaluate.ts';
import { type PermissionOutcome, SPREADS, underPermissions } from './permissions.ts';

interface Options {
  readonly json?: true;
  readonly mode?: SearchMode;
  readonly tier: string;
  readonly cache?: string;
  readonly permissions?: true;
}

const HEAD = ['', ...COLUMNS.map(([, title]) => title)];

await main(
  new Command('eval:retrieval')
    .description('Measures the built-in retrieval on a test collection in the layout of BEIR.')
    .argument('<dir>', 'directory with corpus.jsonl, queries.jsonl and qrels/*.tsv')
    .option('--json', 'print JSON instead of tables')
    .addOption(new Option('--mode <mode>', 'measure one mode only').choices(MODES))
    .addOption(tierOption())
    .addOption(cacheOption())
    .option('--permissions', 'also measure callers who may read a part of the documents')
    .addHelpText(
      'after',
      '\nExamples:\n  npm run -s eval:retrieval -- ../scifact\n' +
        '  npm run -s eval:retrieval -- ../scifact --mode hybrid --permissions --json',
    )
    .action(measure),
);

async function measure(directory: string, options: Options): Promise<void> {
  const collection = await readCollection(directory);
  const embedder = embedderOf(options.tier, options.cache);
  const modes = options.mode === undefined ? MODES : [options.mode];
  const evaluation = await evaluate(collection, embedder, modes);
  const outcomes: PermissionOutcome[] = [];
  if (options.permissions === true) {
    const prepared = await prepare(collection, embedder);
    for (const spread of SPREADS) {
      outcomes.push(underPermissions(prepared, embedder, { spread, modes }));
    }
  }
  const text =
    options.json === true
      ? JSON.stringify({ ...evaluation, ...(outcomes.length > 0 && { permissions: outcomes }) })
      : [tables(evaluation), ...outcomes.map(permissionTable)].join('\n');
  process.stdout.write(`${text}\n`);
  // A ranking that shows what others have is a breach, not a low score.
  if (outcomes.some(({ different }) => different > 0)) process.exitCode = 3;
}

function tables({ documents, rows, queries, embedder, modes, hybridGain }: Evaluation): string {
  const facts = `${documents} documents, ${rows} rows, ${queries} queries, embedder ${embedder}`;
  const gain = hybridGain === null ? '' : `\nhybrid less bm25, nDCG@10: ${figure(hybridGain)}`;
  return `${facts}; in brackets 95 % bootstrap intervals\n${tableOf(HEAD, scoreRows(modes))}${gain}`;
}

function permissionTable({
  spread,
  callers,
  queries,
  different,
  modes,
}: PermissionOutcome): string {
  const facts =
    `under permissions, ${spread} classes: ${callers} callers, ${queries} queries with an answer; ` +
    `${different} rankings differ from those of an index of the caller's documents alone`;
  return `\n${facts}\n${tableOf(HEAD, scoreRows(modes))}`;
}
