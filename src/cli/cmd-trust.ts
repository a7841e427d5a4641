// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { fail, hex } from '../core/index.ts';
import {
  parseTrust,
  type Trust,
  trustFingerprint,
  trustToShare,
  witnessKeys,
} from '../provenance/index.ts';
import { FileTrustStore } from '../store/index.ts';
import { readConfig } from '../vault/index.ts';
import { addCommand, type Invocation, type World } from './command.ts';
import { positive } from './numbers.ts';
import { facts, styled } from './output.ts';

interface AddTrustOptions {
  readonly fingerprint?: string;
  readonly tofu: boolean;
}

/** `strongroom trust ...`. */
export function registerTrust(program: Command, world: World): void {
  const trust = program
    .command('trust')
    .description('which keys this machine trusts, outside every vault');
  addCommand(trust, world, {
    usage: 'show',
    description: 'what this machine trusts for a vault',
    examples: ['strongroom trust show'],
    run: async (invocation) => {
      const known = await ownTrust(invocation);
      invocation.output.data(known.file, () => trustText(known));
    },
  });
  addCommand<{ readonly out?: string }>(trust, world, {
    usage: 'export',
    description: 'write the trust file that others verify receipts with; it holds public keys only',
    examples: ['strongroom trust export --out trust.json'],
    configure: (command) => command.option('--out <file>', 'where to write it (default: stdout)'),
    run: async (invocation) => {
      const known = await ownTrust(invocation);
      const { out } = invocation.options;
      const text = trustToShare(known.file);
      if (out === undefined) invocation.output.data(JSON.parse(text), () => text);
      else {
        await writeFile(path.resolve(invocation.world.cwd, out), text);
        invocation.output.note(`fingerprint ${trustFingerprint(known)}: tell it by another way`);
      }
    },
  });
  addCommand<AddTrustOptions>(trust, world, {
    usage: 'add <file>',
    description: 'trust a vault by a trust file from its owner',
    examples: [
      'strongroom trust add trust.json --fingerprint 9c1f...-5a2b77c0',
      'strongroom trust add trust.json --tofu',
    ],
    configure: (command) =>
      command
        .option('--fingerprint <f>', 'as the owner told you, by another way than the file')
        .option('--tofu', 'trust on first use: believe the file as it is', false),
    run: addTrust,
  });
  registerWitnesses(trust, world);
}

function registerWitnesses(trust: Command, world: World): void {
  addCommand<{ readonly k?: number }>(trust, world, {
    usage: 'witnesses [vkeys...]',
    description: 'demand cosignatures of witnesses for every head of this vault, on this machine',
    examples: ['strongroom trust witnesses WITNESS_VKEY', 'strongroom trust witnesses A B C --k 2'],
    configure: (command) =>
      command.option('--k <n>', 'how many of them (default: all; without keys: none)', positive),
    run: setWitnesses,
  });
}

async function setWitnesses(invocation: Invocation<{ readonly k?: number }>): Promise<void> {
  const { vault, home, output, options } = invocation;
  const vkeys = [...new Set(invocation.arguments)];
  const distinct = new Set(witnessKeys(vkeys).map(({ key }) => key.keyid));
  const k = options.k ?? vkeys.length;
  if (k > vkeys.length || distinct.size < vkeys.length) {
    throw fail('USAGE', 'name every witness once, and demand no more than you name');
  }
  const { vaultId } = await readConfig(vault);
  const store = new FileTrustStore(home, vaultId);
  await store.write({ ...(await store.read()).file, witnesses: { vkeys, k } });
  const known = await store.read();
  output.data(known.file, () => trustText(known));
}

async function addTrust(invocation: Invocation<AddTrustOptions>): Promise<void> {
  const { options, output, home, world } = invocation;
  const file = path.resolve(world.cwd, invocation.arguments[0] ?? '');
  const bytes = await readFile(file).catch((error: unknown) => {
    throw fail('USAGE', 'the trust file could not be read', {}, error);
  });
  const trust = parseTrust(bytes);
  const fingerprint = trustFingerprint(trust);
  if (!options.tofu && options.fingerprint !== fingerprint) {
    const why =
      options.fingerprint === undefined ? 'give --fingerprint' : 'the fingerprint is another one';
    throw fail('TRUST_INVALID', `${why}: the file's is ${fingerprint}`);
  }
  const store = new FileTrustStore(home, trust.file.vaultId);
  if (await store.exists())
    throw fail('USAGE', 'this machine has a trust file for this vault already');
  const origin = options.tofu ? ('tofu' as const) : ('added' as const);
  await store.write({ ...trust.file, origin });
  if (options.tofu)
    output.warn(`${styled('yellow', 'TOFU')}  the keys were believed without comparison`);
  output.data({ vaultId: trust.file.vaultId, fingerprint, origin }, () => trustText(trust));
}

async function ownTrust({ vault, home }: Invocation<unknown>): Promise<Trust> {
  const { vaultId } = await readConfig(vault);
  return new FileTrustStore(home, vaultId).read();
}

function trustText(trust: Trust): string {
  const { file, head } = trust;
  return facts([
    ['vault id', file.vaultId],
    ['log key', file.logVkey],
    ['root key', trust.rootKey.keyid],
    ['fingerprint', trustFingerprint(trust)],
    [
      'head seen',
      head === null ? 'none yet' : `${head.size} entries, root ${hex(head.root).slice(0, 16)}...`,
    ],
    [
      'witnesses',
      file.witnesses.vkeys.length === 0
        ? 'none'
        : `${file.witnesses.k} of ${file.witnesses.vkeys.length}`,
    ],
    [
      'trusted by',
      { init: 'founding the vault', added: 'fingerprint', tofu: 'first use' }[file.origin],
    ],
  ]);
}
