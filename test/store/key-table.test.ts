// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ROW_BYTES } from '../../src/keys/index.ts';
import { SqliteKeyTable } from '../../src/store/index.ts';
import { keyWorld } from '../support/key-world.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { expectRejection } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { A, describeKeyTable, get, row } from './key-table-conformance.ts';

const random = new SeededRandom('key table file');
const B = `d-${'b'.repeat(26)}`;

function open(file = `${temporaryFolder()}/keys.sqlite`): { table: SqliteKeyTable; file: string } {
  const table = new SqliteKeyTable(file);
  onTestFinished(() => {
    table.close();
  });
  return { table, file };
}

describeKeyTable('a key table in a file', () => {
  const { table, file } = open();
  return {
    table,
    again: () => open(file).table,
    tamper: (_, bytes) => {
      const db = new DatabaseSync(file);
      db.prepare('UPDATE dek SET row = ?').run(bytes);
      db.close();
    },
  };
});

describe('purging keys from a file', () => {
  it('leaves no byte of a row in the file or beside it, after many changes', async () => {
    const { table, file } = open();
    const gone = Array.from({ length: 50 }, (_, i) => row(A, i));
    for (const [i, each] of gone.entries()) await table.putAll([each, row(B, i)]);
    const wrapped = gone.map((each) => ({ ...each, row: random.bytes(ROW_BYTES) }));
    await table.replaceAll(wrapped);
    await table.purgeRows(await table.namesOf('acme', 'doc', A));
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
