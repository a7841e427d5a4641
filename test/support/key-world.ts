// SPDX-License-Identifier: Apache-2.0
// A key ring, a key table and an object store in a temporary folder: what sealing and opening need.
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { LocalKeyRing } from '../../src/keys/index.ts';
import { MemoryStore, type SealedStore, SqliteKeyTable } from '../../src/store/index.ts';
import { FixedClock } from './fixed-clock.ts';
import { SeededRandom } from './seeded-random.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Everything that sealing needs, with the parts that tests look into. */
export interface KeyWorld extends SealedStore {
  readonly objects: MemoryStore;
  readonly keys: SqliteKeyTable;
  readonly ring: LocalKeyRing;
  /** File of the key table. */
  readonly keyFile: string;
}

/** A new world of one tenant; the same seed gives the same keys. */
export async function keyWorld(seed: string, tenantId = 'acme'): Promise<KeyWorld> {
  const folder = temporaryFolder();
  const random = new SeededRandom(seed);
  const vaultId = 'ab'.repeat(16);
  const ring = await LocalKeyRing.create({
    home: path.join(folder, 'home'),
    vaultId,
    tenantId,
    passphrase: null,
    random,
  });
  const keyFile = path.join(folder, 'keys.sqlite');
  const keys = new SqliteKeyTable(keyFile);
  onTestFinished(() => {
    keys.close();
  });
  return { objects: new MemoryStore(new FixedClock()), keys, ring, random, keyFile };
}
