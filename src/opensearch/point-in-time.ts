// SPDX-License-Identifier: Apache-2.0
import { isStrongroomError } from '../core/index.ts';
import type { SearchService } from './connection.ts';
import { serviceError } from './service-error.ts';

/** How long the engine keeps a state for a search that does not come back. Erased rows wait for it too. */
const KEEP = '1m';

/** One state of the index, which several passes of a search look at. */
export class PointInTime {
  readonly #service: SearchService;
  readonly #alias: string;
  #id: string | null = null;

  constructor(service: SearchService, alias: string) {
    this.#service = service;
    this.#alias = alias;
  }

  /** The part of a search's body that names it; the state of the first call. */
  async begin(): Promise<object> {
    if (this.#id === null) {
      const { body } = await this.#service.call({
        method: 'POST',
        path: `/${this.#alias}/_search/point_in_time`,
        query: { keep_alive: KEEP, allow_partial_pit_creation: false },
      });
      const { pit_id: id } = (body ?? {}) as { readonly pit_id?: unknown };
      if (typeof id !== 'string') throw serviceError(null, 'answer_malformed');
      this.#id = id;
    }
    return { pit: { id: this.#id, keep_alive: KEEP } };
  }

  /** Lets the state go. Nobody waits for it, and what fails ends by itself after a minute. */
  end(): void {
    const id = this.#id;
    if (id === null) return;
    this.#id = null;
    const body = { pit_id: [id] };
    this.#service
      .call({ method: 'DELETE', path: '/_search/point_in_time', body })
      .catch((error: unknown) => {
        if (!isStrongroomError(error)) throw error;
      });
  }
}
