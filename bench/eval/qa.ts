// SPDX-License-Identifier: Apache-2.0
import { Command, Option } from 'commander';
import type { SearchMode } from '../../src/index/index.ts';
import { cacheOption, embedderOf, figure, main, tableOf, tierOption } from './command.ts';
import { MODES } from './evaluate.ts';
import { evaluateQuestions, type QuestionEvaluation } from './questions.ts';

interface Options {
  readonly json?: true;
  readonly mode?: SearchMode;
  readonly tier: string;
  readonly cache?: string;
}

await main(
  new Command('eval:qa')
    .description('Measures how often the document that answers a question is found.')
    .argument('<documents>', 'folder of documents')
    .argument('<questions>', 'CSV file with the columns Question and Document_True')
    .option('--json', 'print JSON instead of a table')
    .addOption(new Option('--mode <mode>', 'measure one mode only').choices(MODES))
    .addOption(tierOption())
    .addOption(cacheOption())
    .addHelpText('after', '\nExample:\n  npm run -s eval:qa -- ../handbook ../questions.csv')
    .action(async (folder: string, file: string, { json, mode, tier, cache }: Options) => {
      const modes = mode === undefined ? MODES : [mode];
      const evaluation = await evaluateQuestions({ folder, file }, embedderOf(tier, cache), modes);
      process.stdout.write(`${json === true ? JSON.stringify(evaluation) : tables(evaluation)}\n`);
    }),
);

function tables({ modes, ...facts }: QuestionEvaluation): string {
  const { documents, rows, questions, unanswerable, embedder } = facts;
  const head = ['', 'recall@1', 'recall@5', 'recall@10', 'MRR@10'];
  const lines = MODES.flatMap((mode) => {
    const s = modes[mode];
    const figures = s === undefined ? [] : [s.recall1, s.recall5, s.recall10, s.mrr10];
    return figures.length === 0 ? [] : [[mode, ...figures.map(figure)]];
  });
  const without = unanswerable === 0 ? '' : `, ${unanswerable} more without their document`;
  return `${documents} documents, ${rows} passages, ${questions} questions${without}, embedder ${embedder}
${tableOf(head, lines)}`;
}
