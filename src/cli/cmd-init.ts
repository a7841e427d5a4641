// SPDX-License-Identifier: Apache-2.0
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { parseAccessFile } from '../access/index.ts';
import { fail, fromUtf8, isPrincipal } from '../core/index.ts';
import { readIfPresent } from '../keys/index.ts';
import {
  createVault,
  type CreateOptions,
  isVault,
  parseHome,
  parseSettings,
} from '../vault/index.ts';
import { addCommand, type Invocation, passphraseFrom, type World } from './command.ts';
import { readNamed } from './files.ts';
import { facts } from './text.ts';
import { accessTemplate, ownName } from './templates.ts';

interface InitOptions {
  readonly owner?: string;
  readonly refuse: boolean;
  readonly access?: string;
  readonly tenant: string;
  readonly home?: string;
  readonly services?: string;
}

/** `strongroom init`. */
export function registerInit(program: Command, world: World): void {
  addCommand<InitOptions>(program, world, {
    usage: 'init',
    description: 'found a vault: keys in the home directory, an access file beside the vault',
    examples: [
      'strongroom init',
      'strongroom init --vault /srv/docs --refuse --access /etc/strongroom/access.yaml',
      'STRONGROOM_PASSPHRASE=... strongroom init        # lock the key ring by a passphrase',
      'strongroom init --home home.json                 # objects, keys and locks in S3 buckets',
    ],
    configure: (command) =>
      command
        .option('--owner <name>', 'owner of documents that no rule names (default: your user name)')
        .option('--refuse', 'refuse documents that no rule names: the default for servers', false)
        .option(
          '--access <file>',
          'access file to use, or to write when it does not exist; name it to later commands, too',
        )
        .option('--tenant <id>', 'opaque tenant id', 'default')
        .option('--home <file>', 'JSON that names the buckets of a vault for many machines')
        .option('--services <file>', 'JSON that names model, allowed models and network'),
    run: init,
  });
}

async function init(invocation: Invocation<InitOptions>): Promise<void> {
  const { options, output, vault, home, world } = invocation;
  const owner = options.owner ?? ownName();
  if (!isPrincipal(owner)) throw fail('USAGE', 'the owner is not a usable name');
  if (await isVault(vault))
    throw fail('VAULT_EXISTS', 'there is a vault in this directory already');
  const file = invocation.accessFile(options.access);
  const present = await readIfPresent(file);
  const text =
    present === null
      ? accessTemplate(owner, options.refuse ? 'refuse' : 'owner')
      : fromUtf8(present);
  const access = parseAccessFile(text);
  const passphrase = passphraseFrom(world.env);
  const services = await namedServices(invocation);
  const create = (): Promise<{ vaultId: string }> =>
    createVault({
      vault,
      home,
      tenantId: options.tenant,
      access,
      ...(passphrase !== undefined && { passphrase }),
      ...services,
    });
  const { vaultId } = await (present === null ? withAccessFile(file, text, create) : create());
  const locked = passphrase !== undefined;
  const accessFileWritten = present === null;
  const made = { vaultId, vault, home, accessFile: file, accessFileWritten, locked };
  output.data(made, () =>
    facts([
      ['vault', vault],
      ['vault id', vaultId],
      ['keys and trust', home],
      ['key ring', locked ? 'locked by a passphrase' : 'unlocked: its key file lies beside it'],
      ['access file', `${file}${accessFileWritten ? '  (written)' : ''}`],
    ]),
  );
  output.note(nextSteps(invocation, file, access.owner));
}

/** What to do with a new vault. */
function nextSteps(
  { vault, home, world, accessFile }: Invocation<InitOptions>,
  file: string,
  owner: string | null,
): string {
  const named = path.relative(world.cwd, vault);
  const option = named === 'vault' ? '' : ` --vault ${named.startsWith('..') ? vault : named}`;
  // A vault is hostile, so it must not say where the rules stand.
  const rules = file === accessFile() ? '' : ` --access ${file}`;
  return (
    `\nKeep a copy of ${home}: without its keys nobody opens the vault.\n` +
    `Next: strongroom ingest FOLDER${option}${rules}\n` +
    `      strongroom search "a question" --as ${owner}${option}\n` +
    (rules === ''
      ? ''
      : '      The vault does not remember the access file: name it each time, or set STRONGROOM_ACCESS.\n') +
    `      strongroom status${option}   # tiers of embedding: this vault begins with the static table`
  );
}

/** What the named files say of services. @throws {CONFIG_INVALID} */
async function namedServices(
  invocation: Invocation<InitOptions>,
): Promise<Pick<CreateOptions, 'services' | 'settings'>> {
  const { home, services } = invocation.options;
  const read = (file: string, what: string): Promise<Uint8Array> =>
    readNamed(invocation, file, what);
  return {
    ...(home !== undefined && { services: parseHome(await read(home, 'description of the home')) }),
    ...(services !== undefined && {
      settings: parseSettings(await read(services, 'description of services')),
    }),
  };
}

/** The access file comes first: a vault without one would refuse everything. It goes again when no vault is made. */
async function withAccessFile<T>(file: string, text: string, work: () => Promise<T>): Promise<T> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw fail('STORE_FAILED', 'the access file could not be written', {}, error);
  }
  try {
    return await work();
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}
