// SPDX-License-Identifier: Apache-2.0
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
import { addCommand, addGroup, type Invocation, type World } from './command.ts';
import { readNamed, writeNamed } from './files.ts';
import { positive } from './numbers.ts';
import { facts } from './text.ts';

interface AddTrustOptions {
  readonly fingerprint?: string;
  readonly tofu: boolean;
}

/** `strongroom trust ...`. */
export function registerTrust(program: Command, world: World): void {
  const trust = addGroup(program, 'trust', {
    description: 'which keys this machine trusts, outside every vault',
    examples: ['strongroom trust show', 'strongroom trust export --out trust.json'],
  });
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
        await writeNamed(invocation, out, 'trust file', text);
        invocation.output.note(
          `Written to ${out}. Whoever adds it compares the fingerprint; tell it by another way than the file:\n` +
            `  ${trustFingerprint(known)}`,
        );
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
  const { options, output, home } = invocation;
  const [file = ''] = invocation.arguments;
  const trust = parseTrust(await readNamed(invocation, file, 'trust file'));
  const fingerprint = trustFingerprint(trust);
  checkFingerprint(options, fingerprint);
  const store = new FileTrustStore(home, trust.file.vaultId);
  if (await store.exists())
    throw fail('USAGE', 'this machine trusts keys of this vault already: strongroom trust show');
  const origin = options.tofu ? ('tofu' as const) : ('added' as const);
  await store.write({ ...trust.file, origin });
  if (options.tofu) output.warn('TOFU', 'the keys were believed without comparison');
  output.data({ vaultId: trust.file.vaultId, fingerprint, origin }, () => trustText(trust));
}

function checkFingerprint({ tofu, fingerprint }: AddTrustOptions, found: string): void {
  if (tofu || fingerprint === found) return;
  if (fingerprint !== undefined) {
    throw fail('TRUST_INVALID', 'the keys in the file do not have this fingerprint');
  }
  throw fail(
    'USAGE',
    `ask the owner whether the fingerprint is ${found} and give it by --fingerprint`,
  );
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
