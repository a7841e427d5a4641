// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { encodeReceipt } from '../provenance/index.ts';
import type { Caller, Citation, Passage } from '../retrieve/index.ts';
import { addCommand, type Invocation, type World } from './command.ts';
import { positive } from './numbers.ts';
import { styled } from './output.ts';

interface SearchCommandOptions {
  readonly as: string;
  readonly k: number;
  readonly mode: 'hybrid' | 'vector' | 'bm25';
  readonly explain: boolean;
}

interface ContextCommandOptions {
  readonly as: string;
  readonly budget: number;
  readonly receipt?: string;
  readonly since?: number;
}

/** `strongroom search` and `strongroom context`. */
export function registerSearch(program: Command, world: World): void {
  addCommand<SearchCommandOptions>(program, world, {
    usage: 'search <query>',
    description: 'find passages that a person may read, each verified',
    examples: [
      'strongroom search "how many days of leave" --as alice',
      'strongroom search "key rotation" --as bob -k 5 --explain --json',
    ],
    configure: (command) =>
      command
        .requiredOption('--as <person>', 'on whose behalf; recorded as impersonation')
        .option('-k, --k <n>', 'how many passages', positive, 10)
        .option('--mode <mode>', 'hybrid, vector or bm25', modeOf, 'hybrid')
        .option('--explain', 'show what was scanned and verified', false),
    run: search,
  });
  addCommand<ContextCommandOptions>(program, world, {
    usage: 'context <query>',
    description: 'assemble a cited context for a model, and its receipt',
    examples: [
      'strongroom context "what is our leave policy?" --as alice --budget 1500',
      'strongroom context "who approves travel?" --as alice --receipt receipt.json',
    ],
    configure: (command) =>
      command
        .requiredOption('--as <person>', 'on whose behalf; recorded as impersonation')
        .option('--budget <tokens>', 'tokens that the context may have', positive, 2000)
        .option('--receipt <file>', 'write a receipt that `verify` checks offline')
        .option(
          '--since <size>',
          'log size that the verifier knows: the receipt proves continuity',
          positive,
        ),
    run: context,
  });
}

async function search(invocation: Invocation<SearchCommandOptions>): Promise<void> {
  const { options, output } = invocation;
  const vault = await invocation.open();
  const [query = ''] = invocation.arguments;
  const { as, k, mode } = options;
  const { passages, explanation } = await vault.search({
    caller: impersonated(as),
    query,
    k,
    mode,
  });
  const data = options.explain ? { passages, explanation } : { passages };
  output.data(data, () =>
    passages.length === 0 ? 'No passages.' : passages.map(passageText).join('\n\n'),
  );
  if (options.explain && !output.json) {
    const { index, stats } = explanation;
    const plan = index.plan === 'lists' ? ` in ${index.lists} lists` : '';
    output.note(
      `\n${stats.classes} classes, ${index.rowsScanned} vectors compared${plan}, ${index.postingsRead} postings read\n` +
        `${stats.candidates} candidates: ${stats.superseded} superseded, ${stats.expired} expired, ${stats.failed} failed a proof\n` +
        `${stats.documentsVerified} documents proven, ${stats.chunksOpened} chunks opened, ${stats.plaintextHits} from memory`,
    );
  }
}

async function context(invocation: Invocation<ContextCommandOptions>): Promise<void> {
  const { options, output, world } = invocation;
  const vault = await invocation.open();
  const [query = ''] = invocation.arguments;
  const { as, budget, receipt: file, since } = options;
  const request = { caller: impersonated(as), query, budget, receipt: file !== undefined };
  const result = await vault.context({ ...request, ...(since !== undefined && { since }) });
  const { receipt, ...shown } = result;
  if (file !== undefined && receipt !== null) {
    await writeFile(path.resolve(world.cwd, file), encodeReceipt(receipt));
    output.note(
      `receipt written to ${file}; check it with: strongroom verify ${file} --trust FILE`,
    );
  }
  output.data(shown, () => (shown.text === '' ? 'No passages.' : shown.text));
  if (!output.json && shown.citations.length > 0) {
    output.note(`\n${shown.citations.map(citationText).join('\n')}\n${shown.tokens} tokens`);
  }
}

/** A caller who is named by whoever holds the key ring. */
export function impersonated(id: string): Caller {
  return { id, identity: 'impersonated' };
}

function passageText(passage: Passage, i: number): string {
  const { source, headings, version, text } = passage;
  const place = headings.length > 0 ? `  ${headings.join(' > ')}` : '';
  const head = `${styled('bold', `${i + 1}  ${source.uri}`)}${styled('dim', `  v${version}${place}`)}`;
  const body = text.split('\n').filter((line) => line.trim() !== '');
  const lines = body
    .slice(0, 4)
    .map((line) => `   ${line.length > 160 ? `${line.slice(0, 157)}...` : line}`);
  return [head, ...lines, ...(body.length > 4 ? ['   ...'] : [])].join('\n');
}

function citationText({ n, source, version, range, headings }: Citation): string {
  const place = headings.length > 0 ? `, ${headings.join(' > ')}` : '';
  return `[${n}] ${source.uri} v${version}, bytes ${range.start}-${range.end}${place}`;
}

function modeOf(text: string): string {
  if (!['hybrid', 'vector', 'bm25'].includes(text)) {
    throw new InvalidArgumentError('must be hybrid, vector or bm25');
  }
  return text;
}
