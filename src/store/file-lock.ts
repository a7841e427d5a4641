// SPDX-License-Identifier: Apache-2.0
import { DatabaseSync } from 'node:sqlite';
import { fail } from '../core/index.ts';

/** SQLite's code for a lock that somebody else holds. */
const BUSY = 5;

/**
 * An exclusive lock among processes. An exclusive transaction of SQLite is a lock of the system on the file (on Windows,
 * too), which ends with the process, however that ends; nothing is ever written in it.
 */
export class FileLock {
  readonly #db: DatabaseSync;

  private constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /**
   * Takes the lock, waiting in place for at most `patience` milliseconds.
   * @throws {VAULT_LOCKED} when somebody else holds it
   * @throws {STORE_FAILED} when the file cannot be used as a lock
   */
  static acquire(file: string, patience: number): FileLock {
    let db: DatabaseSync | null = null;
    try {
      db = new DatabaseSync(file);
      db.exec(`PRAGMA busy_timeout = ${patience}; BEGIN EXCLUSIVE`);
      return new FileLock(db);
    } catch (error) {
      db?.close();
      const errcode = (error as { errcode?: unknown }).errcode;
      if (typeof errcode !== 'number') throw error;
      throw (errcode & 0xff) === BUSY
        ? fail('VAULT_LOCKED', 'another process holds the lock', {}, error)
        : fail('STORE_FAILED', 'a lock file is damaged or unusable', { sqlite: errcode }, error);
    }
  }

  /** Lets the next one in. */
  release(): void {
    try {
      this.#db.exec('ROLLBACK');
    } finally {
      // Ends the transaction in any case, and with it the lock.
      this.#db.close();
    }
  }
}
