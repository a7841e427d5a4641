// SPDX-License-Identifier: Apache-2.0
// A process that ingests a folder and kills itself with SIGKILL at its n-th write to the object store. Says on stdout how
// many files were acknowledged by then.
//
//   node test/support/crash-child.ts VAULT HOME DOCUMENTS ACCESS-JSON N SECONDS
import { writeSync } from 'node:fs';
import path from 'node:path';
import type { ObjectStore } from '../../src/core/index.ts';
import { FileStore } from '../../src/store/index.ts';
import { hashEmbedder } from '../../src/embed/index.ts';
import { openVault } from '../../src/vault/index.ts';
import { FixedClock } from './fixed-clock.ts';
import { accessOf } from './vault-world.ts';

const [vaultPath = '', home = '', documents = '', accessJson = '', n = '', seconds = ''] =
  process.argv.slice(2);
const store = new FileStore(path.join(vaultPath, 'store'));
let writes = 0;
/** Every second death comes right after the write, the others right before it. */
async function dying<T>(write: () => Promise<T>): Promise<T> {
  writes += 1;
  const isLast = writes === Number(n);
  if (isLast && writes % 2 === 0) process.kill(process.pid, 'SIGKILL');
  const result = await write();
  if (isLast) process.kill(process.pid, 'SIGKILL');
  return result;
}
const objects: ObjectStore = {
  get: (name) => store.get(name),
  getRange: (name, offset, length) => store.getRange(name, offset, length),
  stat: (name) => store.stat(name),
  list: (prefix) => store.list(prefix),
  putIfAbsent: (name, bytes) => dying(() => store.putIfAbsent(name, bytes)),
  compareAndSwap: (name, expected, bytes) =>
    dying(() => store.compareAndSwap(name, expected, bytes)),
  delete: (name) => dying(() => store.delete(name)),
};
const clock = new FixedClock(Number(seconds));
const vault = await openVault({ vault: vaultPath, home, clock, objects, embedder: hashEmbedder() });
await vault.ingest([documents], {
  access: accessOf(JSON.parse(accessJson) as object),
  concurrency: 1,
  onProgress: ({ done }) => void writeSync(1, `${done}\n`),
});
vault.close();
writeSync(1, 'finished\n');
