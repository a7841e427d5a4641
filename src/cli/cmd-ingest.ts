// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';
import { readAccessFile, type VaultIngestReport } from '../vault/index.ts';
import { addCommand, type Invocation, type World } from './command.ts';
import { bytesText, facts, styled } from './output.ts';
import { progressOf } from './progress.ts';

interface IngestCommandOptions {
  readonly access?: string;
  readonly prune: boolean;
  readonly dryRun: boolean;
  readonly include?: string[];
  readonly exclude?: string[];
  readonly namespace: string;
}

/** `strongroom ingest`. */
export function registerIngest(program: Command, world: World): void {
  addCommand<IngestCommandOptions>(program, world, {
    usage: 'ingest <paths...>',
    description: 'sign, seal and index files and folders; unchanged files are skipped',
    examples: [
      'strongroom ingest ./handbook',
      'strongroom ingest ./docs --include "**/*.md" --exclude "drafts/**" --prune',
      'strongroom ingest ./docs --dry-run --json',
    ],
    configure: (command) =>
      command
        .option('--access <file>', 'access file (default: strongroom.access.yaml beside the vault)')
        .option('--prune', 'delete documents of these folders that are no longer there', false)
        .option('--dry-run', 'show what would happen, write nothing', false)
        .option('--include <globs...>', 'take only paths that match')
        .option('--exclude <globs...>', 'leave out paths that match')
        .option('--namespace <id>', 'source namespace of the documents', 'files'),
    run: ingest,
  });
}

async function ingest(invocation: Invocation<IngestCommandOptions>): Promise<number> {
  const { options, output } = invocation;
  const access = await readAccessFile(invocation.accessFile(options.access));
  const vault = await invocation.open();
  const progress = progressOf(invocation, 'ingesting');
  const report = await vault.ingest([...invocation.arguments], {
    access,
    prune: options.prune,
    dryRun: options.dryRun,
    namespace: options.namespace,
    ...(options.include && { include: options.include }),
    ...(options.exclude && { exclude: options.exclude }),
    onProgress: ({ done, total, chunks }) => progress.update(done, total, `${chunks} chunks`),
  });
  progress.end();
  output.data(report, () => ingestTable(report, options.dryRun));
  for (const failure of report.failures.slice(0, 20)) {
    output.warn(`${styled('red', failure.code)}  ${failure.uri}: ${failure.message}`);
  }
  if (report.failures.length > 20) output.warn(`... and ${report.failures.length - 20} more`);
  if (report.undecided.length > 0) output.warn(undecidedText(report.undecided));
  return report.failures.length > 0 || report.undecided.length > 0 ? 1 : 0;
}

/** The closing table of an ingestion. */
export function ingestTable(report: VaultIngestReport, dryRun: boolean): string {
  const { skipped } = report;
  const rate = report.seconds > 0 ? Math.round(report.chunks / report.seconds) : 0;
  const left = Object.entries(skipped).filter(([, count]) => count > 0);
  const passed = left.map(([why, count]) => `${count} ${why}`).join(', ');
  const rows: [string, string | number][] = [
    [
      'files',
      `${report.files} found, ${report.failures.length} failed; passed over: ${passed || 'none'}`,
    ],
    [
      dryRun ? 'would write' : 'documents',
      `${report.added} new, ${report.updated} changed, ${report.unchanged} unchanged, ${report.deleted} deleted`,
    ],
    ['permissions changed', report.rebound],
    ['chunks', report.chunks],
    ['text', bytesText(report.sourceBytes)],
    ['sealed', bytesText(report.sealedBytes)],
    ['signatures', report.signatures],
    ['log size', report.logSize],
    ['hidden text', report.flagged === 0 ? 'none flagged' : `${report.flagged} documents flagged`],
    ['time', `${report.seconds.toFixed(1)} s, ${rate} chunks/s`],
  ];
  return facts(rows);
}

/** A refusal that says what to write into the access file. */
function undecidedText(paths: readonly string[]): string {
  const folders = [...new Set(paths.map(folderGlob))].sort();
  const lines = folders.map(
    (glob) => `  - path: ${JSON.stringify(glob)}\n    allow: []   # name readers`,
  );
  const head = `${styled('yellow', 'ACCESS_UNDECIDED')}  ${paths.length} documents match no rule and were not ingested.`;
  return `${head}\n  Add to \`rules\` of the access file:\n${lines.join('\n')}`;
}

function folderGlob(uri: string): string {
  const slash = uri.indexOf('/');
  return slash < 0 ? uri : `${uri.slice(0, slash)}/**`;
}
