// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, stat, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { isStrongroomError } from '../core/index.ts';
import { isVault, readAccessFile, readConfig } from '../vault/index.ts';
import { addCommand, type Invocation, type World } from './command.ts';
import { styled } from './output.ts';

/** One thing that was looked at. */
interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'problem';
  readonly text: string;
}

/** `strongroom doctor`. */
export function registerDoctor(program: Command, world: World): void {
  addCommand(program, world, {
    usage: 'doctor',
    description: 'look for what would go wrong: runtime, disk, keys, trust, log, index',
    examples: ['strongroom doctor', 'strongroom doctor --vault /srv/docs --json'],
    run: async (invocation) => {
      const findings: Finding[] = [];
      for (const check of [runtime, disk, homeDirectory, accessFile, vault]) {
        findings.push(...(await check(invocation)));
      }
      invocation.output.data(findings, () => findings.map(line).join('\n'));
      return findings.some(({ state }) => state === 'problem') ? 1 : 0;
    },
  });
}

function line({ check, state, text }: Finding): string {
  const mark = {
    ok: styled('green', 'ok     '),
    warning: styled('yellow', 'warning'),
    problem: styled('red', 'problem'),
  };
  return `${mark[state]}  ${check.padEnd(12)}  ${text}`;
}

function runtime(): Promise<Finding[]> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNew = major > 22 || (major === 22 && minor >= 13);
  const text = `Node.js ${process.versions.node}, OpenSSL ${process.versions.openssl}`;
  return Promise.resolve([
    {
      check: 'runtime',
      state: isNew ? 'ok' : 'problem',
      text: isNew ? text : `${text}: needs 22.13 or newer`,
    },
  ]);
}

async function disk({ vault: directory }: Invocation<unknown>): Promise<Finding[]> {
  const place = path.dirname(directory);
  try {
    const { bavail, bsize } = await statfs(place);
    const free = bavail * bsize;
    const probe = await mkdtemp(path.join(place, '.strongroom-doctor-'));
    await writeFile(path.join(probe, 'probe'), 'x', { flush: true });
    await rm(probe, { recursive: true });
    const state = free > 1e9 ? 'ok' : 'warning';
    return [{ check: 'disk', state, text: `writable, ${(free / 1e9).toFixed(1)} GB free` }];
  } catch {
    return [{ check: 'disk', state: 'problem', text: 'the folder of the vault cannot be written' }];
  }
}

async function homeDirectory({ home }: Invocation<unknown>): Promise<Finding[]> {
  const stats = await stat(home).catch(() => null);
  if (stats === null) {
    return [{ check: 'home', state: 'warning', text: `${home} does not exist yet: run init` }];
  }
  const isPrivate = process.platform === 'win32' || (stats.mode & 0o077) === 0;
  const text = isPrivate ? `${home}, private` : `${home} is open to others: chmod 700`;
  return [{ check: 'home', state: isPrivate ? 'ok' : 'warning', text }];
}

async function accessFile(invocation: Invocation<unknown>): Promise<Finding[]> {
  const file = invocation.accessFile();
  try {
    const { directory, rules } = await readAccessFile(file);
    return [
      {
        check: 'access file',
        state: 'ok',
        text: `${directory.length} people, ${rules.length} rules`,
      },
    ];
  } catch (error) {
    const text = isStrongroomError(error) ? error.message : 'unreadable';
    return [{ check: 'access file', state: 'warning', text: `${file}: ${text}` }];
  }
}

async function vault(invocation: Invocation<unknown>): Promise<Finding[]> {
  if (!(await isVault(invocation.vault))) {
    return [
      { check: 'vault', state: 'warning', text: `no vault at ${invocation.vault}: run init` },
    ];
  }
  try {
    const { vaultId } = await readConfig(invocation.vault);
    const opened = await invocation.open();
    const { ledger, access, context } = opened.session;
    const { index } = await opened.session.index();
    const { documents, rows, classes } = index.counts();
    const people = access.directory.records.length;
    const locked = context.trail.firstBreak() === null;
    return [
      {
        check: 'vault',
        state: 'ok',
        text: `${vaultId}, log of ${ledger.head.size} entries proven`,
      },
      {
        check: 'people',
        state: people > 0 ? 'ok' : 'warning',
        text: `${people} people, policy epoch ${access.policyEpoch}`,
      },
      {
        check: 'index',
        state: 'ok',
        text: `${documents} documents, ${rows} chunks, ${classes} classes`,
      },
      {
        check: 'audit',
        state: locked ? 'ok' : 'problem',
        text: locked ? 'the trail is whole' : 'the trail was altered',
      },
    ];
  } catch (error) {
    if (!isStrongroomError(error)) throw error;
    return [
      {
        check: 'vault',
        state: 'problem',
        text: `${error.code}: ${error.message}. ${error.remedy}`,
      },
    ];
  }
}
