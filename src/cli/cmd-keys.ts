// SPDX-License-Identifier: Apache-2.0
import { Argument, type Command, Option } from 'commander';
import { fail } from '../core/index.ts';
import { type Role, ROLES } from '../provenance/index.ts';
import {
  delegateKey,
  endorseDocuments,
  listKeys,
  planLogKey,
  planRecovery,
  recoverVault,
  revokeKey,
  rewrapKeys,
  rotateBranchKey,
  rotateLogKey,
} from '../vault/index.ts';
import { addCommand, addGroup, type Invocation, type World } from './command.ts';
import { indexOf } from './numbers.ts';
import { count, facts, table } from './text.ts';

interface RevokeOptions {
  readonly fromIndex?: number;
  readonly reason: 'compromised' | 'superseded' | 'retired';
}

/** What the root key signs only when it is told why, and told twice. */
interface RootSignedOptions {
  readonly reason?: string;
  readonly yes: boolean;
}

/** `strongroom keys ...` and `strongroom recover`. */
export function registerKeys(program: Command, world: World): void {
  const keys = addGroup(program, 'keys', {
    description: 'the life of keys: what signs, and what wraps data keys',
    examples: ['strongroom keys list', 'strongroom keys rotate && strongroom keys rewrap'],
  });
  addCommand(keys, world, {
    usage: 'list',
    description: 'signing keys by role, and the versions of the key that wraps data keys',
    examples: ['strongroom keys list'],
    run: list,
  });
  addCommand<RootSignedOptions>(keys, world, {
    usage: 'rotate',
    description: 'make a new wrapping key, or a new log key; documents are not touched',
    examples: [
      'strongroom keys rotate && strongroom keys rewrap',
      'strongroom keys rotate log',
      'strongroom keys rotate log --reason "operator left" --yes',
    ],
    configure: (command) =>
      command
        .addArgument(
          new Argument('[what]', 'which key').choices(['wrapping', 'log']).default('wrapping'),
        )
        .option('--reason <text>', 'log key: why, for everyone who reads the log')
        .option('--yes', 'log key: sign the change; without it the next key is only shown', false),
    run: rotate,
  });
  addCommand<{ readonly forgetOld: boolean }>(keys, world, {
    usage: 'rewrap',
    description: 'wrap every data key under the newest wrapping key',
    examples: ['strongroom keys rewrap', 'strongroom keys rewrap --forget-old'],
    configure: (command) =>
      command.option(
        '--forget-old',
        'forget older versions: older copies of the key table open nothing',
        false,
      ),
    run: async ({ open, output, options }) => {
      const report = await rewrapKeys((await open()).session, options.forgetOld);
      output.data(
        report,
        () =>
          `${count(report.rows, 'key')} rewrapped, ${count(report.forgotten.length, 'version')} forgotten`,
      );
    },
  });
  registerSigning(keys, world);
  registerRecovery(keys, program, world);
}

function registerSigning(keys: Command, world: World): void {
  addCommand(keys, world, {
    usage: 'delegate',
    description: 'make a new signing key for a role',
    examples: ['strongroom keys delegate ingest'],
    configure: (command) =>
      command.addArgument(
        new Argument('<role>', 'role of the key').choices(ROLES.filter((r) => r !== 'root')),
      ),
    run: async ({ open, output, arguments: [role] }) => {
      const keyid = await delegateKey((await open()).session, role as Role);
      output.data({ keyid, role }, () => keyid);
    },
  });
  addCommand<RevokeOptions>(keys, world, {
    usage: 'revoke <keyid>',
    description:
      'end a signing key; with --from-index in the past, what it signed since is distrusted',
    examples: [
      'strongroom keys revoke 3f2a... --reason superseded',
      'strongroom keys revoke 3f2a... --reason compromised --from-index 812',
    ],
    configure: (command) =>
      command
        .option(
          '--from-index <n>',
          'log index from which it does not count (default: now)',
          indexOf,
        )
        .addOption(
          new Option('--reason <reason>')
            .choices(['compromised', 'superseded', 'retired'])
            .default('retired'),
        ),
    run: revoke,
  });
}

