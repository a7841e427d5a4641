// SPDX-License-Identifier: Apache-2.0
// Vaults into which many small documents are to be ingested, and parts that tell of what happens meanwhile.
import path from 'node:path';
import type { ObjectStore } from '../../src/core/index.ts';
import { FileStore } from '../../src/store/index.ts';
import type { SessionOptions } from '../../src/vault/index.ts';
import { VaultWorld } from '../support/vault-world.ts';

/** Everything belongs to ada. */
export const ACCESS = {
  v: 1,
  default: 'owner',
  owner: 'ada',
  people: { ada: { actions: 'all' } },
};

/** A vault and this many documents, which are not ingested yet. */
export async function manyDocuments(count: number, text = 'of the test'): Promise<VaultWorld> {
  const world = await VaultWorld.founded({ access: ACCESS });
  for (let n = 0; n < count; n++) {
    await world.write(`notes/${n}.md`, `# Note ${n}\n\nThe note number ${n} ${text}.\n`);
  }
  return world;
}

/** The vault's own store with every call of some methods passing through `around`. */
export function watchedStore(
  world: VaultWorld,
  around: (method: string, path: string, bytes: Uint8Array | null) => Promise<void>,
): ObjectStore {
  const store = new FileStore(path.join(world.vault, 'store'));
  return {
    putIfAbsent: async (path, bytes) => {
      await around('put', path, bytes);
      return store.putIfAbsent(path, bytes);
    },
    compareAndSwap: async (path, expected, bytes) => {
      await around('put', path, bytes);
      return store.compareAndSwap(path, expected, bytes);
    },
    get: (path) => store.get(path),
    getRange: (path, offset, length) => store.getRange(path, offset, length),
    stat: (path) => store.stat(path),
    list: (prefix) => store.list(prefix),
    delete: async (path) => {
      await around('delete', path, null);
      return store.delete(path);
    },
  };
}

/** Ingests with some parts of the session replaced. */
export function ingestWith(
  world: VaultWorld,
  session: Partial<SessionOptions>,
  options: Parameters<VaultWorld['ingest']>[0] = {},
): ReturnType<VaultWorld['ingest']> {
  const { access, documents } = world;
  return world.use((vault) => vault.ingest([documents], { access, ...options }), session);
}
