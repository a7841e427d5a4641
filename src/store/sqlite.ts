// SPDX-License-Identifier: Apache-2.0
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { fail, isStrongroomError, need } from '../core/index.ts';
import { codeOf, typedFileError } from '../keys/index.ts';

/** How a database must keep what it is given. */
export interface DatabaseOptions {
  readonly schema: string;
  /** FULL where a lost transaction would lose data; NORMAL for caches. */
  readonly synchronous: 'FULL' | 'NORMAL';
  /** Milliseconds to wait, in place, for somebody else's transaction; default 5,000. */
  readonly patience?: number;
}

const PATIENCE = 5000;

/** A SQLite file with one schema. Its content is as hostile as the directory it lies in. */
export class Database {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /**
   * Opens or makes a database; deleted rows are overwritten with zeros.
   * @throws {STORE_FAILED} when the file is no database, or has another schema
   */
  constructor(file: string, options: DatabaseOptions) {
    guarded(() => {
      makePrivate(file);
    });
    this.#db = guarded(() => new DatabaseSync(file));
    try {
      const { patience = PATIENCE } = options;
      this.exec(`PRAGMA busy_timeout = ${patience}; PRAGMA trusted_schema = OFF`);
      // Before anything is changed: a link may lead to a database of somebody else.
      const isNew = this.get('SELECT 1 FROM sqlite_schema') === null;
      if (!isNew) this.#checkSchema(options.schema);
      this.exec(`PRAGMA journal_mode = WAL; PRAGMA secure_delete = ON;
        PRAGMA synchronous = ${options.synchronous};`);
      if (isNew) this.#create(options.schema);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** Runs statements without results. */
  exec(sql: string): void {
    guarded(() => this.#db.exec(sql));
  }

  /** Runs one prepared statement. @returns rows changed */
  run(sql: string, ...values: SqlValue[]): number {
    return guarded(() => Number(this.#statement(sql).run(...values).changes));
  }

  /** The first row, or null. */
  get(sql: string, ...values: SqlValue[]): SqlRow | null {
    return guarded(() => (this.#statement(sql).get(...values) as SqlRow | undefined) ?? null);
  }

  /** All rows. */
  all(sql: string, ...values: SqlValue[]): SqlRow[] {
    return guarded(() => this.#statement(sql).all(...values) as SqlRow[]);
  }

  /** Runs `work` in one transaction: all of it, or nothing when it throws. */
  transaction<T>(work: () => T): T {
    this.run('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.run('COMMIT');
      return result;
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  /**
   * Moves the write-ahead log into the file and empties it, so that deleted rows are gone from both.
   * @throws {VAULT_LOCKED} when somebody is reading for so long that it cannot be done; nothing is lost: do it again
   */
  truncateLog(): void {
    const result = this.get('PRAGMA wal_checkpoint(TRUNCATE)');
    if (result?.['busy'] !== 0) throw fail('VAULT_LOCKED', 'a database of the vault is in use');
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  /** In one step: another process that opens the file meanwhile finds no schema, or all of it. */
  #create(schema: string): void {
    this.transaction(() => {
      this.exec(schema);
    });
    this.#checkSchema(schema);
  }

  /** A planted trigger would run with every change: it could keep what is erased, or undo what is saved. */
  #checkSchema(schema: string): void {
    const wanted = guarded(() => new DatabaseSync(':memory:'));
    guarded(() => wanted.exec(schema));
    const query = 'SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name, type';
    const expected = guarded(() => wanted.prepare(query).all());
    wanted.close();
    need(
      'INV-DATABASE-SCHEMA',
      JSON.stringify(this.all(query)) === JSON.stringify(expected),
      'STORE_FAILED',
      'a database of the vault has another schema',
    );
  }

  #rollback(): void {
    try {
      this.exec('ROLLBACK');
    } catch {
      // A full disk ends the transaction by itself; the caller shall hear of that, and not of this.
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** A value that SQLite stores. */
export type SqlValue = string | number | null | Uint8Array;
/** A row by column name; values are unchecked. */
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** The text of a column, or the empty text when the stored value is none. */
export function textOf(row: SqlRow, column: string): string {
  const value = row[column];
  return typeof value === 'string' ? value : '';
}

/** The number of a column, or NaN. */
export function numberOf(row: SqlRow, column: string): number {
  const value = row[column];
  return typeof value === 'number' ? value : Number.NaN;
}

/** The bytes of a column, or none. */
export function bytesOf(row: SqlRow, column: string): Uint8Array {
  const value = row[column];
  return value instanceof Uint8Array ? value : new Uint8Array(0);
}

/** SQLite would make the file readable for others; its companions get the mode of the file. */
function makePrivate(file: string): void {
  if (file === ':memory:') return;
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  try {
    // Only a new file: closing another handle of one that is open would end SQLite's locks on it.
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

const FULL = 13;
/** SQLITE_IOERR_SHMSIZE: shared memory of a write-ahead log could not grow, for want of space as SQLite documents it. */
const NO_ROOM_FOR_SHM = 4874;
const BUSY = 5;

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw isStrongroomError(error) ? error : typedError(error);
  }
}

/** SQLite's errors by their primary code; those of Node (a number too large for JavaScript) by their text. */
function typedError(error: unknown): unknown {
  const errcode = (error as { errcode?: unknown }).errcode;
  if (typeof errcode !== 'number')
    return codeOf(error) === undefined ? error : typedFileError(error);
  const primary = errcode & 0xff;
  if (primary === FULL || errcode === NO_ROOM_FOR_SHM)
    return fail('STORE_FULL', 'the disk is full', { sqlite: errcode }, error);
  if (primary === BUSY) {
    return fail('VAULT_LOCKED', 'a database of the vault is in use', {}, error);
  }
  const problem = 'a database of the vault is damaged or unusable';
  return fail('STORE_FAILED', problem, { sqlite: errcode }, error);
}
