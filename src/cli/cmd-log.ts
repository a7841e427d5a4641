// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { fail, hex } from '../core/index.ts';
import {
  compareHead,
  cosignHead,
  describeEntries,
  type EntryLine,
  exportLog,
} from '../vault/index.ts';
import { addCommand, type Invocation, type World } from './command.ts';
import { indexOf, positive } from './numbers.ts';
import { facts, styled, table } from './output.ts';
import { progressOf } from './progress.ts';

interface EntriesOptions {
  readonly from?: number;
  readonly limit: number;
}

interface FsckCommandOptions {
  readonly repair: boolean;
}

/** `strongroom log head|entries|export` and `strongroom fsck`. */
export function registerLog(program: Command, world: World): void {
  const log = program.command('log').description('the signed, append-only log');
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
      output.data(report, () => `${report.files} files, log size ${report.size}`);
    },
  });
  registerWitnessed(log, world);
  addCommand<FsckCommandOptions>(program, world, {
    usage: 'fsck',
    description: 'replay the log from its first entry and check every object and key against it',
    examples: ['strongroom fsck', 'strongroom fsck --repair'],
    configure: (command) =>
      command.option('--repair', 'remove leftovers of crashes that are older than 48 hours', false),
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
      output.data({ lines }, () => `${lines} lines of witnesses added`);
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
    run: async ({ open, output, arguments: [file = ''], world: { cwd } }) => {
      const note = await readFile(path.resolve(cwd, file)).catch((error: unknown) => {
        throw fail('USAGE', 'the checkpoint could not be read', {}, error);
      });
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
      ['state time', data.stateTime === null ? '-' : new Date(data.stateTime * 1000).toISOString()],
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
        line.time === null ? '-' : new Date(line.time * 1000).toISOString().slice(0, 19),
        line.bytes,
        line.signer.slice(0, 12),
        line.subject.split(':').slice(3).join(' '),
      ]),
    ),
  );
}

async function fsck(invocation: Invocation<FsckCommandOptions>): Promise<number> {
  const vault = await invocation.open();
  const progress = progressOf(invocation, 'checking');
  const onProgress = (done: number, total: number): void => progress.update(done, total);
  const report = await vault.fsck({ repair: invocation.options.repair, onProgress });
  progress.end();
  invocation.output.data(report, () => {
    const { orphans, problems } = report;
    const done = report.repaired ? 'removed' : 'left by a crash, harmless';
    return facts([
      ['log entries', `${report.entries}, ${report.voids.length} void`],
      ['objects', report.objects],
      [
        'leftovers',
        `${orphans.objects} objects, ${orphans.keys} keys${orphans.objects + orphans.keys > 0 ? ` (${done})` : ''}`,
      ],
      ['problems', problems.length === 0 ? styled('green', 'none') : problems.length],
      ...problems.map(
        ({ code, what, where }) => [styled('red', code), `${what}: ${where}`] as const,
      ),
    ]);
  });
  return report.problems.length === 0 ? 0 : 3;
}
