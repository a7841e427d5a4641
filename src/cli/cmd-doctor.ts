// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';
import { addCommand, type Invocation, type World } from './command.ts';
import { checkAccessFile, checkDisk, checkHome, checkRuntime } from './doctor-machine.ts';
import { checkHomeServices } from './doctor-home.ts';
import { checkVault } from './doctor-vault.ts';
import type { Finding } from './doctor-finding.ts';
import type { Paint } from './output.ts';

/** Looks at one part of the machine or the vault. */
export type Check = (invocation: Invocation<unknown>) => Promise<readonly Finding[]>;

const CHECKS: readonly Check[] = [
  checkRuntime,
  checkDisk,
  checkHome,
  checkAccessFile,
  checkHomeServices,
  checkVault,
];

/** `strongroom doctor`. */
export function registerDoctor(program: Command, world: World): void {
  addCommand(program, world, {
    usage: 'doctor',
    description: 'look for what would go wrong: runtime, disk, keys, trust, log, index',
    examples: ['strongroom doctor', 'strongroom doctor --vault /srv/docs --json'],
    run: async (invocation) => {
      const findings: Finding[] = [];
      for (const check of CHECKS) findings.push(...(await check(invocation)));
      invocation.output.data(findings, (paint) =>
        findings.map((finding) => line(finding, paint)).join('\n'),
      );
      return findings.some(({ state }) => state === 'problem') ? 1 : 0;
    },
  });
}

const COLOURS = { ok: 'green', warning: 'yellow', problem: 'red' } as const;

function line({ check, state, text }: Finding, paint: Paint): string {
  return `${paint(COLOURS[state], state.padEnd(7))}  ${check.padEnd(11)}  ${text}`;
}
