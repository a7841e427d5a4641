// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';
import { fail } from '../core/index.ts';
import type { Duty } from '../aws/index.ts';
import { addCommand, type Invocation, type World } from './command.ts';
import { readNamed } from './files.ts';

interface IamOptions {
  readonly config: string;
  readonly role?: string;
}

/** `strongroom iam`. */
export function registerIam(program: Command, world: World): void {
  addCommand<IamOptions>(program, world, {
    usage: 'iam',
    description: 'print least-privilege policies of a deployment: roles, key, buckets, endpoints',
    examples: [
      'strongroom iam --config deployment.json --json > policies.json',
      'strongroom iam --config deployment.json --role retriever',
    ],
    configure: (command) =>
      command
        .option('--config <file>', 'deployment file (docs/cloud.md)', 'strongroom.deployment.json')
        .option('--role <name>', 'one duty alone: ingest, sequencer, retriever or administrator'),
    run: iam,
  });
}

async function iam(invocation: Invocation<IamOptions>): Promise<void> {
  const { options, output } = invocation;
  // The room loads the SDK, which nobody else should wait for.
  const { DUTIES, parseDeployment, policiesOf } = await import('../aws/index.ts');
  const duty = DUTIES.find((name) => name === options.role);
  if (options.role !== undefined && duty === undefined) {
    throw fail('USAGE', `there is no such role; there are: ${DUTIES.join(', ')}`);
  }
  const bytes = await readNamed(invocation, options.config, 'deployment file');
  const policies = policiesOf(parseDeployment(bytes));
  const value = duty === undefined ? policies : policyOfDuty(policies.duties, duty);
  // Policies are for tools: people get the same text.
  output.data(value, () => JSON.stringify(value, null, 2));
}

function policyOfDuty(duties: Partial<Record<Duty, object>>, duty: Duty): object {
  return duties[duty] ?? {};
}
