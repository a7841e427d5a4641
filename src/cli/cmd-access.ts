// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { parseAccessFile, withPerson, withRule } from '../access/index.ts';
import { fail, fromUtf8, utf8 } from '../core/index.ts';
import { writePrivateFile } from '../keys/index.ts';
import type { PermissionReport } from '../vault/index.ts';
import { addCommand, type Invocation, type World } from './command.ts';
import { facts, styled, table } from './output.ts';

interface AccessOption {
  readonly access?: string;
}

interface SetOptions extends AccessOption {
  readonly allow?: string[];
  readonly deny?: string[];
  readonly classification?: number;
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly expires?: string;
}

interface PeopleOptions extends AccessOption {
  readonly groups?: string[];
  readonly clearance?: number;
  readonly actions?: string[];
  readonly remove: boolean;
}

/** `strongroom access set|people|apply|show`. */
export function registerAccess(program: Command, world: World): void {
  const access = program
    .command('access')
    .description('people, groups and permissions; nothing is embedded again');
  const file = (command: Command): Command =>
    command.option(
      '--access <file>',
      'access file (default: strongroom.access.yaml beside the vault)',
    );
  addCommand<SetOptions>(access, world, {
    usage: 'set <glob>',
    description: 'put a rule before all others into the access file and apply it',
    examples: [
      'strongroom access set "people/**" --allow people-ops --deny dan --classification 2',
      'strongroom access set "news/**" --allow everyone',
    ],
    configure: (command) =>
      file(command)
        .option('--allow <names...>', 'people and groups that may read')
        .option('--deny <names...>', 'people and groups that may not, whatever allows them')
        .option('--classification <n>', 'clearance that readers need, 0..9', level)
        .option('--not-before <time>', 'no access before (ISO date or time)')
        .option('--not-after <time>', 'no access from then on, in whole hours')
        .option('--expires <time>', 'exact end of the documents'),
    run: setRule,
  });
  registerPeople(access, world, file);
}

function registerPeople(access: Command, world: World, file: (command: Command) => Command): void {
  addCommand<PeopleOptions>(access, world, {
    usage: 'people [name]',
    description: 'list people, or change one and publish the new directory',
    examples: [
      'strongroom access people',
      'strongroom access people bob --groups engineering --clearance 2',
      'strongroom access people bob --remove',
    ],
    configure: (command) =>
      file(command)
        .option('--groups <names...>', 'exactly these direct memberships')
        .option('--clearance <n>', '0..9', level)
        .option('--actions <names...>', 'allowed actions, or all')
        .option('--remove', 'take the person out', false),
    run: people,
  });
  addCommand<AccessOption>(access, world, {
    usage: 'apply',
    description: 'bring the whole vault in line with the access file',
    examples: ['strongroom access apply'],
    configure: file,
    run: async (invocation) => {
      const text = await readText(invocation);
      const report = await (await invocation.open()).setAccess(parseAccessFile(text));
      invocation.output.data(report, () => reportText(report));
    },
  });
}

async function setRule(invocation: Invocation<SetOptions>): Promise<void> {
  const { options, output } = invocation;
  const [path = ''] = invocation.arguments;
  const { allow, deny, classification, notBefore, notAfter, expires } = options;
  const fields = { allow, deny, classification, notBefore, notAfter, expires };
  const given = Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  );
  if (Object.keys(given).length === 0) throw fail('USAGE', 'say what to set: --allow, --deny, ...');
  const text = withRule(await readText(invocation), { path, ...given });
  const vault = await invocation.open();
  const report = await vault.setAccess(parseAccessFile(text), path);
  await writeText(invocation, text);
  output.data(report, () => reportText(report));
}

async function people(invocation: Invocation<PeopleOptions>): Promise<void> {
  const { options, output } = invocation;
  const [name] = invocation.arguments;
  const vault = await invocation.open();
  if (name === undefined) {
    const { records } = vault.session.access.directory;
    output.data(records, () =>
      table(
        ['person', 'groups', 'clearance', 'actions'],
        records.map(({ p, groups, clearance, actions }) => [
          p,
          groups.join(' '),
          clearance,
          actions.join(' '),
        ]),
      ),
    );
    return;
  }
  const { groups, clearance, actions, remove } = options;
  const text = withPerson(await readText(invocation), name, {
    remove,
    ...(groups && { groups }),
    ...(clearance !== undefined && { clearance }),
    ...(actions && { actions: actions.includes('all') ? ('all' as const) : actions }),
  });
  const report = await vault.setAccess(parseAccessFile(text));
  await writeText(invocation, text);
  output.data(report, () => reportText(report));
}

/** The access file changes last: when publishing fails, it still says what is in force. */
async function writeText(invocation: Invocation<AccessOption>, text: string): Promise<void> {
  await writePrivateFile(invocation.accessFile(invocation.options.access), utf8(text));
}

async function readText(invocation: Invocation<AccessOption>): Promise<string> {
  const file = invocation.accessFile(invocation.options.access);
  const bytes = await readFile(file).catch((error: unknown) => {
    throw fail('ACCESS_INVALID', 'the access file could not be read', {}, error);
  });
  return fromUtf8(bytes);
}

function reportText(report: PermissionReport): string {
  const text = facts([
    ['directory', report.people ? 'new epoch signed' : 'unchanged'],
    ['documents', report.documents],
    ['changed', report.changed],
  ]);
  if (report.undecided.length === 0) return text;
  return `${text}\n${styled('yellow', 'ACCESS_UNDECIDED')}  ${report.undecided.length} documents match no rule and keep their class`;
}

function level(text: string): number {
  const value = Number(text);
  if (!/^[0-9]$/.test(text)) throw new InvalidArgumentError('must be 0 to 9');
  return value;
}
