// SPDX-License-Identifier: Apache-2.0
import { Command, InvalidArgumentError } from 'commander';
import { embedderOf, figure, main, tableOf, tierOption } from './command.ts';
import { evaluateSpans } from './spans.ts';

interface Options {
  readonly json?: true;
  readonly tier: string;
  readonly target?: number;
  readonly max?: number;
  readonly overlap?: number;
  readonly k: number;
}

await main(
  new Command('eval:chunking')
    .description('Measures how well chunks fit the passages that answer questions.')
    .argument('<dir>', 'directory with questions_df.csv and corpora/*.md')
    .option('--json', 'print JSON instead of a table')
    .addOption(tierOption())
    .option('--target <tokens>', 'size that chunks are filled to', wholeNumber)
    .option('--max <tokens>', 'size that no chunk exceeds', wholeNumber)
    .option('--overlap <tokens>', 'tokens that a chunk repeats of the one before it', wholeNumber)
    .option('-k <n>', 'passages retrieved for a question', wholeNumber, 5)
    .addHelpText('after', '\nExample:\n  npm run -s eval:chunking -- DIR --target 200 --overlap 20')
    .action(measure),
);

async function measure(folder: string, options: Options): Promise<void> {
  const { tier, target, max, overlap, k } = options;
  const evaluation = await evaluateSpans(folder, embedderOf(tier), {
    k,
    ...(target !== undefined && { targetTokens: target }),
    ...(max !== undefined && { maxTokens: max }),
    ...(overlap !== undefined && { overlapTokens: overlap }),
  });
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify(evaluation)}\n`);
    return;
  }
  const { questions, rows, meanChunkBytes, embedder, recall, precision, iou } = evaluation;
  process.stdout.write(
    `${questions} questions, ${rows} passages of ${Math.round(meanChunkBytes)} bytes on average, ` +
      `${k} retrieved, embedder ${embedder}\n` +
      `${tableOf(['recall', 'precision', 'IoU'], [[recall, precision, iou].map(figure)])}\n`,
  );
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new InvalidArgumentError('must be a whole number');
  }
  return value;
}
