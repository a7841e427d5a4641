// SPDX-License-Identifier: Apache-2.0
// A process that works on a vault in files until it kills itself with SIGKILL at the n-th call to the file system or to
// SQLite. It tells what it begins and what was acknowledged, one JSON line each.
//
//   node victim.ts FOLDER SEED CALL
import { mkdirSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { countFiles } from './counted-files.ts';

const [folder = '', seed = '', call = ''] = process.argv.slice(2);
const vaultPath = path.join(folder, 'vault');
const home = path.join(folder, 'home');

countFiles((n) => {
  if (n === Number(call)) process.kill(process.pid, 'SIGKILL');
});
const { openVault, rewrapKeys, rotateBranchKey } = await import('../../src/vault/index.ts');
const { tinyEmbedder } = await import('../../test/support/tiny-embedder.ts');
const { OPEN, viewOf } = await import('./world.ts');

const random = new SeededRandom(seed);
const vault = await openVault({
  vault: vaultPath,
  home,
  embedder: tinyEmbedder(),
  onAlarm: ({ code }) => {
    say({ alarm: code });
  },
});
await vault.session.writer();
const { failures } = await vault.verifyAll();
const { problems } = await vault.fsck();
const view = Object.fromEntries(
  [...(await viewOf(vault))].filter(([key]) => key.startsWith('ada ')),
);
say({ state: { view, failures, problems, size: vault.session.ledger.head.size } });
for (;;) await work();

async function work(): Promise<void> {
  const name = random.pick(['a', 'b', 'c', 'd']);
  const uri = `open/${name}.md`;
  const chance = random.below(10);
  if (chance < 5) {
    const text = `The common word ${random.below(1e9)}.`;
    const sources = path.join(folder, `sources-${seed}`);
    mkdirSync(path.join(sources, 'open'), { recursive: true });
    writeFileSync(path.join(sources, uri), text);
    say({ begin: { uri, text } });
    await vault.ingest([path.join(sources)], { access: OPEN, include: [uri] });
    say({ done: { uri, text } });
  } else if (chance < 9) {
    const [found] = await vault.documents(uri);
    if (found === undefined) return;
    say({ begin: { uri, text: null } });
    if (chance < 7) await vault.delete([uri]);
    else await vault.erase(uri, 'request');
    say({ done: { uri, text: null } });
  } else {
    await rotateBranchKey(vault.session);
    await rewrapKeys(vault.session, true);
  }
}

function say(line: object): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}
