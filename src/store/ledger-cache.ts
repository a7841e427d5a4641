// SPDX-License-Identifier: Apache-2.0
import { rmSync } from 'node:fs';
import { isStrongroomError, jcs, parseJcs, utf8 } from '../core/index.ts';
import { typedFileError } from '../keys/index.ts';
import {
  type ClaimedState,
  type LedgerCache,
  nameOf,
  type StateRecord,
} from '../provenance/index.ts';
import { Database, numberOf, textOf } from './sqlite.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS leaf (kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (kind, name)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS size (id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL) STRICT`;

const OPTIONS = { schema: SCHEMA, synchronous: 'NORMAL' } as const;

/** Stands for unreadable content: it is no state of any log, so the ledger refuses it, tells, and replays. */
const FALSE_CLAIM: ClaimedState = { size: 1, records: [] };

/**
 * The ledger's state in a SQLite file of the vault, which lies in the hostile directory: the ledger recomputes the state
 * root from what `load` gives and compares it with a proven state entry before it uses a single row.
 */
export class SqliteLedgerCache implements LedgerCache {
  readonly #file: string;
  #wasDamaged = false;
  #db: Database;

  constructor(file: string) {
    this.#file = file;
    this.#db = this.#open();
  }

  // Promises, so that a damaged file rejects instead of throwing.
  // eslint-disable-next-line @typescript-eslint/require-await
  async load(): Promise<ClaimedState | null> {
    try {
      return this.#wasDamaged ? FALSE_CLAIM : this.#load();
    } catch (error) {
      this.#discard(error);
      return FALSE_CLAIM;
    }
  }

  // eslint-disable-next-line @typescript-eslint/require-await
  async save(size: number, records: readonly StateRecord[]): Promise<void> {
    // Records without those before them are no state; the next start replays the log.
    if (this.#wasDamaged) return;
    try {
      this.#db.transaction(() => this.#write(size, records));
    } catch (error) {
      this.#discard(error);
    }
  }

  // eslint-disable-next-line @typescript-eslint/require-await
  async replace(size: number, records: readonly StateRecord[]): Promise<void> {
    try {
      this.#rewrite(size, records);
    } catch (error) {
      // Pages that are damaged may first be met here.
      this.#discard(error);
      this.#rewrite(size, records);
    }
    this.#wasDamaged = false;
  }

  close(): void {
    this.#db.close();
  }

  #load(): ClaimedState | null {
    const size = this.#db.get('SELECT size FROM size WHERE id = 1');
    if (size === null) return null;
    const records: StateRecord[] = [];
    for (const row of this.#db.all('SELECT kind, name, value FROM leaf')) {
      const record = parseRecord(textOf(row, 'kind'), textOf(row, 'value'));
      if (record === null || nameOf(record) !== textOf(row, 'name')) return FALSE_CLAIM;
      records.push(record);
    }
    return { size: numberOf(size, 'size'), records };
  }

  #rewrite(size: number, records: readonly StateRecord[]): void {
    this.#db.transaction(() => {
      this.#db.exec('DELETE FROM leaf');
      this.#write(size, records);
    });
  }

  #write(size: number, records: readonly StateRecord[]): void {
    for (const record of records) {
      const values = [record.kind, nameOf(record), jcs(record.value)] as const;
      this.#db.run('INSERT OR REPLACE INTO leaf VALUES (?, ?, ?)', ...values);
    }
    this.#db.run('INSERT OR REPLACE INTO size VALUES (1, ?)', size);
  }

  #open(): Database {
    try {
      return new Database(this.#file, OPTIONS);
    } catch (error) {
      if (!isStrongroomError(error, 'STORE_FAILED')) throw error;
      return this.#fresh();
    }
  }

  /** A file that cannot be used is thrown away: it is a cache, and the log has everything. */
  #discard(error: unknown): void {
    if (!isStrongroomError(error, 'STORE_FAILED')) throw error;
    this.#db.close();
    this.#db = this.#fresh();
  }

  #fresh(): Database {
    this.#wasDamaged = true;
    try {
      for (const suffix of ['', '-wal', '-shm']) rmSync(this.#file + suffix, { force: true });
    } catch (error) {
      throw typedFileError(error);
    }
    return new Database(this.#file, OPTIONS);
  }
}

/** A record as `save` wrote it; its fields are not checked, since only the state root can tell whether they are true. */
function parseRecord(kind: string, text: string): StateRecord | null {
  try {
    const value = parseJcs(utf8(text));
    const isRecord = typeof value === 'object' && value !== null;
    return isRecord ? ({ kind, value } as unknown as StateRecord) : null;
  } catch (error) {
    if (isStrongroomError(error)) return null;
    throw error;
  }
}
