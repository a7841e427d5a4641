// SPDX-License-Identifier: Apache-2.0
// What words are worth to one caller: counted over the rows of his classes and no others, remembered per class list and head.
import { LRUCache } from 'lru-cache';
import { hex, sha256, utf8 } from '../core/index.ts';
import { K1, LANGUAGES, queryTermsOf } from '../index/index.ts';
import type { BlindTokens } from './blind-tokens.ts';
import type { WordQuery } from './queries.ts';

/** Sizes of the rows that a caller may read, and how many of them hold each of some terms. */
export interface Counted {
  readonly rows: number;
  readonly documents: number;
  readonly classes: number;
  /** Terms of all rows, repeats included. */
  readonly length: number;
  /** Languages by which rows are stemmed. */
  readonly languages: readonly string[];
  /** In the order of the terms asked for. */
  readonly rowsWith: readonly number[];
}

/** Counts the rows of classes; `terms` are the forms of each term. */
export type Count = (
  classes: readonly number[],
  terms: readonly (readonly string[])[],
) => Promise<Counted>;

/** What is known of one class list at one head. */
interface Known extends Omit<Counted, 'rowsWith'> {
  /** By the tokens of a term, rows that hold it. */
  readonly rowsWith: Map<string, number>;
}

/** A query in words, weighed for one caller. */
export interface WeighedQuery {
  readonly words: WordQuery | null;
  readonly counted: Omit<Counted, 'rowsWith'>;
  /** Rows that hold a term, summed over the terms. */
  readonly postings: number;
}

const LISTS = 256;
/** Terms remembered for one class list. */
const TERMS = 10_000;
const ALL_LANGUAGES = LANGUAGES.map(({ code }) => code);

/** Statistics of callers. */
export class Statistics {
  readonly #tokens: BlindTokens;
  readonly #count: Count;
  readonly #known = new LRUCache<string, Known>({ max: LISTS });
  /** What forbids to use older counts: the head of the log, and writes of this process. */
  #epoch = '';

  constructor(tokens: BlindTokens, count: Count) {
    this.#tokens = tokens;
    this.#count = count;
  }

  /**
   * Weighs the words of a query over the rows of `classes`.
   * @param epoch counts of another epoch are not used
   */
  async weigh(text: string, classes: readonly number[], epoch: string): Promise<WeighedQuery> {
    if (epoch !== this.#epoch) this.#known.clear();
    this.#epoch = epoch;
    const key = hex(sha256(utf8(classes.join())));
    const known = await this.#counted(key, text, classes);
    const terms = this.#formsOf(text, known.languages).flatMap((tokens) => {
      const n = known.rowsWith.get(tokens.join()) ?? 0;
      if (n === 0) return [];
      // As in the embedded home, operation by operation.
      const weight = Math.log(1 + (known.rows - n + 0.5) / (n + 0.5)) * (K1 + 1);
      return [{ tokens, weight, n }];
    });
    const averageLength = known.length === 0 ? 1 : known.length / known.rows;
    return {
      words: terms.length === 0 ? null : { terms, averageLength },
      counted: known,
      postings: terms.reduce((sum, { n }) => sum + n, 0),
    };
  }

  async #counted(key: string, text: string, classes: readonly number[]): Promise<Known> {
    const before = this.#known.get(key);
    // Before anything is counted, every language may be there.
    const asked = this.#formsOf(text, before?.languages ?? ALL_LANGUAGES);
    const missing = asked.filter((tokens) => before?.rowsWith.has(tokens.join()) !== true);
    if (before !== undefined && missing.length === 0) return before;
    const { rowsWith, ...counted } = await this.#count(classes, missing);
    const known: Known = before ?? { ...counted, rowsWith: new Map() };
    if (known.rowsWith.size > TERMS) known.rowsWith.clear();
    // Forms of a language that no row is stemmed by are in no row: the count is that of the others.
    const kept = before === undefined ? this.#formsOf(text, counted.languages) : missing;
    kept.forEach((tokens, at) => known.rowsWith.set(tokens.join(), rowsWith[at] ?? 0));
    this.#known.set(key, known);
    return known;
  }

  /** For each term of a query, the tokens of its forms in English and in the given languages. */
  #formsOf(text: string, languages: readonly string[]): string[][] {
    const spoken = LANGUAGES.filter(({ code }) => languages.includes(code));
    return queryTermsOf(text).map((term) => {
      const forms = new Set([term.plain, ...spoken.map((language) => term.in(language))]);
      return [...forms].map((form) => this.#tokens.of(form));
    });
  }
}
