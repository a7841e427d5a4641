// SPDX-License-Identifier: Apache-2.0
// What every key table must do.
import { describe, expect, it } from 'vitest';
import { ROW_BYTES } from '../../src/keys/index.ts';
import type { KeyRow, KeyRowName, KeyTable } from '../../src/store/index.ts';
import { collect } from '../support/collect.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { expectRejection } from '../support/tampering.ts';

const random = new SeededRandom('key table');
/** Ids of two documents. */
export const A = `d-${'a'.repeat(26)}`;
const B = `d-${'b'.repeat(26)}`;

/** A row of random bytes for version `no` of a document. */
export function row(id: string, no: number, digest = 'd', tenantId = 'acme'): KeyRow {
  const ref = { tenantId, kind: 'doc', id, no } as const;
  return { ref, objectDigest: digest.repeat(64), row: random.bytes(ROW_BYTES) };
}

/** The row of an object. */
export const get = (table: KeyTable, { ref, objectDigest }: KeyRow): Promise<Uint8Array | null> =>
  table.get(ref, objectDigest);

const byName = (a: KeyRowName, b: KeyRowName): number =>
  a.ref.no - b.ref.no || (a.objectDigest < b.objectDigest ? -1 : 1);

/** A key table, empty, and what an attacker can do to it. */
export interface TableUnderTest {
  readonly table: KeyTable;
  /** Another instance on the same rows, which has read nothing yet. */
  readonly again: () => KeyTable;
  /** Replaces the stored bytes of a row. */
  readonly tamper: (row: KeyRow, bytes: Uint8Array) => unknown;
}

/** Runs the suite. */
export function describeKeyTable(name: string, make: () => TableUnderTest): void {
  const open = make;
  describe(name, () => {
    it('gives back what was put, to another reader too, and null for everything else', async () => {
      const { table, again } = open();
      const rows = [row(A, 1), row(A, 2), row(B, 1)];
      await table.putAll(rows);
      const reader = again();
      for (const each of rows) expect(await get(reader, each)).toEqual(each.row);
      const [first] = rows as [KeyRow];
      const others: KeyRow[] = [
        { ...first, objectDigest: 'e'.repeat(64) },
        { ...first, ref: { ...first.ref, no: 3 } },
        { ...first, ref: { ...first.ref, kind: 'acl' } },
        { ...first, ref: { ...first.ref, tenantId: 'other' } },
      ];
      for (const other of others) expect(await get(reader, other)).toBeNull();
    });

    it('keeps the row of the first of two racing writers of one object', async () => {
      const { table, again } = open();
      const [mine, other] = [row(A, 1), row(A, 1)];
      await Promise.all([table.putAll([mine]), again().putAll([other])]);
      expect(await get(table, mine)).toEqual(mine.row);
    });

    it('keeps the keys of two objects of one version apart', async () => {
      const { table } = open();
      const [mine, other] = [row(A, 1, 'd'), row(A, 1, 'e')];
      await table.putAll([mine, other]);
      expect(await get(table, mine)).toEqual(mine.row);
      expect(await get(table, other)).toEqual(other.row);
    });

    it('replaces rows that exist and makes no new ones', async () => {
      const { table } = open();
      const [mine, absent] = [row(A, 1), row(B, 1)];
      await table.putAll([mine]);
      const wrapped = { ...mine, row: random.bytes(ROW_BYTES) };
      await table.replaceAll([wrapped, absent]);
      expect(await get(table, mine)).toEqual(wrapped.row);
      expect(await get(table, absent)).toBeNull();
    });

    it('lists the rows of one tenant', async () => {
      const { table } = open();
      const rows = [row(A, 1), row(B, 2)];
      await table.putAll([...rows, row(A, 1, 'd', 'other')]);
      expect(await collect(table.list('acme'))).toEqual(rows);
    });

    it('puts all rows or none', async () => {
      const { table } = open();
      const rows = [row(A, 1), { ...row(B, 1), row: null as unknown as Uint8Array }];
      await expect(table.putAll(rows)).rejects.toThrow();
      expect(await collect(table.list('acme'))).toEqual([]);
    });

    it.each([91, 93, 0])('INV-ROW-LENGTH: refuses a row of %d bytes', async (length) => {
      const { table, again, tamper } = open();
      const mine = row(A, 1);
      await table.putAll([mine]);
      await tamper(mine, random.bytes(length));
      await expectRejection(get(again(), mine), 'KEY_ROW_INVALID');
    });
  });

  describe(`${name}, purging`, () => {
    it('removes every number of one document and nothing else', async () => {
      const { table } = open();
      const kept = [row(B, 1), row(A, 1, 'd', 'other')];
      const all = [row(A, 1), row(A, 2), row(A, 2, 'e')];
      await table.putAll([...all, ...kept]);
      const names = await table.namesOf('acme', 'doc', A);
      expect(names.toSorted(byName)).toEqual(
        all.map(({ ref, objectDigest }) => ({ ref, objectDigest })).toSorted(byName),
      );
      expect(await table.purgeRows(names)).toBe(3);
      expect(await table.namesOf('acme', 'doc', A)).toEqual([]);
      expect(await table.purgeRows(names)).toBe(0);
      for (const each of kept) expect(await get(table, each)).toEqual(each.row);
    });

    it('removes single rows', async () => {
      const { table } = open();
      const [mine, other] = [row(A, 1, 'd'), row(A, 1, 'e')];
      await table.putAll([mine, other]);
      expect(await table.purgeRows([mine, row(B, 1)])).toBe(1);
      expect(await collect(table.list('acme'))).toEqual([other]);
    });
  });
}
