// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Command } from 'commander';
import { fail, hex, systemClock, systemRandom } from '../core/index.ts';
import { parseTrust } from '../provenance/index.ts';
import { Witness, witnessServer } from '../witness/index.ts';
import { interruption } from './interruption.ts';
import { addCommand, addGroup, type Invocation, type World } from './command.ts';
import { readNamed } from './files.ts';
import { facts } from './text.ts';

interface ServeOptions {
  readonly listen: string;
}

/** `strongroom witness init|add|rekey|show|serve`. */
export function registerWitness(program: Command, world: World): void {
  const group = addGroup(program, 'witness', {
    description: 'vouch for the logs of others, so that nobody can be shown a second history',
    examples: [
      'strongroom witness init witness.acme.example/one',
      'strongroom witness add trust.json',
      'strongroom witness serve',
    ],
  });
  addCommand(group, world, {
    usage: 'init <name>',
    description: 'make the key of a witness in STRONGROOM_HOME; the name is a URL without scheme',
    examples: ['strongroom witness init witness.acme.example/one'],
    run: async (invocation) => {
      await Witness.create(
        { directory: directoryOf(invocation) },
        invocation.arguments[0] ?? '',
        systemRandom,
      );
      await show(invocation);
    },
  });
  addCommand(group, world, {
    usage: 'add <trust-file>',
    description: 'vouch for the log of a trust file (`strongroom trust export`) from now on',
    examples: ['strongroom witness add trust.json'],
    run: add,
  });
  addCommand(group, world, {
    usage: 'rekey <vkey>',
    description: 'know a log by its next key, as its owner told you (`strongroom keys rotate log`)',
    examples: ['strongroom witness rekey "ORIGIN+ID+KEY"'],
    run: rekey,
  });
  addCommand(group, world, {
    usage: 'show',
    description: 'the public key by which readers and logs know this witness',
    examples: ['strongroom witness show', 'strongroom witness show --json'],
    run: show,
  });
  addCommand<ServeOptions>(group, world, {
    usage: 'serve',
    description: 'answer add-checkpoint requests (C2SP tlog-witness) until interrupted',
    examples: ['strongroom witness serve --listen 127.0.0.1:7780'],
    configure: (command) =>
      command.option('--listen <host:port>', 'where to listen', '127.0.0.1:7780'),
    run: serve,
  });
}

function directoryOf({ home }: Invocation<unknown>): string {
  return path.join(home, 'witness');
}

function opened(invocation: Invocation<unknown>): Promise<Witness> {
  const { output } = invocation;
  return Witness.open({
    directory: directoryOf(invocation),
    clock: systemClock,
    onAlarm: ({ code, message }) => output.warn(code, message),
  });
}

async function show(invocation: Invocation<unknown>): Promise<void> {
  const witness = await opened(invocation);
  const { vkey } = witness;
  witness.close();
  invocation.output.data({ vkey }, () => facts([['witness key', vkey]]));
}

async function add(invocation: Invocation<unknown>): Promise<void> {
  const { output } = invocation;
  const bytes = await readNamed(invocation, invocation.arguments[0] ?? '', 'trust file');
  const { log, file: trust } = parseTrust(bytes);
  const witness = await opened(invocation);
  try {
    await witness.addLog(trust.logVkey);
    const head = await witness.head(log);
    const seen = head === null ? null : { size: head.size, root: hex(head.root) };
    output.data({ origin: log, head: seen }, () =>
      facts([
        ['log', log],
        ['cosigned up to', head === null ? 'nothing yet' : `${head.size} entries`],
      ]),
    );
  } finally {
    witness.close();
  }
}

async function rekey(invocation: Invocation<unknown>): Promise<void> {
  const [vkey = ''] = invocation.arguments;
  const witness = await opened(invocation);
  try {
    await witness.changeLogKey(vkey);
  } finally {
    witness.close();
  }
  invocation.output.data({ vkey }, () => facts([['log key', vkey]]));
}

async function serve(invocation: Invocation<ServeOptions>): Promise<void> {
  const { options, output, world } = invocation;
  const [, host = '', port = ''] = /^(.+):([0-9]{1,5})$/.exec(options.listen) ?? [];
  if (host === '' || Number(port) > 65535) throw fail('USAGE', '--listen wants HOST:PORT');
  const witness = await opened(invocation);
  const server = witnessServer(witness);
  try {
    server.listen(Number(port), host);
    await once(server, 'listening');
    const { address, port: actual } = server.address() as AddressInfo;
    const url = `http://${address.includes(':') ? `[${address}]` : address}:${actual}/`;
    output.data({ url, vkey: witness.vkey }, () =>
      facts([
        ['listening', url],
        ['witness key', witness.vkey],
      ]),
    );
    await interruption(world);
  } finally {
    server.close();
    server.closeAllConnections();
    witness.close();
  }
}
