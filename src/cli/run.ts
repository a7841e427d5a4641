// SPDX-License-Identifier: Apache-2.0
import { Command, CommanderError, Help, type Option } from 'commander';
import { fail } from '../core/index.ts';
import { registerAccess } from './cmd-access.ts';
import { registerDoctor } from './cmd-doctor.ts';
import { registerDocuments } from './cmd-documents.ts';
import { registerIam } from './cmd-iam.ts';
import { registerIngest } from './cmd-ingest.ts';
import { registerInit } from './cmd-init.ts';
import { registerKeys } from './cmd-keys.ts';
import { registerLog } from './cmd-log.ts';
import { registerSearch } from './cmd-search.ts';
import { registerPolicy } from './cmd-policy.ts';
import { registerTrust } from './cmd-trust.ts';
import { registerUpgrade } from './cmd-upgrade.ts';
import { registerVerify } from './cmd-verify.ts';
import { registerWitness } from './cmd-witness.ts';
import { registerWorker } from './cmd-worker.ts';
import { examplesText, type World } from './command.ts';
import { reportError } from './output.ts';

const ABOUT = `Strongroom: retrieval in which every passage is proven.

Exit codes: 0 ok, 1 failure, 2 usage, 3 integrity, 4 access denied.
Keys and trust live in STRONGROOM_HOME, never in the vault.
A passphrase comes from STRONGROOM_PASSPHRASE or STRONGROOM_PASSPHRASE_FILE.`;

const FIRST_STEPS = [
  'strongroom init',
  'strongroom ingest ./handbook',
  'strongroom search "how do I take leave" --as alice',
  'strongroom doctor',
];

/** Runs one command line. @returns the exit code */
export async function runCli(argv: readonly string[], world: Omit<World, 'exit'>): Promise<number> {
  let code = 0;
  const program = new Command('strongroom');
  const exit = (value: number): void => {
    code = value;
  };
  program.description(ABOUT).version(VERSION).addHelpText('after', examplesText(FIRST_STEPS));
  register(program, { ...world, exit });
  strict(program, world);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    // Commander has told people what is wrong; programs that asked for JSON get it on stdout too.
    const problem = fail('USAGE', error.message.replace(/^error: /, ''), {}, error);
    if (!argv.includes('--json')) return 2;
    return reportError(problem, { ...world, stderr: NOBODY }, { json: true });
  }
}

const NOBODY = { write: () => undefined };

/** The version that the package carries; a test compares them. */
export const VERSION = '0.1.0';

function register(program: Command, world: World): void {
  program.commandsGroup('Main job:');
  registerInit(program, world);
  registerIngest(program, world);
  registerWorker(program, world);
  registerSearch(program, world);
  registerVerify(program, world);
  registerUpgrade(program, world);
  program.commandsGroup('Documents and permissions:');
  registerDocuments(program, world);
  registerAccess(program, world);
  program.commandsGroup('Log, keys and trust:');
  registerLog(program, world);
  registerKeys(program, world);
  registerTrust(program, world);
  registerPolicy(program, world);
  registerWitness(program, world);
  registerDoctor(program, world);
  registerIam(program, world);
}

/** Every command writes to the given streams and throws instead of ending the process. */
function strict(command: Command, world: Omit<World, 'exit'>): void {
  command
    .exitOverride()
    .showSuggestionAfterError(true)
    .showHelpAfterError('(--help shows options and examples)')
    .configureHelp({ optionDescription })
    .configureOutput({
      writeOut: (text) => world.stdout.write(text),
      writeErr: (text) => world.stderr.write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  for (const child of command.commands) strict(child, world);
}

/** That a switch is off unless it is given goes without saying. */
function optionDescription(this: Help, option: Option): string {
  if (option.defaultValue === false) return option.description;
  return Help.prototype.optionDescription.call(this, option);
}
