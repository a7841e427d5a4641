// SPDX-License-Identifier: Apache-2.0
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { INITIAL_LOCK, type LockState, type LockStore } from '../../src/provenance/index.ts';
import { SqliteLockStore } from '../../src/store/index.ts';
import { MemoryLocks } from '../support/log-world.ts';
import { expectRejection } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = 'ab'.repeat(32);
const fenced = (fence: number): LockState => ({ ...INITIAL_LOCK, fence });
const BUSY: LockState = {
  fence: 3,
  signed: { size: 64, root: ROOT },
  pending: { size: 128, root: ROOT, stagingDigest: ROOT },
};

function openFile(file: string): SqliteLockStore {
  const store = new SqliteLockStore(file);
  onTestFinished(() => {
    store.close();
  });
  return store;
}

const newFile = (): string => path.join(temporaryFolder(), 'sequencer', 'lock.sqlite');

describe.each<[string, () => { locks: LockStore; again: () => LockStore }]>([
  [
    'in a file',
    () => {
      const file = newFile();
      return { locks: openFile(file), again: () => openFile(file) };
    },
  ],
  [
    'in memory',
    () => {
      const locks = new MemoryLocks();
      return { locks, again: () => locks };
    },
  ],
])('a lock record %s', (_, make) => {
  it('begins as nobody has it', async () => {
    expect(await make().locks.read()).toEqual(INITIAL_LOCK);
  });

  it('is replaced by who knows it, and seen by the others', async () => {
    const { locks, again } = make();
    expect(await locks.swap(INITIAL_LOCK, BUSY)).toBe(true);
    expect(await again().read()).toEqual(BUSY);
    expect(await again().swap(BUSY, { ...BUSY, pending: null })).toBe(true);
    expect(await locks.read()).toEqual({ ...BUSY, pending: null });
  });

  it('is kept from who expects another one, in any field', async () => {
    const { locks } = make();
    await locks.swap(INITIAL_LOCK, BUSY);
    const others: LockState[] = [
      INITIAL_LOCK,
      { ...BUSY, fence: 2 },
      { ...BUSY, signed: null },
      { ...BUSY, pending: null },
      { ...BUSY, signed: { size: 64, root: 'cd'.repeat(32) } },
    ];
    for (const other of others) expect(await locks.swap(other, fenced(9))).toBe(false);
    expect(await locks.read()).toEqual(BUSY);
  });

  it('is won by one of sixteen', async () => {
    const { locks, again } = make();
    const stores = [locks, again()];
    const swaps = Array.from({ length: 16 }, (_each, i) =>
      (stores[i % 2] as LockStore).swap(INITIAL_LOCK, fenced(i + 1)),
    );
    const won = await Promise.all(swaps);
    expect(won.filter(Boolean)).toHaveLength(1);
    expect((await locks.read()).fence).toBe(won.indexOf(true) + 1);
  });
});

describe('a lock record in a file', () => {
  it.each([
    ['no JSON', 'fence'],
    ['a negative fence', JSON.stringify({ ...BUSY, fence: -1 })],
    ['a field too many', JSON.stringify({ ...BUSY, more: 1 })],
    ['a root that is none', JSON.stringify({ ...BUSY, signed: { size: 1, root: 'x' } })],
  ])('is refused with %s', async (_, state) => {
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
