// SPDX-License-Identifier: Apache-2.0
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ClaimedState, LedgerCache, StateRecord } from '../../src/provenance/index.ts';
import { SqliteLedgerCache } from '../../src/store/index.ts';
import { MemoryCache } from '../support/log-world.ts';
import { digestOf } from '../support/log-author.ts';
import { Replica } from '../support/replica.ts';
import { expectRefusal } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** The class record and, in two versions, one document of a real ledger. */
async function someRecords(): Promise<[StateRecord, StateRecord, StateRecord]> {
  const replica = await Replica.founded();
  const acl = replica.lookup('acl', digestOf('class'));
  if (acl === null) throw new Error('the test has a class');
  const first = await replica.ingest('a');
  const second = await replica.ingest('a');
  return [
    { kind: 'acl', value: acl },
    { kind: 'doc', value: first },
    { kind: 'doc', value: second },
  ];
}

function openFile(file: string): SqliteLedgerCache {
  const cache = new SqliteLedgerCache(file);
  onTestFinished(() => {
    cache.close();
  });
  return cache;
}

const newFile = (): string => path.join(temporaryFolder(), 'ledger.sqlite');

const sorted = (claim: ClaimedState | null): ClaimedState | null =>
  claim && { ...claim, records: claim.records.toSorted((a, b) => (a.kind < b.kind ? -1 : 1)) };

/** A claim that no log can bear out. */
const FALSE_CLAIM: ClaimedState = { size: 1, records: [] };

describe.each<[string, () => { cache: LedgerCache; again: () => LedgerCache }]>([
  [
    'in a file',
    () => {
      const file = newFile();
      return { cache: openFile(file), again: () => openFile(file) };
    },
  ],
  [
    'in memory',
    () => {
      const cache = new MemoryCache();
      return { cache, again: () => cache };
    },
  ],
])('a ledger cache %s', (_, make) => {
  it('has nothing at first', async () => {
    expect(await make().cache.load()).toBeNull();
  });

  it('gives back what was saved, in its newest version, to the next process too', async () => {
    const [acl, first, second] = await someRecords();
    const { cache, again } = make();
    await cache.save(10, [acl, first]);
    await cache.save(12, [second]);
    expect(sorted(await again().load())).toEqual({ size: 12, records: [acl, second] });
  });

  it('forgets what was there when it is replaced', async () => {
    const [acl, first] = await someRecords();
    const { cache, again } = make();
    await cache.save(10, [acl]);
    await cache.replace(11, [first]);
    expect(await again().load()).toEqual({ size: 11, records: [first] });
  });
});

describe('a ledger cache in a file', () => {
  it.each([
    ['another name of a record', "UPDATE leaf SET name = 'x' WHERE kind = 'doc'"],
    ['no JSON', "UPDATE leaf SET value = '{'"],
    ['JSON that is not canonical', `UPDATE leaf SET value = value || ' '`],
    ['no object', "UPDATE leaf SET value = 'null'"],
    ['an unknown kind', "UPDATE leaf SET kind = 'other'"],
    ['a size that is no count', 'UPDATE size SET size = 9223372036854775807'],
  ])('makes %s a claim that the ledger refuses', async (_, sql) => {
    const file = newFile();
    const cache = new SqliteLedgerCache(file);
    await cache.save(10, (await someRecords()).slice(0, 2));
    cache.close();
    const db = new DatabaseSync(file);
    db.exec(sql);
    db.close();
    expect(await openFile(file).load()).toEqual(FALSE_CLAIM);
  });

  it.each([
    ['text', 'not a database, but long enough to be looked at'.repeat(30)],
    ['half a header', 'SQLite format 3\0'],
  ])('is made anew in the place of %s', async (_, content) => {
    const file = newFile();
    await writeFile(file, content);
    const [acl] = await someRecords();
    const cache = openFile(file);
    expect(await cache.load()).toEqual(FALSE_CLAIM);
    // Records without those before them are no state.
    await cache.save(10, [acl]);
    expect(await cache.load()).toEqual(FALSE_CLAIM);
    await cache.replace(10, [acl]);
    expect(await cache.load()).toEqual({ size: 10, records: [acl] });
    await cache.save(11, [acl]);
    expect((await openFile(file).load())?.size).toBe(11);
  });

  it('is made anew when a trigger was planted in it', async () => {
    const file = newFile();
    openFile(file);
    const db = new DatabaseSync(file);
    db.exec('CREATE TRIGGER t AFTER INSERT ON leaf BEGIN DELETE FROM leaf; END');
    db.close();
    const [acl] = await someRecords();
    const cache = openFile(file);
    await cache.replace(10, [acl]);
    expect(await cache.load()).toEqual({ size: 10, records: [acl] });
  });

  it.each([1, 2, 3])('is made anew when page %d is damaged', async (page) => {
    const file = newFile();
    const records = await someRecords();
    const filled = new SqliteLedgerCache(file);
    await filled.save(10, records.slice(0, 2));
    filled.close();
    const bytes = await readFile(file);
    const offset = page === 1 ? 100 : (page - 1) * 4096;
    bytes.fill(0xa5, offset, offset + 1000);
    await writeFile(file, bytes);
    const cache = openFile(file);
    const claim = await cache.load();
    expect([10, 1]).toContain(claim?.size);
    await cache.replace(12, [records[2]]);
    expect(await cache.load()).toEqual({ size: 12, records: [records[2]] });
  });

  it('says STORE_FAILED when its name belongs to a directory', async () => {
    const file = newFile();
    await mkdir(file);
    await writeFile(path.join(file, 'x'), 'x');
    expectRefusal(() => openFile(file), 'STORE_FAILED');
  });
});
