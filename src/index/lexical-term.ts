// SPDX-License-Identifier: Apache-2.0
import { type Language, LANGUAGES } from './language.ts';
import type { TermHashKey } from './term-hash.ts';
import { hashTerm, type HashedTerm } from './term-table.ts';
import type { QueryTerm } from './words.ts';

/** A term of a query, ready to be looked up; stems of other languages are made when a class has texts in them. */
export class LexicalTerm {
  readonly #term: QueryTerm;
  readonly #key: TermHashKey;
  readonly #plain: HashedTerm;
  readonly #forms = new Map<number, HashedTerm | null>();

  constructor(key: TermHashKey, term: QueryTerm) {
    this.#term = term;
    this.#key = key;
    this.#plain = hashTerm(key, term.plain);
  }

  /** The distinct forms that texts in English and in the given languages may hold. */
  *formsFor(languages: ReadonlySet<number>): Generator<HashedTerm> {
    yield this.#plain;
    for (const no of languages) {
      const form = this.#formIn(no);
      if (form !== null) yield form;
    }
  }

  /** Null when it is the plain one. */
  #formIn(no: number): HashedTerm | null {
    const known = this.#forms.get(no);
    if (known !== undefined) return known;
    const language: Language | undefined = LANGUAGES[no];
    const term = language === undefined ? this.#term.plain : this.#term.in(language);
    const form = term === this.#term.plain ? null : hashTerm(this.#key, term);
    this.#forms.set(no, form);
    return form;
  }
}
