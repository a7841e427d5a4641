// SPDX-License-Identifier: Apache-2.0
// What all commands share: options, the opened vault, errors and exit codes.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { type Alarm, fail, isPrincipal } from '../core/index.ts';
import type { Caller } from '../retrieve/index.ts';
import { homeDirectory } from '../store/index.ts';
import { openVault, type SessionOptions, type Vault } from '../vault/index.ts';
import { type Output, outputTo, type Streams } from './output.ts';

/** The world a command runs in; tests pass their own. */
export interface World extends Streams {
  /** Directory against which paths are meant. */
  readonly cwd: string;
  /** Resolves when a server should end; default: at SIGINT or SIGTERM. */
  readonly interrupted?: () => Promise<void>;
  /** Told the exit code of the command that ran. */
  exit(code: number): void;
}

/** Options that every command has. */
export interface CommonOptions {
  readonly vault: string;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** One run of a command. */
export interface Invocation<O> {
  readonly options: O & CommonOptions;
  readonly arguments: readonly string[];
  readonly output: Output;
  readonly world: World;
  /** STRONGROOM_HOME. */
  readonly home: string;
  /** The vault's directory. */
  readonly vault: string;
  /** Path of the access file: `--access`, STRONGROOM_ACCESS, else beside the vault. */
  readonly accessFile: (named?: string) => string;
  /** How the vault is opened, for what happens outside an opened one. */
  readonly place: () => SessionOptions;
  /** Opens the vault once; it is closed when the command ends. */
  readonly open: () => Promise<Vault>;
}

/** A command of the line. */
export interface CommandSpec<O> {
  /** Name and arguments as commander writes them: `search <query>`. */
  readonly usage: string;
  readonly description: string;
  readonly examples: readonly string[];
  readonly configure?: (command: Command) => void;
  /** Does the work. @returns the exit code; nothing means 0 */
  readonly run: (invocation: Invocation<O>) => Promise<number | undefined> | Promise<void>;
}

/** Adds a command with the common options, help examples and error handling. */
export function addCommand<O>(parent: Command, world: World, spec: CommandSpec<O>): Command {
  const command = parent.command(spec.usage).description(spec.description);
  const place = world.env['STRONGROOM_VAULT'] ?? './vault';
  command.option('--vault <dir>', 'directory of the vault; also STRONGROOM_VAULT', place);
  spec.configure?.(command);
  command
    .option('--json', 'print one JSON value on stdout', false)
    .option('--quiet', 'no narration on stderr', false)
    .addHelpText('after', examplesText(spec.examples));
  command.action(async () => {
    world.exit(await execute(command, world, spec));
  });
  return command;
}

/** A command that holds others, such as `log`. */
export function addGroup(
  parent: Command,
  name: string,
  { description, examples }: Pick<CommandSpec<unknown>, 'description' | 'examples'>,
): Command {
  return parent.command(name).description(description).addHelpText('after', examplesText(examples));
}

/** The end of a help text. */
export function examplesText(examples: readonly string[]): string {
  return `\nExamples:\n${examples.map((line) => `  $ ${line}`).join('\n')}`;
}

/** The person named by `--as`. @throws {USAGE} when there is none */
export function personNamed({ options }: Invocation<{ readonly as?: string }>): string {
  if (options.as === undefined) throw fail('USAGE', 'say on whose behalf: --as NAME');
  if (!isPrincipal(options.as)) throw fail('USAGE', 'the name after --as is no name of a person');
  return options.as;
}

/**
 * On whose behalf a command runs: the person of `--as`, recorded as impersonation, or the bearer of the token in
 * STRONGROOM_TOKEN or STRONGROOM_TOKEN_FILE.
 * @throws {USAGE} when there is neither; {@link TOKEN_INVALID}
 */
export async function callerOf(invocation: Invocation<{ readonly as?: string }>): Promise<Caller> {
  const token = secretFrom(invocation.world.env, 'STRONGROOM_TOKEN');
  if (invocation.options.as !== undefined || token === undefined) {
    return { id: personNamed(invocation), identity: 'impersonated' };
  }
  return (await invocation.open()).identify(token.trim());
}

/** The passphrase of the key ring, which never comes from the command line. */
export function passphraseFrom(env: World['env']): string | undefined {
  return secretFrom(env, 'STRONGROOM_PASSPHRASE');
}

/** A secret from the file that `<name>_FILE` names, else from the variable itself. */
function secretFrom(env: World['env'], name: string): string | undefined {
  const file = env[`${name}_FILE`];
  if (file === undefined) return env[name];
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw fail('USAGE', `${name}_FILE could not be read`, {}, error);
  }
}

async function execute<O>(command: Command, world: World, spec: CommandSpec<O>): Promise<number> {
  const options = command.opts<O & CommonOptions>();
  const output = outputTo(world, options);
  let opened: Promise<Vault> | null = null;
  try {
    const once = (open: () => Promise<Vault>): Promise<Vault> => (opened ??= open());
    const invocation = invocationOf<O>(command, { world, output }, options, once);
    return (await spec.run(invocation)) ?? 0;
  } catch (error) {
    return output.failure(error);
  } finally {
    await (opened as Promise<Vault> | null)?.then(
      (vault) => vault.close(),
      () => undefined,
    );
  }
}

function invocationOf<O>(
  command: Command,
  { world, output }: { readonly world: World; readonly output: Output },
  options: O & CommonOptions,
  once: (open: () => Promise<Vault>) => Promise<Vault>,
): Invocation<O> {
  const home = path.resolve(world.cwd, homeDirectory(world.env));
  const vault = path.resolve(world.cwd, options.vault);
  const onAlarm = (alarm: Alarm): void => output.warn(alarm.code, alarm.message);
  const place = (): SessionOptions => {
    const passphrase = passphraseFrom(world.env);
    return { vault, home, onAlarm, ...(passphrase !== undefined && { passphrase }) };
  };
  return {
    options,
    arguments: command.processedArgs.flat() as string[],
    output,
    world,
    home,
    vault,
    accessFile: (named) => {
      const beside = path.join(path.dirname(vault), 'strongroom.access.yaml');
      return path.resolve(world.cwd, named ?? world.env['STRONGROOM_ACCESS'] ?? beside);
    },
    place,
    open: () => once(() => openVault(place())),
  };
}
