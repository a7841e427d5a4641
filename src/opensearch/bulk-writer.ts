// SPDX-License-Identifier: Apache-2.0
// Rows on their way into the engine, gathered into bulk requests; what an engine refuses in passing goes again.
import { setTimeout as sleep } from 'node:timers/promises';
import { fail, isStrongroomError } from '../core/index.ts';
import type { SearchService } from './connection.ts';
import { serviceError } from './service-error.ts';

/** What became of a row: `created`, or `present` when its id was there already, which is left as it was. */
export type RowOutcome = 'created' | 'present';

/** A row to be created. */
export interface NewRow {
  readonly id: string;
  readonly source: object;
}

interface Waiting {
  readonly row: NewRow;
  attempts: number;
  readonly resolve: (outcome: RowOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/** How much goes in one request, how many requests go at once, how often a row is tried. */
export interface BulkLimits {
  readonly rows?: number;
  readonly atOnce?: number;
  readonly attempts?: number;
}

const ROWS = 500;
const AT_ONCE = 2;
const ATTEMPTS = 6;

/** Creates rows in bulk. Back-pressure is in its promises: a caller that awaits them never has more than its own rows here. */
export class BulkWriter {
  readonly #service: SearchService;
  readonly #index: string;
  readonly #limits: Required<BulkLimits>;
  readonly #waiting: Waiting[] = [];
  #running = 0;

  /** @param index an alias; an index that is not there is never made by writing to it */
  constructor(service: SearchService, index: string, limits: BulkLimits = {}) {
    this.#service = service;
    this.#index = index;
    this.#limits = { rows: ROWS, atOnce: AT_ONCE, attempts: ATTEMPTS, ...limits };
  }

  /** Rows that one caller should hand over at a time. */
  get portion(): number {
    return this.#limits.rows * this.#limits.atOnce;
  }

  /**
   * Creates rows; each is there or not when the promise is fulfilled, and some may be there when it is rejected.
   * @throws {INDEX_UNAVAILABLE} {@link INDEX_REFUSED} for the first row that could not be created
   */
  create(rows: readonly NewRow[]): Promise<RowOutcome[]> {
    const created = rows.map(
      (row) =>
        new Promise<RowOutcome>((resolve, reject) => {
          this.#waiting.push({ row, attempts: 0, resolve, reject });
        }),
    );
    // In a later turn, so that documents that are written side by side share a request.
    setImmediate(() => this.#start());
    return Promise.all(created);
  }

  #start(): void {
    const { atOnce, rows } = this.#limits;
    while (this.#running < atOnce && this.#waiting.length > 0) {
      const taken = this.#waiting.splice(0, rows);
      this.#running += 1;
      void this.#send(taken).finally(() => {
        this.#running -= 1;
        this.#start();
      });
    }
  }

  async #send(rows: readonly Waiting[]): Promise<void> {
    try {
      const { body } = await this.#service.call({
        method: 'POST',
        path: `/${this.#index}/_bulk`,
        query: { require_alias: true, _source: false },
        lines: rows.flatMap(({ row }) => [{ create: { _id: row.id } }, row.source]),
      });
      const { items } = (body ?? {}) as { readonly items?: readonly unknown[] };
      if (!Array.isArray(items) || items.length !== rows.length)
        throw serviceError(null, 'answer_malformed');
      const again = rows.filter((row, at) => this.#settle(row, items[at]));
      if (again.length > 0) await this.#retry(again);
    } catch (error) {
      const reason = isStrongroomError(error) ? error : fail('INTERNAL', 'a bulk request failed');
      for (const { reject } of rows) reject(reason);
    }
  }

  /** @returns whether the row is to be sent again */
  #settle(waiting: Waiting, item: unknown): boolean {
    const { create } = (item ?? {}) as {
      readonly create?: { status?: unknown; error?: { type?: unknown } };
    };
    const status = typeof create?.status === 'number' ? create.status : null;
    if (status === 201 || status === 200) waiting.resolve('created');
    else if (status === 409) waiting.resolve('present');
    else {
      const error = serviceError(status, create?.error?.type);
      waiting.attempts += 1;
      const isPassing = error.code === 'INDEX_UNAVAILABLE';
      if (isPassing && waiting.attempts < this.#limits.attempts) return true;
      waiting.reject(error);
    }
    return false;
  }

  /** This request's place stays taken meanwhile: an engine that is full gets less. */
  async #retry(rows: readonly Waiting[]): Promise<void> {
    const attempts = Math.max(...rows.map((row) => row.attempts));
    await sleep(this.#service.pause(attempts));
    await this.#send(rows);
  }
}
