// The main job on real documents: sign, seal, index, retrieve as two people, prove the answer, then six attacks.
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';
import { ingestTable } from '../src/cli/cmd-ingest.ts';
import { runCli } from '../src/cli/run.ts';
import {
  createVault,
  encodeReceipt,
  openVault,
  parseAccessFile,
  type Passage,
  type Vault,
} from '../src/index.ts';
import { runAttacks } from './attacks.ts';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(here);
const work = path.join(root, '.demo');
const place = { vault: path.join(work, 'vault'), home: path.join(work, 'home') };
const QUESTION =
  'Which licences may we ship with the product, and what did the licence audit find?';
const DOCUMENTATION = [
  '**/*.md',
  '**/*.txt',
  '**/*.html',
  '**/{LICENSE,LICENCE,CHANGELOG,NOTICE}*',
];

const started = performance.now();
await rm(work, { recursive: true, force: true });
await mkdir(work);
process.env['STRONGROOM_HOME'] = place.home;

heading('1  Ingest: the documentation of the installed packages, and twelve confidential memos');
const access = parseAccessFile(await readFile(path.join(here, 'access.yaml'), 'utf8'));
await createVault({ ...place, access });
let vault = await openVault(place);
const report = await vault.ingest([path.join(root, 'node_modules'), path.join(here, 'memos')], {
  access,
  include: DOCUMENTATION,
  onProgress: progress,
});
say(ingestTable(report, false));
for (const { uri, code } of report.failures) say(`${code}  ${uri}`);

heading('2  The same question, asked by two people');
say(`"${QUESTION}"`);
const forAda = await ask(vault, 'ada');
await ask(vault, 'dan');

heading('3  A cited, verified context and its receipt');
const caller = { id: 'ada', identity: 'impersonated' } as const;
const context = await vault.context({ caller, query: QUESTION, budget: 700, receipt: true });
say(dim(clip(context.text, 14)));
for (const { n, source, version, range } of context.citations) {
  say(`[${n}] ${source.uri}, version ${version}, bytes ${range.start}-${range.end}`);
}
if (context.receipt === null) throw new Error('a receipt was asked for');
await writeFile(path.join(work, 'receipt.json'), encodeReceipt(context.receipt));

heading('4  The receipt, verified offline with nothing but the trust file');
await cli(
  'trust',
  'export',
  '--vault',
  place.vault,
  '--out',
  path.join(work, 'trust.json'),
  '--quiet',
);
vault.close();
const verified = await cli(
  'verify',
  path.join(work, 'receipt.json'),
  '--trust',
  path.join(work, 'trust.json'),
);

heading('5  Six attacks by somebody who may write every stored file');
const oldLog = path.join(work, 'old-log');
await cp(path.join(place.vault, 'store', 'log'), oldLog, { recursive: true });
vault = await openVault(place);
const without = (await readFile(path.join(here, 'access.yaml'), 'utf8')).replace(
  'staff: [ben, ',
  'staff: [',
);
await vault.setAccess(parseAccessFile(without));
vault.close();
const documents = [...new Set(forAda.map(({ source }) => source.uri))].slice(0, 2) as [
  string,
  string,
];
const attacks = await runAttacks(
  place,
  { caller: 'ada', query: QUESTION, documents, oldLog },
  work,
);
attacks.forEach(({ title, codes, outcome }, i) => {
  const refusal = codes.length > 0 ? red(codes.join(', ')) : styleText('bgRed', ' NOT REFUSED ');
  say(`${i + 1}. ${title}\n   ${refusal}  ${dim(outcome)}`);
});

heading('Try it on a folder of your own');
say(`  npm run -s strongroom -- init
  npm run -s strongroom -- ingest FOLDER
  npm run -s strongroom -- search "a question" --as ${process.env['USER'] ?? 'YOUR_NAME'}`);
const seconds = ((performance.now() - started) / 1000).toFixed(1);
say(dim(`\n${seconds} s. Everything this demonstration wrote lies in .demo/.`));
const refused = attacks.filter(({ codes }) => codes.length > 0).length;
if (verified !== 0 || refused !== attacks.length) process.exitCode = 1;

async function ask(opened: Vault, id: string): Promise<readonly Passage[]> {
  const { passages } = await opened.search({
    caller: { id, identity: 'impersonated' },
    query: QUESTION,
    k: 4,
  });
  say(`\n${styleText('bold', id)} gets`);
  for (const { source, version, headings } of passages) {
    const isMemo = /^(board|people|staff)\//.test(source.uri);
    const name = isMemo ? styleText('green', source.uri) : source.uri;
    say(`  ${name}  v${version}  ${dim(headings.join(' > '))}`);
  }
  return passages;
}

function progress({ done, total, chunks }: { done: number; total: number; chunks: number }): void {
  const { isTTY } = process.stderr;
  const step = isTTY ? 5 : Math.ceil(total / 4);
  if (done % step !== 0 && done !== total) return;
  process.stderr.write(
    `${isTTY ? '\r' : ''}  ${done}/${total} files, ${chunks} chunks${isTTY && done < total ? '' : '\n'}`,
  );
}

function cli(...argv: string[]): Promise<number> {
  const { stdout, stderr, env } = process;
  return runCli(argv, { stdout, stderr, env, cwd: root });
}

function heading(text: string): void {
  say(`\n${styleText(['bold', 'cyan'], text)}`);
}

function clip(text: string, lines: number): string {
  const all = text.split('\n');
  return all.length <= lines ? text : `${all.slice(0, lines).join('\n')}\n...`;
}

function dim(text: string): string {
  return styleText('dim', text);
}

function red(text: string): string {
  return styleText(['bold', 'red'], text);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
