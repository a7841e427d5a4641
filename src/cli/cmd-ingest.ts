// SPDX-License-Identifier: Apache-2.0
import path from 'node:path';
import type { Command } from 'commander';
import { fail } from '../core/index.ts';
import type { DocumentSource } from '../ingest/index.ts';
import { readAccessFile, type VaultIngestReport } from '../vault/index.ts';
import { openDocuments } from './buckets.ts';
import { addCommand, type Invocation, type World } from './command.ts';
import { withProgress } from './progress.ts';
import { bytesText, count, facts, visible } from './text.ts';

interface IngestCommandOptions {
  readonly access?: string;
  readonly prune: boolean;
  readonly dryRun: boolean;
  readonly include?: string[];
  readonly exclude?: string[];
  readonly namespace?: string;
  readonly region?: string;
  readonly endpoint?: string;
  readonly catalogue?: string;
}

/** `strongroom ingest`. */
export function registerIngest(program: Command, world: World): void {
  addCommand<IngestCommandOptions>(program, world, {
    usage: 'ingest <paths...>',
    description:
      'sign, seal and index files, folders or s3:// prefixes; unchanged files are skipped',
    examples: [
      'strongroom ingest ./handbook',
      'strongroom ingest ./docs --include "**/*.md" --exclude "drafts/**" --prune',
      'strongroom ingest ./docs --dry-run --json',
      'strongroom ingest s3://acme-handbook/public/ --region eu-central-1',
    ],
    configure: (command) =>
      command
        .option('--access <file>', 'access file (default: strongroom.access.yaml beside the vault)')
        .option('--prune', 'delete documents of these folders that are no longer there', false)
        .option('--dry-run', 'show what would happen, write nothing', false)
        .option(
          '--include <glob>',
          'take only paths that match; may be given several times',
          collect,
        )
        .option(
          '--exclude <glob>',
          'leave out paths that match; may be given several times',
          collect,
        )
        .option('--namespace <id>', 'source namespace of the documents (default: files or s3)')
        .option('--catalogue <file>', 'LF-tags that restrict documents (docs/cloud.md)')
        .option('--region <name>', 'Region of the buckets; default: of the environment')
        .option('--endpoint <url>', 'address of a stand-in for S3'),
    run: ingest,
  });
}

async function ingest(invocation: Invocation<IngestCommandOptions>): Promise<number> {
  const { options, output } = invocation;
  const access = await readAccessFile(invocation.accessFile(options.access));
  const vault = await invocation.open();
  const { from, close } = await sourceOf(invocation);
  const report = await withProgress(invocation, 'ingesting', (progress) =>
    vault.ingest(from, {
      access,
      prune: options.prune,
      dryRun: options.dryRun,
      ...(options.namespace !== undefined && { namespace: options.namespace }),
      ...(options.include && { include: options.include }),
      ...(options.exclude && { exclude: options.exclude }),
      onProgress: ({ done, total, chunks }) => progress(done, total, `${chunks} chunks`),
    }),
  ).finally(close);
  output.data(report, () => ingestTable(report, options.dryRun));
  for (const failure of report.failures.slice(0, 20)) {
    output.warn(failure.code, `${visible(failure.uri)}: ${failure.message}`);
  }
  if (report.failures.length > 20) {
    output.note(`... and ${report.failures.length - 20} more; --json lists all`);
  }
  if (report.undecided.length > 0) output.warn('ACCESS_UNDECIDED', undecidedText(report.undecided));
  return report.failures.length > 0 || report.undecided.length > 0 ? 1 : 0;
}

/** What the arguments name: paths of this machine, or prefixes of buckets. */
async function sourceOf(invocation: Invocation<IngestCommandOptions>): Promise<{
  readonly from: readonly string[] | DocumentSource;
  readonly close: () => void;
}> {
  const { world } = invocation;
  const given = invocation.arguments;
  const remote = given.filter((one) => one.startsWith('s3://'));
  if (remote.length === 0) {
    const paths = given.map((one) => path.resolve(world.cwd, one));
    return { from: paths, close: () => undefined };
  }
  if (remote.length < given.length) throw fail('USAGE', 'name either paths or s3:// addresses');
  // The SDK is loaded for those alone who name a bucket.
  const { s3Source } = await import('../aws/index.ts');
  const documents = await openDocuments(invocation);
  return { from: s3Source(remote, documents), close: () => documents.close() };
}

/** The closing table of an ingestion. */
export function ingestTable(report: VaultIngestReport, dryRun: boolean): string {
  const { skipped } = report;
  const rate = report.seconds > 0 ? Math.round(report.chunks / report.seconds) : 0;
  const left = Object.entries(skipped).filter(([, n]) => n > 0);
  const passed = left.map(([why, n]) => `${n} ${why}`).join(', ');
  const would = dryRun ? 'would be ' : '';
  const rows: [string, string | number][] = [
    [
      'files',
      `${report.files} found, ${report.failures.length} failed; passed over: ${passed || 'none'}`,
    ],
    [
      'documents',
      `${would}${report.added} new, ${report.updated} changed, ${report.unchanged} unchanged, ${report.deleted} deleted`,
    ],
    ['permissions changed', report.rebound],
    ['chunks', report.chunks],
    ['text', bytesText(report.sourceBytes)],
  ];
  if (!dryRun) {
    rows.push(
      ['sealed', bytesText(report.sealedBytes)],
      ['signatures', report.signatures],
      ['log size', report.logSize],
    );
  }
  return facts([
    ...rows,
    ['hidden text', hiddenText(report)],
    ['time', `${report.seconds.toFixed(1)} s, ${rate} chunks/s`],
  ]);
}

function hiddenText({ flagged, findings }: VaultIngestReport): string {
  const kinds = Object.entries(findings).map(([kind, n]) => `${kind} in ${n}`);
  return `${flagged === 0 ? 'none' : count(flagged, 'document')} flagged${kinds.length === 0 ? '' : `; found: ${kinds.join(', ')}`}`;
}

function collect(glob: string, before: string[] | undefined): string[] {
  return [...(before ?? []), glob];
}

/** A refusal that says what to write into the access file. */
function undecidedText(paths: readonly string[]): string {
  const folders = [...new Set(paths.map(folderGlob))].sort();
  const lines = folders.map(
    (glob) => `  - path: ${JSON.stringify(glob)}\n    allow: []   # name people or groups`,
  );
  const head = `${count(paths.length, 'document')} of no rule: not ingested.`;
  return `${head}\n  Add to \`rules\` of the access file:\n${lines.join('\n')}`;
}

function folderGlob(uri: string): string {
  const slash = uri.indexOf('/');
  return slash < 0 ? uri : `${uri.slice(0, slash)}/**`;
}
