// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { fail, jcs } from '../core/index.ts';
import { INITIAL_LOCK, type LockState, type LockStore } from '../provenance/index.ts';
import { Database, textOf } from './sqlite.ts';

const SCHEMA = `CREATE TABLE IF NOT EXISTS lock (id INTEGER PRIMARY KEY CHECK (id = 1), state TEXT NOT NULL) STRICT`;
const hex32 = z.string().regex(/^[0-9a-f]{64}$/);
const head = { size: z.int().min(0), root: hex32 };
const stateSchema = z.strictObject({
  fence: z.int().min(0),
  signed: z.strictObject(head).nullable(),
  pending: z.strictObject({ ...head, stagingDigest: hex32 }).nullable(),
});

/** Reads a lock record. @throws {STORE_FAILED} when it is damaged */
export function parseLock(text: string): LockState {
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch (error) {
    throw fail('STORE_FAILED', 'the lock record of the sequencer is damaged', {}, error);
  }
}

/** The sequencer's lock record in a SQLite file of the home directory, outside the vault. */
export class SqliteLockStore implements LockStore {
  readonly #db: Database;

  constructor(file: string) {
    this.#db = new Database(file, { schema: SCHEMA, synchronous: 'FULL' });
  }

  // Promises, so that a damaged file rejects instead of throwing.
  // eslint-disable-next-line @typescript-eslint/require-await
  async read(): Promise<LockState> {
    return this.#read();
  }

  // eslint-disable-next-line @typescript-eslint/require-await
  async swap(expected: LockState, next: LockState): Promise<boolean> {
    return this.#db.transaction(() => {
      if (jcs(this.#read()) !== jcs(expected)) return false;
      this.#db.run('INSERT OR REPLACE INTO lock VALUES (1, ?)', jcs(next));
      return true;
    });
  }

  close(): void {
    this.#db.close();
  }

  #read(): LockState {
    const row = this.#db.get('SELECT state FROM lock WHERE id = 1');
    if (row === null) return INITIAL_LOCK;
    return parseLock(textOf(row, 'state'));
  }
}
