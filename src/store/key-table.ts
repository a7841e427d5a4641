// SPDX-License-Identifier: Apache-2.0
import { type Hex, need } from '../core/index.ts';
import { type KeyRef, ROW_BYTES, type SealKind } from '../keys/index.ts';
import { bytesOf, Database, numberOf, textOf } from './sqlite.ts';

/** A wrapped data key and what it opens. */
export interface KeyRow {
  readonly ref: KeyRef;
  /** SHA-256 of the sealed object, hex: two racing writers of one version must not overwrite each other's key. */
  readonly objectDigest: Hex;
  /** 92 bytes. */
  readonly row: Uint8Array;
}

/** Names a row without its key. */
export type KeyRowName = Omit<KeyRow, 'row'>;

/** Wrapped data keys by what they open. Whoever can delete rows can erase; nobody can forge them. */
export interface KeyTable {
  /** Adds rows in one step; an existing row stays as it is. Durable on return. */
  putAll(rows: readonly KeyRow[]): Promise<void>;
  /** The row of an object, or null. */
  get(ref: KeyRef, objectDigest: Hex): Promise<Uint8Array | null>;
  /** Replaces rows that exist, in one step (rewrapping). */
  replaceAll(rows: readonly KeyRow[]): Promise<void>;
  /** Removes rows beyond recovery from this table. @returns rows removed */
  purgeRows(rows: readonly KeyRowName[]): Promise<number>;
  /** Names every row of (kind, id), all numbers, in no particular order. */
  namesOf(tenantId: string, kind: SealKind, id: string): Promise<readonly KeyRowName[]>;
  /** Every row of a tenant, in no particular order. */
  list(tenantId: string): AsyncIterable<KeyRow>;
}

/** A row as a hostile table gave it, for further checks by its key. @throws {KEY_ROW_INVALID} for any other length than 92 bytes */
export function checkedRow(row: Uint8Array): Uint8Array {
  const isWhole = row.length === ROW_BYTES;
  need('INV-ROW-LENGTH', isWhole, 'KEY_ROW_INVALID', 'a wrapped key has the wrong length');
  return row;
}

const SCHEMA = `CREATE TABLE IF NOT EXISTS dek (
  tenant TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, no INTEGER NOT NULL,
  objectDigest TEXT NOT NULL, row BLOB NOT NULL,
  PRIMARY KEY (tenant, kind, id, no, objectDigest)
) STRICT, WITHOUT ROWID`;
const WHERE = 'tenant = ? AND kind = ? AND id = ? AND no = ? AND objectDigest = ?';

/** The key table in a SQLite file of the vault. */
export class SqliteKeyTable implements KeyTable {
  readonly #db: Database;

  constructor(file: string) {
    this.#db = new Database(file, { schema: SCHEMA, synchronous: 'FULL' });
  }

  putAll(rows: readonly KeyRow[]): Promise<void> {
    return this.#each(rows, ({ ref, objectDigest, row }) => {
      const values = [ref.tenantId, ref.kind, ref.id, ref.no, objectDigest, row] as const;
      const sql = 'INSERT INTO dek VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING';
      this.#db.run(sql, ...values);
    });
  }

  // Promises, so that a damaged table rejects instead of throwing.
  // eslint-disable-next-line @typescript-eslint/require-await
  async get(ref: KeyRef, objectDigest: Hex): Promise<Uint8Array | null> {
    const sql = `SELECT row FROM dek WHERE ${WHERE}`;
    const found = this.#db.get(sql, ref.tenantId, ref.kind, ref.id, ref.no, objectDigest);
    if (found === null) return null;
    return checkedRow(bytesOf(found, 'row'));
  }

  replaceAll(rows: readonly KeyRow[]): Promise<void> {
    return this.#each(rows, ({ ref, objectDigest, row }) => {
      const sql = `UPDATE dek SET row = ? WHERE ${WHERE}`;
      this.#db.run(sql, row, ref.tenantId, ref.kind, ref.id, ref.no, objectDigest);
    });
  }

  // eslint-disable-next-line @typescript-eslint/require-await
  async purgeRows(rows: readonly KeyRowName[]): Promise<number> {
    const removed = this.#db.transaction(() => {
      let count = 0;
      for (const { ref, objectDigest } of rows) {
        const sql = `DELETE FROM dek WHERE ${WHERE}`;
        count += this.#db.run(sql, ref.tenantId, ref.kind, ref.id, ref.no, objectDigest);
      }
      return count;
    });
    this.#db.truncateLog();
    return removed;
  }

  // eslint-disable-next-line @typescript-eslint/require-await
  async namesOf(tenantId: string, kind: SealKind, id: string): Promise<readonly KeyRowName[]> {
    const sql = 'SELECT no, objectDigest FROM dek WHERE tenant = ? AND kind = ? AND id = ?';
    return this.#db.all(sql, tenantId, kind, id).map((row) => ({
      ref: { tenantId, kind, id, no: numberOf(row, 'no') },
      objectDigest: textOf(row, 'objectDigest'),
    }));
  }

  // eslint-disable-next-line @typescript-eslint/require-await
  async *list(tenantId: string): AsyncGenerator<KeyRow> {
    for (const row of this.#db.all('SELECT * FROM dek WHERE tenant = ?', tenantId)) {
      const kind = textOf(row, 'kind') as SealKind;
      yield {
        ref: { tenantId, kind, id: textOf(row, 'id'), no: numberOf(row, 'no') },
        objectDigest: textOf(row, 'objectDigest'),
        row: bytesOf(row, 'row'),
      };
    }
  }

  close(): void {
    this.#db.close();
  }

  // eslint-disable-next-line @typescript-eslint/require-await
  async #each(rows: readonly KeyRow[], work: (row: KeyRow) => void): Promise<void> {
    this.#db.transaction(() => {
      rows.forEach(work);
    });
  }
}