function registerRecovery(keys: Command, program: Command, world: World): void {
  addCommand(keys, world, {
    usage: 'endorse [documents...]',
    description: 'vouch by the root key for documents that a revoked key had signed (default: all)',
    examples: ['strongroom keys endorse', 'strongroom keys endorse handbook/leave.md'],
    run: async ({ open, output, arguments: names }) => {
      const vault = await open();
      const ids = await Promise.all(names.map(async (name) => (await vault.describe(name)).docId));
      const report = await endorseDocuments(vault.session, ids.length === 0 ? undefined : ids);
      output.data(report, () =>
        facts([
          ['endorsed', report.endorsed],
          ['still distrusted', report.failed.length],
        ]),
      );
      return report.failed.length === 0 ? 0 : 3;
    },
  });
  addCommand<RootSignedOptions>(program, world, {
    usage: 'recover',
    description: 'go on from an older copy of the vault, after the newest state was lost for good',
    examples: ['strongroom recover', 'strongroom recover --reason "disk lost" --yes'],
    configure: (command) =>
      command
        .option('--reason <text>', 'why, for everyone who reads the log')
        .option('--yes', 'sign the recovery; without it the two heads are only shown', false),
    run: recover,
  });
}

async function recover(invocation: Invocation<RootSignedOptions>): Promise<number> {
  const { options, output, place } = invocation;
  const { yes } = options;
  const reason = reasonOf(options);
  const heads = yes ? await recoverVault(place(), reason) : await planRecovery(place());
  output.data({ ...heads, recovered: yes }, () =>
    facts([
      ['seen before', `${heads.old.size} entries, root ${heads.old.root.slice(0, 16)}...`],
      [
        yes ? 'gone back to' : 'the store shows',
        `${heads.new.size} entries, root ${heads.new.root.slice(0, 16)}...`,
      ],
      ['lost', `everything acknowledged in the last ${heads.old.size - heads.new.size} entries`],
    ]),
  );
  if (!yes)
    output.note('restore a newer copy if there is one; else run again with --reason and --yes');
  return yes ? 0 : 1;
}

/** @throws {USAGE} when something is to be signed and nothing is said of why */
function reasonOf({ reason = '', yes }: RootSignedOptions): string {
  if (yes && reason === '') throw fail('USAGE', 'say why: --reason');
  return reason;
}

async function rotate({
  open,
  output,
  options,
  arguments: [what],
}: Invocation<RootSignedOptions>): Promise<number> {
  if (what !== 'log') {
    const version = await rotateBranchKey((await open()).session);
    output.data({ version }, () => `new data keys are wrapped under ${version}`);
    return 0;
  }
  const reason = reasonOf(options);
  const { session } = await open();
  const { yes } = options;
  const rotation = yes ? await rotateLogKey(session, reason) : await planLogKey(session);
  output.data({ ...rotation, rotated: yes }, () =>
    facts([
      ['up to', `${rotation.head.size} entries, root ${rotation.head.root.slice(0, 16)}...`],
      [yes ? 'former log key' : 'log key', rotation.from],
      [yes ? 'log key' : 'next log key', rotation.to],
    ]),
  );
  output.note(
    yes
      ? 'Readers that hold the root key follow by themselves. Give the trust file anew to whoever verifies receipts made before: strongroom trust export'
      : 'If witnesses vouch for this log, let them know the next key first: strongroom witness rekey VKEY. Then run again with --reason and --yes.',
  );
  return yes ? 0 : 1;
}

async function list({ open, output }: Invocation<unknown>): Promise<void> {
  const overview = await listKeys((await open()).session);
  output.data(overview, () => {
    const signing = overview.signing.map((key) => [
      key.role,
      key.keyid.slice(0, 16),
      key.firstIndex,
      key.endIndex ?? 'live',
      key.reason ?? '',
      key.held ? 'here' : 'elsewhere',
    ]);
    const branches = overview.branches.map(({ version, rows }, i) => [
      version,
      rows,
      i === overview.branches.length - 1 ? 'wraps new keys' : '',
    ]);
    return `${table(['role', 'key', 'from', 'until', 'reason', 'held'], signing)}\n\n${table(['wrapping key', 'data keys', ''], branches)}`;
  });
}

async function revoke({
  open,
  output,
  options,
  arguments: [given = ''],
}: Invocation<RevokeOptions>): Promise<void> {
  const { session } = await open();
  const matching = [...session.ledger.view.state.keys.keys()].filter((keyid) =>
    keyid.startsWith(given),
  );
  const [keyid] = matching;
  if (keyid === undefined) throw fail('USAGE', 'no key has an id that begins so: keys list');
  if (matching.length > 1) throw fail('USAGE', 'several keys have an id that begins so');
  const report = await revokeKey(session, keyid, options.reason, options.fromIndex);
  output.data({ keyid, ...report }, () =>
    facts([
      ['revoked', keyid],
      ['from entry', report.fromIndex],
      ['distrusted documents', report.distrusted],
    ]),
  );
}
