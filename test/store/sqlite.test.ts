// SPDX-License-Identifier: Apache-2.0
import { copyFile, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Database } from '../../src/store/index.ts';
import { codeThrownBy, expectRefusal } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const SCHEMA = `CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT`;
const OPTIONS = { schema: SCHEMA, synchronous: 'FULL' } as const;

function open(file: string): Database {
  const db = new Database(file, OPTIONS);
  onTestFinished(() => {
    db.close();
  });
  return db;
}

/** A database file with two notes, closed. */
function notes(): string {
  const file = path.join(temporaryFolder(), 'data', 'notes.sqlite');
  const db = new Database(file, OPTIONS);
  for (const text of ['first', 'second']) db.run('INSERT INTO note (text) VALUES (?)', text);
  db.close();
  return file;
}

/** Runs SQL as somebody else who may write the file. */
function meddle(file: string, sql: string): void {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
}

describe('a database', () => {
  it('keeps what was written, and is of its owner alone', async () => {
    const file = notes();
    const db = open(file);
    expect(db.all('SELECT text FROM note ORDER BY id')).toEqual([
      { text: 'first' },
      { text: 'second' },
    ]);
    for (const suffix of ['', '-wal', '-shm']) {
      expect([suffix, (await stat(file + suffix)).mode & 0o777]).toEqual([suffix, 0o600]);
    }
    expect((await stat(path.dirname(file))).mode & 0o777).toBe(0o700);
  });

  it('does all of a transaction or nothing', () => {
    const db = open(notes());
    const work = (): void =>
      db.transaction(() => {
        db.run("INSERT INTO note (text) VALUES ('third')");
        throw new Error('half way');
      });
    expect(work).toThrow('half way');
    expect(db.all('SELECT * FROM note')).toHaveLength(2);
    db.run("INSERT INTO note (text) VALUES ('third')");
    expect(db.all('SELECT * FROM note')).toHaveLength(3);
  });

  it('overwrites what is deleted, in the file and in the write-ahead log', async () => {
    const file = notes();
    const db = open(file);
    const secret = 'CANARY-of-the-database';
    db.run('INSERT INTO note (text) VALUES (?)', secret);
    expect(await everyByte(file)).toContain(secret);
    db.run('DELETE FROM note WHERE text = ?', secret);
    db.truncateLog();
    expect(await everyByte(file)).not.toContain(secret);
  });

  it('says that a log cannot be emptied while somebody reads', () => {
    const file = notes();
    const db = open(file);
    db.exec('PRAGMA busy_timeout = 0');
    const reader = new DatabaseSync(file);
    reader.exec('BEGIN; SELECT * FROM note');
    db.run('DELETE FROM note');
    expectRefusal(() => {
      db.truncateLog();
    }, 'VAULT_LOCKED');
    reader.close();
    db.truncateLog();
  });

  it('says STORE_FULL when SQLite does, and keeps what was there', () => {
    const db = open(notes());
    db.exec('PRAGMA max_page_count = 3');
    const large = 'x'.repeat(20_000);
    expectRefusal(() => db.run('INSERT INTO note (text) VALUES (?)', large), 'STORE_FULL');
    const inTransaction = (): void =>
      db.transaction(() => {
        db.run('DELETE FROM note');
        db.run('INSERT INTO note (text) VALUES (?)', large);
      });
    expectRefusal(inTransaction, 'STORE_FULL');
    expect(db.all('SELECT * FROM note')).toHaveLength(2);
  });

  it('says VAULT_LOCKED when another process writes for too long', () => {
    const file = notes();
    const db = open(file);
    db.exec('PRAGMA busy_timeout = 0');
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    expectRefusal(() => db.run('DELETE FROM note'), 'VAULT_LOCKED');
    other.close();
    expect(db.run('DELETE FROM note')).toBe(2);
  });

  it('says STORE_FAILED for a number that JavaScript cannot hold', () => {
    const file = notes();
    meddle(file, 'UPDATE note SET id = 9223372036854775807 WHERE id = 1');
    expectRefusal(() => open(file).all('SELECT * FROM note'), 'STORE_FAILED');
  });
});

describe('a file that is no database of ours', () => {
  it.each([
    ['text', 'not a database, but long enough to look at'.repeat(40)],
    ['a damaged header', 'SQLite format 3\0'.padEnd(4096, '\xff')],
  ])('is refused: %s', async (_, content) => {
    const file = path.join(temporaryFolder(), 'x.sqlite');
    await writeFile(file, content, 'latin1');
    expectRefusal(() => open(file), 'STORE_FAILED');
    expect(await readFile(file, 'latin1')).toBe(content);
  });

  it('is refused: a directory', () => {
    expectRefusal(() => open(temporaryFolder()), 'STORE_FAILED');
  });

  it.each([
    ['a trigger', 'CREATE TRIGGER t AFTER DELETE ON note BEGIN SELECT 1; END'],
    ['another table', 'CREATE TABLE kept (text TEXT)'],
    ['a view', 'CREATE VIEW v AS SELECT * FROM note'],
    ['an index', 'CREATE INDEX i ON note (text)'],
    ['another column', 'ALTER TABLE note ADD COLUMN more TEXT'],
    ['a table of another version', 'DROP TABLE note; CREATE TABLE note (id, text)'],
    ['the table renamed', 'ALTER TABLE note RENAME TO other'],
  ])('INV-DATABASE-SCHEMA: is refused with %s', (_, sql) => {
    const file = notes();
    meddle(file, sql);
    expectRefusal(() => open(file), 'STORE_FAILED');
  });

  it('is left as it is, when a link leads to a database of another program', async () => {
    const foreign = path.join(temporaryFolder(), 'places.sqlite');
    meddle(foreign, 'CREATE TABLE places (url TEXT)');
    const before = await readFile(foreign);
    const file = path.join(temporaryFolder(), 'keys.sqlite');
    await symlink(foreign, file);
    expectRefusal(() => open(file), 'STORE_FAILED');
    expect((await readFile(foreign)).equals(before)).toBe(true);
  });

  it('is told apart from a copy of ours', async () => {
    const file = notes();
    const copy = `${file}.copy`;
    await copyFile(file, copy);
    expect(codeThrownBy(() => open(copy))).toBeNull();
  });
});

/** The bytes of a database's files, as they stand on the disk. */
async function everyByte(file: string): Promise<string> {
  const parts = await Promise.all(
    ['', '-wal'].map((suffix) => readFile(file + suffix, 'latin1').catch(() => '')),
  );
  return parts.join('');
}
