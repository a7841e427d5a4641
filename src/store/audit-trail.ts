// SPDX-License-Identifier: Apache-2.0
import {
  type AuditEvent,
  type AuditSink,
  type Clock,
  hex,
  type Hex,
  isStrongroomError,
  jcs,
  sha256,
  utf8,
} from '../core/index.ts';
import { Database, type DatabaseOptions, numberOf, textOf } from './sqlite.ts';

const SCHEMA = `CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY, line TEXT NOT NULL, hash TEXT NOT NULL) STRICT`;
const START = '0'.repeat(64);

/** One event as kept: its position, the hash of the line before it, its time in Unix milliseconds. */
export interface AuditRecord extends AuditEvent {
  readonly seq: number;
  readonly prev: Hex;
  readonly time: number;
}

/** Where a trail ends. Kept elsewhere, it shows later that nothing before it was removed or rewritten. */
export interface AuditHead {
  /** Events so far. */
  readonly size: number;
  /** Hash of the last one; zeros when there is none. */
  readonly hash: Hex;
}

/** Audit events that can be read again, in a chain that shows whether one was changed or taken out. */
export interface AuditTrail extends AuditSink {
  /** Events from `seq` on, oldest first. */
  events(from?: number): AuditRecord[];
  /** Where the trail ends. */
  head(): AuditHead;
  /**
   * The first position at which the chain does not hold, or null when it is whole.
   * @param since an end that the trail once had, which it must still contain
   */
  firstBreak(since?: AuditHead): number | null;
}

/** What may happen thousands of times a second, and is written together with what happens in the same turn. */
const FREQUENT: ReadonlySet<string> = new Set(['search', 'context']);
/** Frequent events after which they are written all the same. */
const TOGETHER = 64;

/** Events that may wait for a disk that is full, or for another process that writes. */
const MAX_WAITING = 1000;

/** A hash-chained audit trail in a SQLite file of the home directory; several processes may write to it. */
export class SqliteAuditTrail implements AuditTrail {
  readonly #db: Database;
  readonly #clock: Clock;
  #waiting: (AuditEvent & { readonly time: number })[] = [];
  #turn: NodeJS.Immediate | null = null;

  /** @param options how long to wait for another process */
  constructor(file: string, clock: Clock, options: Pick<DatabaseOptions, 'patience'> = {}) {
    this.#db = new Database(file, { ...options, schema: SCHEMA, synchronous: 'NORMAL' });
    this.#clock = clock;
  }

  /**
   * Keeps an event. That somebody was served is written at the end of this turn of the event loop, with others of its
   * kind; everything else at once, with what waits before it. What cannot be written now waits in memory for the next call.
   * @throws {STORE_FULL} and the other errors of a database once 1,000 events wait: nothing goes on unrecorded for long
   */
  record(event: AuditEvent): void {
    if (this.#waiting.length >= MAX_WAITING) this.#writeWaiting();
    const kept = { ...event, time: this.#clock.now() };
    // An event without a canonical form is a bug of the caller, who must hear of it; those behind it must not wait.
    jcs(kept);
    this.#waiting.push(kept);
    const mayWait = event.outcome === 'ok' && FREQUENT.has(event.event);
    if (mayWait && this.#waiting.length < TOGETHER) {
      this.#turn ??= setImmediate(() => {
        this.#writeWhatCan();
      });
    } else this.#writeWhatCan();
  }

  /** Where the trail ends. */
  head(): AuditHead {
    this.#writeWhatCan();
    return this.#end();
  }

  #end(): AuditHead {
    const last = this.#db.get('SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1');
    return last === null
      ? { size: 0, hash: START }
      : { size: numberOf(last, 'seq') + 1, hash: textOf(last, 'hash') };
  }

  /** Events from `seq` on, oldest first. */
  events(from = 0): AuditRecord[] {
    this.#writeWhatCan();
    const rows = this.#db.all('SELECT line FROM event WHERE seq >= ? ORDER BY seq', from);
    return rows.map((row) => JSON.parse(textOf(row, 'line')) as AuditRecord);
  }

  /**
   * The first position at which the chain does not hold, or null when it is whole.
   * @param since an end that the trail once had, which it must still contain
   */
  firstBreak(since: AuditHead = { size: 0, hash: START }): number | null {
    this.#writeWhatCan();
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
      if (seq === since.size && own !== since.hash) return seq - 1;
    }
    return seq < since.size ? seq : null;
  }

  /** Writes what waits and closes the file. @throws {STORE_FULL} and the other errors of a database when it is lost */
  close(): void {
    try {
      this.#writeWaiting();
    } finally {
      this.#db.close();
    }
  }

  /** What cannot be written stays. */
  #writeWhatCan(): void {
    try {
      this.#writeWaiting();
    } catch (error) {
      if (!isStrongroomError(error)) throw error;
    }
  }

  #writeWaiting(): void {
    if (this.#turn !== null) clearImmediate(this.#turn);
    this.#turn = null;
    if (this.#waiting.length === 0) return;
    this.#db.transaction(() => {
      let { size, hash } = this.#end();
      for (const event of this.#waiting) {
        const line = jcs({ ...event, prev: hash, seq: size });
        hash = hex(sha256(utf8(line)));
        this.#db.run('INSERT INTO event VALUES (?, ?, ?)', size, line, hash);
        size += 1;
      }
    });
    this.#waiting = [];
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
