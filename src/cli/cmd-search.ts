// SPDX-License-Identifier: Apache-2.0
import { type Command, InvalidArgumentError } from 'commander';
import { encodeReceipt } from '../provenance/index.ts';
import type { Caller, Citation, Passage, RetrievalStats, SearchResult } from '../retrieve/index.ts';
import type { Vault } from '../vault/index.ts';
import { addCommand, callerOf, type Invocation, type World } from './command.ts';
import { writeNamed } from './files.ts';
import { positive } from './numbers.ts';
import type { Paint } from './output.ts';
import { count, facts, visible } from './text.ts';

interface SearchCommandOptions {
  readonly as?: string;
  readonly k: number;
  readonly mode: 'hybrid' | 'vector' | 'bm25';
  readonly path?: readonly string[];
  readonly explain: boolean;
}

interface ContextCommandOptions {
  readonly as?: string;
  readonly budget: number;
  readonly receipt?: string;
  readonly since?: number;
}

const AS =
  'on whose behalf, recorded as impersonation (default: the bearer of the token in STRONGROOM_TOKEN)';

/** `strongroom search` and `strongroom context`. */
export function registerSearch(program: Command, world: World): void {
  addCommand<SearchCommandOptions>(program, world, {
    usage: 'search <query>',
    description: 'find passages that a person may read, each verified',
    examples: [
      'strongroom search "how many days of leave" --as alice',
      'strongroom search "key rotation" --as bob -k 5 --explain --json',
      'strongroom search \'"customer managed key"\' --as bob --path "guides/**"',
    ],
    configure: (command) =>
      command
        .option('--as <person>', AS)
        .option('-k, --k <n>', 'how many passages', positive, 10)
        .option('--mode <mode>', 'hybrid, vector or bm25', modeOf, 'hybrid')
        .option('--path <glob...>', 'only documents whose name matches one of these')
        .option('--explain', 'show who asked, what was decided, scanned and verified', false),
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
        .option('--as <person>', AS)
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
  const caller = await callerOf(invocation);
  const vault = await invocation.open();
  const [query = ''] = invocation.arguments;
  const { k, mode, path: paths } = options;
  const told: RetrievalStats[] = [];
  const request = { caller, query, k, mode, ...(paths !== undefined && { filter: { paths } }) };
  const { passages, explanation } = await vault.search(request, (seen) => told.push(seen));
  const [stats] = told;
  const decision = options.explain ? decisionOn(vault, caller) : null;
  const data = decision === null ? { passages } : { passages, explanation, stats, decision };
  output.data(data, (paint) =>
    passages.map((passage, i) => passageText(passage, i, paint)).join('\n\n'),
  );
  if (passages.length === 0) output.note(NOTHING);
  if (decision === null || stats === undefined || output.json) return;
  const how = explanationText(decision, explanation.index, stats);
  output.note(`${passages.length === 0 ? '' : '\n'}${how}`);
}

/** The same words whether there is nothing, nothing that fits or nothing that the person may read. */
const NOTHING = 'No passages.';

async function context(invocation: Invocation<ContextCommandOptions>): Promise<void> {
  const { options, output } = invocation;
  const caller = await callerOf(invocation);
  const vault = await invocation.open();
  const [query = ''] = invocation.arguments;
  const { budget, receipt: file, since } = options;
  const request = { caller, query, budget, receipt: file !== undefined };
  const result = await vault.context({ ...request, ...(since !== undefined && { since }) });
  const { receipt, ...shown } = result;
  if (file !== undefined && receipt !== null) {
    await writeNamed(invocation, file, 'receipt', encodeReceipt(receipt));
    output.note(
      `Receipt written to ${file}. Who has the trust file (strongroom trust export) checks it offline:\n` +
        `  strongroom verify ${file} --trust FILE\n`,
    );
  }
  output.data(shown, () => shown.text);
  if (shown.citations.length === 0) output.note(NOTHING);
  else if (!output.json) {
    output.note(`\n${shown.citations.map(citationText).join('\n')}\n${shown.tokens} tokens`);
  }
}

/** What the directory says of a person: the first step of every decision. */
interface PersonDecision {
  readonly person: string;
  readonly identity: Caller['identity'];
  readonly groups: readonly string[];
  readonly clearance: number;
  readonly mayRead: boolean;
  readonly directoryEpoch: number;
  readonly policyEpoch: number;
}

function decisionOn({ session }: Vault, caller: Caller): PersonDecision {
  const { directory, policyEpoch } = session.access;
  const { groups, clearance, actions } = directory.principal(caller.id);
  return {
    person: caller.id,
    identity: caller.identity,
    groups: [...new Set([...groups, ...(caller.groups ?? [])])].sort(),
    clearance,
    mayRead: actions.has('read'),
    directoryEpoch: directory.epoch,
    policyEpoch,
  };
}

function scannedText(index: SearchResult['explanation']['index']): string {
  const plan = index.plan === 'lists' ? ` in ${count(index.lists, 'list')}` : '';
  return `${count(index.rowsScanned, 'vector')}${plan}, ${count(index.postingsRead, 'posting')}`;
}

function explanationText(
  decision: PersonDecision,
  index: SearchResult['explanation']['index'],
  stats: RetrievalStats,
): string {
  const dropped = [
    [stats.superseded, 'of a version that is no longer current'],
    [stats.expired, 'expired'],
    [stats.foreign, 'in a class that was not asked for'],
    [stats.failed, 'failed a proof'],
  ] as const;
  const out = dropped.filter(([n]) => n > 0).map(([n, why]) => `${n} ${why}`);
  const how = decision.identity === 'token' ? 'known by a token' : 'impersonated';
  const right = decision.mayRead ? 'may read' : 'has no right to read';
  return facts([
    ['person', `${decision.person}, ${how}; ${right}; clearance ${decision.clearance}`],
    ['groups', decision.groups.join(', ')],
    ['decided by', `directory ${decision.directoryEpoch}, policy ${decision.policyEpoch}`],
    ['classes', `${stats.classes} admit this person; no other was read`],
    ['scanned', scannedText(index)],
    ['candidates', `${stats.candidates}; dropped: ${out.join(', ') || 'none'}`],
    [
      'verified',
      `${count(stats.documentsVerified, 'document')} proven, ${count(stats.chunksOpened, 'chunk')} opened, ` +
        `${stats.plaintextHits} from memory`,
    ],
  ]);
}

function passageText(passage: Passage, i: number, paint: Paint): string {
  const { source, headings, version, text } = passage;
  const place = headings.length > 0 ? `  ${headings.map(visible).join(' > ')}` : '';
  const name = paint('bold', `${i + 1}  ${visible(source.uri)}`);
  const head = `${name}${paint('dim', `  v${version}${place}`)}`;
  const body = text.split('\n').filter((line) => line.trim() !== '');
  const lines = body
    .slice(0, SHOWN_LINES)
    .map(visible)
    .map((line) => `   ${line.length > 160 ? `${line.slice(0, 157)}...` : line}`);
  return [head, ...lines, ...(body.length > SHOWN_LINES ? ['   ...'] : [])].join('\n');
}

const SHOWN_LINES = 4;

function citationText({ n, source, version, range, headings }: Citation): string {
  const place = headings.length > 0 ? `, ${headings.map(visible).join(' > ')}` : '';
  return `[${n}] ${visible(source.uri)} v${version}, bytes ${range.start}-${range.end}${place}`;
}

function modeOf(text: string): string {
  if (!['hybrid', 'vector', 'bm25'].includes(text)) {
    throw new InvalidArgumentError('must be hybrid, vector or bm25');
  }
  return text;
}
