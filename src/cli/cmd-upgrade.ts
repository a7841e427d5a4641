// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';
import { tierReport } from '../vault/index.ts';
import { addCommand, type Invocation, type World } from './command.ts';
import { interruptible } from './interruption.ts';
import { positive } from './numbers.ts';
import { withProgress } from './progress.ts';
import { count, facts, timeText } from './text.ts';
import { costTexts, tierText, transformerCost } from './tier-text.ts';

interface UpgradeCommandOptions {
  readonly questions: boolean;
  readonly limit?: number;
}

/** `strongroom status` and `strongroom upgrade`. */
export function registerUpgrade(program: Command, world: World): void {
  addCommand(program, world, {
    usage: 'status',
    description: 'what the vault holds, which tier of embedding it is on, what another would cost',
    examples: ['strongroom status', 'strongroom status --json'],
    run: status,
  });
  addCommand<UpgradeCommandOptions>(program, world, {
    usage: 'upgrade',
    description: 'embed by the transformer: questions at once, documents one after the other',
    examples: [
      'strongroom upgrade --questions     # mixed: documents keep their vectors',
      'strongroom upgrade                 # ends at Ctrl-C and goes on when run again',
      'strongroom upgrade --limit 500     # a slice, between ingestions',
    ],
    configure: (command) =>
      command
        .option('--questions', 'leave documents as they are', false)
        .option('--limit <documents>', 'upgrade so many documents at most', positive),
    run: upgrade,
  });
}

async function status({ open, output }: Invocation<unknown>): Promise<void> {
  const { session } = await open();
  const { ledger, context } = session;
  const report = await tierReport(session);
  const transformer = await transformerCost(report);
  const chunks = [...ledger.documents()].reduce(
    (sum, doc) => sum + (doc.status === 'live' ? doc.chunks : 0),
    0,
  );
  const { vaultId, tenantId } = context.config;
  const { last } = ledger.view.state;
  const all = { vaultId, tenantId, logSize: ledger.head.size, chunks, ...report, transformer };
  output.data(all, () =>
    facts([
      ['vault', `${vaultId}, tenant ${tenantId}`],
      [
        'log',
        `${count(ledger.head.size, 'entry', 'entries')}${last === null ? '' : `, last signed ${timeText(last.time)}`}`,
      ],
      ['documents', `${report.documents} in ${count(chunks, 'passage')}`],
      ['tier', tierText(report)],
      ...costTexts(report, transformer),
    ]),
  );
}

async function upgrade(invocation: Invocation<UpgradeCommandOptions>): Promise<number> {
  const { options, output, world } = invocation;
  const vault = await invocation.open();
  const report = await interruptible(world, (signal) =>
    withProgress(invocation, 'upgrading', (progress) =>
      vault.upgrade({
        questionsOnly: options.questions,
        ...(options.limit !== undefined && { limit: options.limit }),
        signal,
        onProgress: ({ done, total, chunks }) => progress(done, total, `${chunks} passages`),
      }),
    ),
  );
  const tier = await tierReport(vault.session);
  output.data({ ...report, tier: tier.tier }, () =>
    facts([
      ['questions', report.named ? 'by the transformer from now on' : 'by the transformer'],
      ['documents', `${report.documents} upgraded, ${report.remaining} left`],
      ['passages', report.chunks],
      ['tier', tierText(tier)],
    ]),
  );
  for (const { code, message, uri } of report.failures.slice(0, 20)) {
    output.warn(code, `${uri}: ${message}`);
  }
  if (report.remaining > 0 && !options.questions) output.note('Run it again to go on.');
  const isDone = options.questions || options.limit !== undefined || report.remaining === 0;
  return isDone && report.failures.length === 0 ? 0 : 1;
}
