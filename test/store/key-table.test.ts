// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ROW_BYTES } from '../../src/keys/index.ts';
import { type KeyRow, type KeyTable, SqliteKeyTable } from '../../src/store/index.ts';
import { collect } from '../support/collect.ts';
import { keyWorld } from '../support/key-world.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { expectRejection } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const random = new SeededRandom('key table');
const A = `d-${'a'.repeat(26)}`;
const B = `d-${'b'.repeat(26)}`;

/** A row of random bytes for version `no` of a document. */
function row(id: string, no: number, digest = 'd', tenantId = 'acme'): KeyRow {
  const ref = { tenantId, kind: 'doc', id, no } as const;
  return { ref, objectDigest: digest.repeat(64), row: random.bytes(ROW_BYTES) };
}

function open(file = `${temporaryFolder()}/keys.sqlite`): { table: SqliteKeyTable; file: string } {
  const table = new SqliteKeyTable(file);
  onTestFinished(() => {
    table.close();
  });
  return { table, file };
}

const get = (table: KeyTable, { ref, objectDigest }: KeyRow): Promise<Uint8Array | null> =>
  table.get(ref, objectDigest);

describe('a key table', () => {
  it('gives back what was put, to another reader too, and null for everything else', async () => {
    const { table, file } = open();
    const rows = [row(A, 1), row(A, 2), row(B, 1)];
    await table.putAll(rows);
    const reader = open(file).table;
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
    const { table, file } = open();
    const [mine, other] = [row(A, 1), row(A, 1)];
    await Promise.all([table.putAll([mine]), open(file).table.putAll([other])]);
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
    const { table, file } = open();
    const mine = row(A, 1);
    await table.putAll([mine]);
    const db = new DatabaseSync(file);
    db.prepare('UPDATE dek SET row = ?').run(random.bytes(length));
    db.close();
    await expectRejection(get(table, mine), 'KEY_ROW_INVALID');
  });
});

describe('purging keys', () => {
  it('removes every number of one document and nothing else', async () => {
    const { table } = open();
    const kept = [row(B, 1), row(A, 1, 'd', 'other')];
    await table.putAll([row(A, 1), row(A, 2), row(A, 2, 'e'), ...kept]);
    expect(await table.purge('acme', 'doc', A)).toBe(3);
    expect(await table.purge('acme', 'doc', A)).toBe(0);
    for (const each of kept) expect(await get(table, each)).toEqual(each.row);
  });

  it('removes single rows', async () => {
    const { table } = open();
    const [mine, other] = [row(A, 1, 'd'), row(A, 1, 'e')];
    await table.putAll([mine, other]);
    expect(await table.purgeRows([mine, row(B, 1)])).toBe(1);
    expect(await collect(table.list('acme'))).toEqual([other]);
  });

  it('leaves no byte of a row in the file or beside it, after many changes', async () => {
    const { table, file } = open();
    const gone = Array.from({ length: 50 }, (_, i) => row(A, i));
    for (const [i, each] of gone.entries()) await table.putAll([each, row(B, i)]);
    const wrapped = gone.map((each) => ({ ...each, row: random.bytes(ROW_BYTES) }));
    await table.replaceAll(wrapped);
    await table.purge('acme', 'doc', A);
    const bytes = Buffer.concat([await readFile(file), await readFile(`${file}-wal`)]);
    for (const { row: secret } of [...gone, ...wrapped]) {
      // The wrapped key itself, without salt and nonce.
      expect(bytes.includes(Buffer.from(secret.subarray(44, 60)))).toBe(false);
    }
    expect(bytes.includes(A)).toBe(false);
  });
});

describe('a key from the table', () => {
  it('opens only where it belongs', async () => {
    const { keys, ring } = await keyWorld('swap');
    const dek = random.bytes(32);
    const mine = row(A, 1);
    await keys.putAll([{ ...mine, row: await ring.wrap(mine.ref, dek) }]);
    const stored = (await get(keys, mine)) ?? new Uint8Array(0);
    expect(Uint8Array.from(await ring.unwrap(mine.ref, stored))).toEqual(dek);
    for (const ref of [row(B, 1).ref, row(A, 2).ref, row(A, 1, 'd', 'other').ref]) {
      await expectRejection(ring.unwrap(ref, stored), 'KEY_ROW_INVALID');
    }
  });
});
