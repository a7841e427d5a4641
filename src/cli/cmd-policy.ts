// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { fail } from '../core/index.ts';
import { setPolicy, signedPolicy } from '../vault/index.ts';
import { addCommand, type World } from './command.ts';

/** `strongroom policy show|set`. */
export function registerPolicy(program: Command, world: World): void {
  const policy = program
    .command('policy')
    .description('the signed policy: default rule, issuers, witnesses, freshness');
  addCommand(policy, world, {
    usage: 'show',
    description: 'the policy as the root key signed it',
    examples: ['strongroom policy show > policy.json'],
    run: async ({ open, output }) => {
      const { context, ledger } = (await open()).session;
      const { policy: signed } = await signedPolicy(context, ledger);
      output.data(signed, () => JSON.stringify(signed, null, 2));
    },
  });
  addCommand(policy, world, {
    usage: 'set <file>',
    description: 'sign another policy into the log (JSON, as `policy show` prints it)',
    examples: ['strongroom policy show > policy.json', 'strongroom policy set policy.json'],
    run: async ({ open, output, arguments: [file = ''], world: { cwd } }) => {
      let value: unknown;
      try {
        value = JSON.parse(await readFile(path.resolve(cwd, file), 'utf8'));
      } catch (error) {
        throw fail('USAGE', 'the policy file cannot be read as JSON', {}, error);
      }
      const changed = await setPolicy((await open()).session, value);
      output.data({ changed }, () => (changed ? 'signed: in force from now on' : 'no change'));
    },
  });
}
