// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';
import { fail, isStrongroomError } from '../core/index.ts';
import {
  parseReceipt,
  parseTrust,
  parseVkey,
  type ReceiptVerdict,
  type ShownRecovery,
  type Trust,
  trustFromGenesis,
  verifyReceipt,
} from '../provenance/index.ts';
import { addCommand, type Invocation, type World } from './command.ts';
import { positive } from './numbers.ts';
import { readNamed } from './files.ts';
import { bytesText, count, facts, timeText } from './text.ts';
import type { Paint } from './output.ts';
import { withProgress } from './progress.ts';

interface VerifyOptions {
  readonly trust?: string;
  readonly vkey?: string;
  readonly all: boolean;
  readonly maxAge?: number;
}

/** `strongroom verify`. */
export function registerVerify(program: Command, world: World): void {
  addCommand<VerifyOptions>(program, world, {
    usage: 'verify [receipt]',
    description: 'verify a receipt offline, or with --all every current document end to end',
    examples: [
      'strongroom verify receipt.json --trust trust.json',
      'strongroom verify receipt.json --vkey "ORIGIN+ID+KEY"   # root key taken from genesis',
      'strongroom verify --all',
    ],
    configure: (command) =>
      command
        .option('--trust <file>', 'trust file of the vault (strongroom trust export)')
        .option('--vkey <key>', 'public key of the log, when that is all there is')
        .option('--all', 'verify every current document of the vault', false)
        .option('--max-age <seconds>', 'refuse a receipt whose state is older', positive)
        .addHelpText(
          'after',
          '\nExit codes for a receipt: 0 proved and attested, 1 false, 2 no usable trust given, 3 proved but not attested.',
        ),
    run: (invocation) => (invocation.options.all ? verifyVault(invocation) : verify(invocation)),
  });
}

async function verify(invocation: Invocation<VerifyOptions>): Promise<number> {
  const { options, output } = invocation;
  const [file] = invocation.arguments;
  if (file === undefined) throw fail('USAGE', 'name a receipt, or use --all');
  const bytes = await readNamed(invocation, file, 'receipt');
  const given = await trustFile(invocation);
  try {
    const receipt = parseReceipt(bytes);
    const trust = given ?? trustFromGenesis(receipt, options.vkey ?? '');
    const verdict = verifyReceipt(receipt, trust);
    checkAge(verdict, options.maxAge);
    const rootKey = given === null ? 'taken from genesis' : 'trusted';
    output.data({ ...verdict, rootKey }, (paint) => verdictText(verdict, given === null, paint));
    return verdict.attested ? 0 : 3;
  } catch (error) {
    // Whatever does not hold in a receipt makes it false: exit code 3 means something else here.
    if (!isStrongroomError(error) || error.area !== 'integrity') throw error;
    output.data(
      {
        proved: false,
        code: error.code,
        check: error.details['check'] ?? null,
        reason: error.message,
      },
      (paint) => `${paint('red', 'FALSE')}  ${error.message}`,
    );
    return 1;
  }
}

/** The trust file, or null when the log key alone is given. A file that is none counts as no trust given. */
async function trustFile(invocation: Invocation<VerifyOptions>): Promise<Trust | null> {
  const { trust, vkey } = invocation.options;
  if (trust === undefined && vkey === undefined) {
    throw fail('USAGE', 'trust is never read from the receipt: give --trust FILE or --vkey KEY');
  }
  if (vkey !== undefined && parseVkey(vkey) === null) {
    throw fail('USAGE', '--vkey is not the public key of a log');
  }
  if (trust === undefined) return null;
  const bytes = await readNamed(invocation, trust, 'trust file');
  try {
    return parseTrust(bytes);
  } catch (error) {
    throw fail('USAGE', 'the file after --trust is no trust file', {}, error);
  }
}

function checkAge(verdict: ReceiptVerdict, maxAge: number | undefined): void {
  if (maxAge === undefined) return;
  const age = Math.floor(Date.now() / 1000) - verdict.stateTime;
  if (age > maxAge) throw fail('RECEIPT_INVALID', `the state is ${age} seconds old`);
}

async function verifyVault(invocation: Invocation<VerifyOptions>): Promise<number> {
  const vault = await invocation.open();
  const report = await withProgress(invocation, 'verifying', (onProgress) =>
    vault.verifyAll(onProgress),
  );
  invocation.output.data(report, () =>
    facts([
      ['documents', report.documents],
      ['chunks and vectors', report.chunks],
      ['sealed bytes', bytesText(report.bytes)],
      ['failures', report.failures.length],
      ...report.failures.map(({ docId, code, message }) => [code, `${docId}: ${message}`] as const),
    ]),
  );
  return report.failures.length === 0 ? 0 : 3;
}

function verdictText(verdict: ReceiptVerdict, fromGenesis: boolean, paint: Paint): string {
  const { passages, head, attested } = verdict;
  const compared = {
    same: 'same as trusted',
    consistent: 'continues the trusted head',
    recovered: 'the root key has given up the trusted head',
    'not compared': 'not compared with a trusted head',
  };
  const how = verdict.identity === 'token' ? 'by token' : 'by impersonation';
  return facts([
    [
      paint('green', 'PROVED'),
      `${count(passages.length, 'passage')}: bytes, version, current at the head, signer`,
    ],
    [
      attested ? paint('green', 'ATTESTED') : paint('yellow', 'NOT ATTESTED'),
      attested
        ? `the retriever says that the caller was allowed (identified ${how})`
        : 'that the caller was allowed',
    ],
    [
      'log head',
      `${head.size} entries, root ${head.root.slice(0, 16)}..., ${compared[verdict.headCompared]}`,
    ],
    ...verdict.recoveries.map((recovery) => ['recovery', recoveryText(recovery)] as const),
    ['state time', timeText(verdict.stateTime)],
    ['root key', fromGenesis ? 'taken from genesis: give --trust for more' : 'from the trust file'],
    ...passages.map(
      (p) =>
        [
          `passage ${p.chunk + 1}/${p.chunks}`,
          `${p.docId} v${p.version}, log entry ${p.index}, signer ${p.signer.slice(0, 12)}`,
        ] as const,
    ),
  ]);
}

function recoveryText({ old, new: next, logVkey, reason, time }: ShownRecovery): string {
  const named = (head: ShownRecovery['old']): string =>
    `${head.size} entries, root ${head.root.slice(0, 16)}...`;
  const went =
    next.size < old.size ? `from ${named(old)} back to ${named(next)}` : `at ${named(old)}`;
  return `${timeText(time)}, ${went}${logVkey === null ? '' : ', another log key'}: ${JSON.stringify(reason)}`;
}
