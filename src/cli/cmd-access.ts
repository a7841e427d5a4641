// SPDX-License-Identifier: Apache-2.0
import { type Command, InvalidArgumentError } from 'commander';
import { parseAccessFile, withPerson, withRule } from '../access/index.ts';
import { fail, utf8 } from '../core/index.ts';
import { writePrivateFile } from '../keys/index.ts';
import { ACTIONS, type DirectoryRecord } from '../access/index.ts';
import { type PermissionReport, readAccessText } from '../vault/index.ts';
import { addCommand, addGroup, type Invocation, type World } from './command.ts';
import { count, facts, table } from './text.ts';

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

/** `strongroom access set|people|apply`. */
export function registerAccess(program: Command, world: World): void {
  const access = addGroup(program, 'access', {
    description: 'people, groups and permissions; nothing is embedded again',
    examples: [
      'strongroom access people',
      'strongroom access set "people/**" --allow people-ops',
      'strongroom access apply',
    ],
  });
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
    description: 'show people, or change one and publish the new directory',
    examples: [
      'strongroom access people bob',
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
      return announce(invocation, report);
    },
  });
}

async function setRule(invocation: Invocation<SetOptions>): Promise<number> {
  const { options } = invocation;
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
  return announce(invocation, report);
}

async function people(invocation: Invocation<PeopleOptions>): Promise<number> {
  const { options } = invocation;
  const [name] = invocation.arguments;
  const { groups, clearance, actions, remove } = options;
  const isChange =
    remove || groups !== undefined || clearance !== undefined || actions !== undefined;
  if (name === undefined && isChange) throw fail('USAGE', 'name the person to change');
  const vault = await invocation.open();
  if (name === undefined || !isChange) {
    showPeople(invocation, vault.session.access.directory.records, name);
    return 0;
  }
  const text = withPerson(await readText(invocation), name, {
    remove,
    ...(groups && { groups }),
    ...(clearance !== undefined && { clearance }),
    ...(actions && { actions: actions.includes('all') ? ('all' as const) : actions }),
  });
  const report = await vault.setAccess(parseAccessFile(text));
  await writeText(invocation, text);
  return announce(invocation, report);
}

/** The signed directory, or one person of it. */
function showPeople(
  { output }: Invocation<unknown>,
  records: readonly DirectoryRecord[],
  name: string | undefined,
): void {
  const shown = name === undefined ? records : records.filter(({ p }) => p === name);
  if (name !== undefined && shown.length === 0) {
    const how = '--clearance 0 adds one with the least rights';
    throw fail('USAGE', `the directory holds nobody of this name; ${how}`);
  }
  output.data(shown, () =>
    table(
      ['person', 'clearance', 'groups', 'actions'],
      shown.map(({ p, groups, clearance, actions }) => [
        p,
        clearance,
        groups.join(' ') || '-',
        actions.length === ACTIONS.length ? 'all' : actions.join(' '),
      ]),
    ),
  );
}

/** The access file changes last: when publishing fails, it still says what is in force. */
async function writeText(invocation: Invocation<AccessOption>, text: string): Promise<void> {
  await writePrivateFile(invocation.accessFile(invocation.options.access), utf8(text));
}

function readText(invocation: Invocation<AccessOption>): Promise<string> {
  return readAccessText(invocation.accessFile(invocation.options.access));
}

/** @returns the exit code: a document that keeps its class because its object is withheld is no success */
function announce({ output }: Invocation<unknown>, report: PermissionReport): number {
  output.data(report, () =>
    facts([
      ['directory', report.people ? 'new epoch signed' : 'unchanged'],
      ['documents', `${report.documents} looked at, ${report.changed} changed`],
    ]),
  );
  const { undecided, unproven } = report;
  if (undecided.length > 0) {
    const what = `${count(undecided.length, 'document')} of no rule: class kept as it was`;
    output.warn('ACCESS_UNDECIDED', what);
  }
  if (unproven.length === 0) return 0;
  const what = `${count(unproven.length, 'document')} without proof: class kept as it was`;
  output.warn('INTEGRITY', `${what}: ${unproven.join(' ')}`);
  return 3;
}

function level(text: string): number {
  const value = Number(text);
  if (!/^[0-9]$/.test(text)) throw new InvalidArgumentError('must be 0 to 9');
  return value;
}
