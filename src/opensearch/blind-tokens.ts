// SPDX-License-Identifier: Apache-2.0
import { LRUCache } from 'lru-cache';
import { concat, hmac, lp, utf8 } from '../core/index.ts';

/** The one field of words; title, headings and body are weighed in its bag as in the embedded home. */
const FIELD = 'words';
/** Bytes kept of a token: two different terms of one vault share one with a chance of about n^2 / 2^73. */
const BYTES = 9;
const CACHED = 100_000;

/**
 * Words as the search engine sees them: `base64url(HMAC(K_token, LP(field) || LP(analyser) || term)[:9])`. Whoever
 * lacks the key learns how often terms occur, which occur together, how long rows are and which queries are equal; who has
 * it can test words.
 */
export class BlindTokens {
  readonly #key: Uint8Array;
  readonly #prefix: Uint8Array;
  readonly #known = new LRUCache<string, string>({ max: CACHED });

  /**
   * @param key the tenant's lookup key `token`
   * @param analyser names what cuts texts into terms
   */
  constructor(key: Uint8Array, analyser: string) {
    this.#key = key;
    this.#prefix = concat(lp(FIELD), lp(analyser));
  }

  /** The token of a term, 12 characters without white space. */
  of(term: string): string {
    const known = this.#known.get(term);
    if (known !== undefined) return known;
    const digest = hmac(this.#key, concat(this.#prefix, utf8(term)));
    const token = Buffer.from(digest.subarray(0, BYTES)).toString('base64url');
    this.#known.set(term, token);
    return token;
  }
}
