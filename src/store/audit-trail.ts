// SPDX-License-Identifier: Apache-2.0
import {
  type AuditEvent,
  type AuditSink,
  type Clock,
  hex,
  type Hex,
  jcs,
  sha256,
  utf8,
} from '../core/index.ts';
import { Database, numberOf, textOf } from './sqlite.ts';

const SCHEMA = `CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY, line TEXT NOT NULL, hash TEXT NOT NULL) STRICT`;
const START = '0'.repeat(64);

/** One event as kept: its position, the hash of the line before it, its time in Unix milliseconds. */
export interface AuditRecord extends AuditEvent {
  readonly seq: number;
  readonly prev: Hex;
  readonly time: number;
}

/** Audit events that can be read again, in a chain that shows whether one was changed or taken out. */
export interface AuditTrail extends AuditSink {
  /** Events from `seq` on, oldest first. */
  events(from?: number): AuditRecord[];
  /** The first position at which the chain does not hold, or null when it is whole. */
  firstBreak(): number | null;
}

/** A hash-chained audit trail in a SQLite file of the home directory; several processes may write to it. */
export class SqliteAuditTrail implements AuditTrail {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(file: string, clock: Clock) {
    this.#db = new Database(file, { schema: SCHEMA, synchronous: 'NORMAL' });
    this.#clock = clock;
  }

  record(event: AuditEvent): void {
    this.#db.transaction(() => {
      const last = this.#db.get('SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1');
      const seq = last === null ? 0 : numberOf(last, 'seq') + 1;
      const prev = last === null ? START : textOf(last, 'hash');
      const line = jcs({ ...event, prev, seq, time: this.#clock.now() });
      this.#db.run('INSERT INTO event VALUES (?, ?, ?)', seq, line, hex(sha256(utf8(line))));
    });
  }

  /** Events from `seq` on, oldest first. */
  events(from = 0): AuditRecord[] {
    const rows = this.#db.all('SELECT line FROM event WHERE seq >= ? ORDER BY seq', from);
    return rows.map((row) => JSON.parse(textOf(row, 'line')) as AuditRecord);
  }

  /** The first position at which the chain does not hold, or null when it is whole. */
  firstBreak(): number | null {
    let prev = START;
    let seq = 0;
    for (const row of this.#db.all('SELECT seq, line, hash FROM event ORDER BY seq')) {
      const line = textOf(row, 'line');
      const own = hex(sha256(utf8(line)));
      const place = placeOf(line);
      const isNext = numberOf(row, 'seq') === seq && place?.seq === seq && place.prev === prev;
      if (!isNext || own !== textOf(row, 'hash')) return seq;
      prev = own;
      seq += 1;
    }
    return null;
  }

  close(): void {
    this.#db.close();
  }
}

/** Where a line says that it stands, or null when it is no event. */
function placeOf(line: string): Partial<AuditRecord> | null {
  try {
    return JSON.parse(line) as Partial<AuditRecord> | null;
  } catch {
    return null;
  }
}
