// SPDX-License-Identifier: Apache-2.0
import path from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { hex } from '../core/index.ts';
import type { AuditHead } from '../store/index.ts';
import {
  compareHead,
  cosignHead,
  describeEntries,
  type EntryLine,
  exportLog,
} from '../vault/index.ts';
import { addCommand, addGroup, type Invocation, type World } from './command.ts';
import { readNamed } from './files.ts';
import { indexOf, positive } from './numbers.ts';
import { withProgress } from './progress.ts';
import { count, facts, table, timeText } from './text.ts';

interface EntriesOptions {
  readonly from?: number;
  readonly limit: number;
}

interface FsckCommandOptions {
  readonly repair: boolean;
  readonly auditHead?: AuditHead;
}

/** `strongroom log head|entries|export` and `strongroom fsck`. */
export function registerLog(program: Command, world: World): void {
  const log = addGroup(program, 'log', {
    description: 'the signed, append-only log',
    examples: ['strongroom log head', 'strongroom log entries --limit 50'],
  });
  addCommand(log, world, {
    usage: 'head',
    description: 'the newest signed head that this machine has verified',
    examples: ['strongroom log head', 'strongroom log head --json'],
    run: head,
  });
  addCommand<EntriesOptions>(log, world, {
    usage: 'entries',
    description: 'entries of the log, each proven into the head',
    examples: ['strongroom log entries', 'strongroom log entries --from 0 --limit 100 --json'],
    configure: (command) =>
      command
        .option('--from <index>', 'first entry (default: the newest ones)', indexOf)
        .option('--limit <n>', 'how many', positive, 20),
    run: entries,
  });
  addCommand(log, world, {
    usage: 'export <directory>',
    description: 'copy the log in the public tile layout, for independent verifiers',
    examples: ['strongroom log export ./log-copy'],
    run: async ({ open, arguments: [directory = ''], output, world: { cwd } }) => {
      const vault = await open();
      const report = await exportLog(vault.session, path.resolve(cwd, directory));
      output.data(report, () => `${count(report.files, 'file')}, log of ${report.size} entries`);
    },
  });
  registerWitnessed(log, world);
  registerFsck(program, world);
}

function registerFsck(program: Command, world: World): void {
  addCommand<FsckCommandOptions>(program, world, {
    usage: 'fsck',
    description: 'replay the log from its first entry and check every object and key against it',
    examples: [
      'strongroom fsck',
      'strongroom fsck --repair',
      'strongroom fsck --audit-head 812:9c1f...   # as an earlier run told it',
    ],
    configure: (command) =>
      command
        .option('--repair', 'remove leftovers of crashes that are older than 48 hours', false)
        .option(
          '--audit-head <size:hash>',
          'an end that the audit trail must still hold',
          auditHead,
        ),
    run: fsck,
  });
}

function registerWitnessed(log: Command, world: World): void {
  addCommand(log, world, {
    usage: 'cosign',
    description: 'have the present head cosigned by the witnesses of strongroom.json',
    examples: ['strongroom log cosign'],
    run: async ({ open, output }) => {
      const lines = await cosignHead((await open()).session);
      output.data({ lines }, () => `${count(lines, 'line')} of witnesses added`);
    },
  });
  addCommand(log, world, {
    usage: 'compare <checkpoint>',
    description:
      'compare a checkpoint that somebody else has seen with the log as it is shown here',
    examples: [
      'strongroom log head --json | jq -r .checkpoint > mine',
      'strongroom log compare theirs',
    ],
    run: async (invocation) => {
      const { open, output } = invocation;
      const note = await readNamed(invocation, invocation.arguments[0] ?? '', 'checkpoint');
      const found = await compareHead((await open()).session, note);
      output.data(found, () =>
        facts([
          ['theirs', `${found.theirs} entries`],
          ['ours', `${found.ours} entries`],
          ['history', found.relation === 'same' ? 'the same head' : 'the same, theirs is earlier'],
        ]),
      );
    },
  });
}

async function head({ open, output }: Invocation<unknown>): Promise<void> {
  const vault = await open();
  const { head: at, view, trust } = vault.session.ledger;
  const data = {
    origin: at.origin,
    size: at.size,
    root: hex(at.root),
    stateTime: view.state.last?.time ?? null,
    vkey: trust.file.logVkey,
    checkpoint: at.note,
  };
  output.data(data, () =>
    facts([
      ['log', data.origin],
      ['size', data.size],
      ['root', data.root],
      ['state time', data.stateTime === null ? '-' : timeText(data.stateTime)],
      ['log key', data.vkey],
    ]),
  );
}

async function entries({ open, options, output }: Invocation<EntriesOptions>): Promise<void> {
  const vault = await open();
  const { size } = vault.session.ledger.head;
  const from = options.from ?? Math.max(0, size - options.limit);
  const lines: EntryLine[] = [];
  for await (const line of describeEntries(vault.session, from, from + options.limit))
    lines.push(line);
  output.data(lines, () =>
    table(
      ['index', 'kind', 'time', 'bytes', 'signer', 'subject'],
      lines.map((line) => [
        line.index,
        line.kind,
        line.time === null ? '-' : timeText(line.time),
        line.bytes,
        line.signer.slice(0, 12),
        line.subject.split(':').slice(3).join(' '),
      ]),
    ),
  );
}

/** Parses `<events>:<hash of the last one>`. */
function auditHead(text: string): AuditHead {
  const [, size = '', hash = ''] = /^([0-9]{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (hash === '') throw new InvalidArgumentError('must be as fsck told it');
  return { size: Number(size), hash };
}

async function fsck(invocation: Invocation<FsckCommandOptions>): Promise<number> {
  const vault = await invocation.open();
  const { repair, auditHead: kept } = invocation.options;
  const report = await withProgress(invocation, 'checking', (onProgress) =>
    vault.fsck({ repair, onProgress, ...(kept !== undefined && { auditHead: kept }) }),
  );
  const { size, hash } = vault.session.context.trail.head();
  invocation.output.data({ ...report, auditHead: `${size}:${hash}` }, (paint) => {
    const { orphans, problems } = report;
    const done = report.repaired ? 'removed' : 'left by a crash, harmless';
    return facts([
      ['log entries', `${report.entries}, ${report.voids.length} void`],
      ['objects', report.objects],
      [
        'leftovers',
        `${count(orphans.objects, 'object')}, ${count(orphans.keys, 'key')}${orphans.objects + orphans.keys > 0 ? ` (${done})` : ''}`,
      ],
      ['audit head', `${size}:${hash}  (keep it elsewhere: --audit-head)`],
      ['problems', problems.length === 0 ? paint('green', 'none') : problems.length],
      ...problems.map(
        ({ code, what, where }) => [paint('red', code), `${what}: ${where}`] as const,
      ),
    ]);
  });
  return report.problems.length === 0 ? 0 : 3;
}
