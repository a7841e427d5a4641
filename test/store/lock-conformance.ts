// SPDX-License-Identifier: Apache-2.0
// What every store of a sequencer's lock record must do.
import { describe, expect, it } from 'vitest';
import { INITIAL_LOCK, type LockState, type LockStore } from '../../src/provenance/index.ts';

const ROOT = 'ab'.repeat(32);
const fenced = (fence: number): LockState => ({ ...INITIAL_LOCK, fence });
/** A record with every field set. */
export const BUSY: LockState = {
  fence: 3,
  signed: { size: 64, root: ROOT },
  pending: { size: 128, root: ROOT, stagingDigest: ROOT },
};
/** Texts that are no lock record. */
export const DAMAGED_LOCKS: readonly (readonly [string, string])[] = [
  ['no JSON', 'fence'],
  ['a negative fence', JSON.stringify({ ...BUSY, fence: -1 })],
  ['a field too many', JSON.stringify({ ...BUSY, more: 1 })],
  ['a root that is none', JSON.stringify({ ...BUSY, signed: { size: 1, root: 'x' } })],
];

/** Runs the suite; `again` opens another instance on the same record. */
export function describeLockStore(
  name: string,
  make: () => { readonly locks: LockStore; readonly again: () => LockStore },
): void {
  describe(`a lock record ${name}`, () => {
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
}
