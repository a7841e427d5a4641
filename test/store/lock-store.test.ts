// SPDX-License-Identifier: Apache-2.0
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, onTestFinished } from 'vitest';
import { INITIAL_LOCK } from '../../src/provenance/index.ts';
import { SqliteLockStore } from '../../src/store/index.ts';
import { MemoryLocks } from '../support/log-world.ts';
import { expectRejection } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { BUSY, DAMAGED_LOCKS, describeLockStore } from './lock-conformance.ts';

function openFile(file: string): SqliteLockStore {
  const store = new SqliteLockStore(file);
  onTestFinished(() => {
    store.close();
  });
  return store;
}

const newFile = (): string => path.join(temporaryFolder(), 'sequencer', 'lock.sqlite');

describeLockStore('in a file', () => {
  const file = newFile();
  return { locks: openFile(file), again: () => openFile(file) };
});

describeLockStore('in memory', () => {
  const locks = new MemoryLocks();
  return { locks, again: () => locks };
});

describe('a lock record in a file', () => {
  it.each(DAMAGED_LOCKS)('is refused with %s', async (_, state) => {
    const file = newFile();
    new SqliteLockStore(file).close();
    const db = new DatabaseSync(file);
    db.prepare('INSERT INTO lock VALUES (1, ?)').run(state);
    db.close();
    const locks = openFile(file);
    await expectRejection(locks.read(), 'STORE_FAILED');
    await expectRejection(locks.swap(INITIAL_LOCK, BUSY), 'STORE_FAILED');
  });
});
