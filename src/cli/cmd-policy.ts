// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';
import { fail, fromUtf8 } from '../core/index.ts';
import { setPolicy, signedPolicy } from '../vault/index.ts';
import { addCommand, addGroup, type World } from './command.ts';
import { readNamed } from './files.ts';

/** `strongroom policy show|set`. */
export function registerPolicy(program: Command, world: World): void {
  const policy = addGroup(program, 'policy', {
    description: 'the signed policy: default rule, issuers, witnesses, freshness',
    examples: ['strongroom policy show > policy.json', 'strongroom policy set policy.json'],
  });
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
    run: async (invocation) => {
      const { open, output } = invocation;
      const bytes = await readNamed(invocation, invocation.arguments[0] ?? '', 'policy file');
      let value: unknown;
      try {
        value = JSON.parse(fromUtf8(bytes));
      } catch (error) {
        throw fail('USAGE', 'the policy file is no JSON', {}, error);
      }
      const changed = await setPolicy((await open()).session, value);
      output.data({ changed }, () => (changed ? 'signed: in force from now on' : 'no change'));
    },
  });
}
