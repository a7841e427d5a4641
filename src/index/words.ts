// SPDX-License-Identifier: Apache-2.0
import { stem } from 'porter2';
import { type Language, LANGUAGES, languageOfQuery } from './language.ts';

/** Name of the tokeniser; part of the index format, since another one gives another ranking. */
export const TOKENISER = 'sr/words/2';
/** Terms taken of one row; what a longer text says after them is not found by words. */
export const MAX_TERMS = 4096;
/** Distinct terms taken of one query. */
export const MAX_QUERY_TERMS = 256;
/** UTF-16 code units kept of one term. */
const MAX_TERM_UNITS = 64;

// Bounded, so that a megabyte of letters costs no backtracking; what follows is the same word going on.
const WORD = /[\p{L}\p{N}\p{M}]{1,64}/gu;
const MAX_PARTS = 16;
// Single characters that join words to names: `s3:GetObject`, `user_id`, `docs/guide.md`, `a-b`.
const CONNECTORS = '-_.:/@#';
const HUMP = /(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/;
const ENGLISH = /^[a-z]{3,}$/;
const LETTERS = /^\p{L}{3,}$/u;
const ASCII = /^[\x21-\x7e]*$/;
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

const segmenter = new Intl.Segmenter('ja', { granularity: 'word' });
const LONGEST_SCRIPT_WORD = 8;

/** A run of words with a connector between each two, as offsets into the text. */
interface Name {
  readonly start: number;
  readonly end: number;
  readonly words: number;
}

const NO_NAME: Name = { start: 0, end: -2, words: 0 };

/** Leaves words as they are. */
const LITERAL: Language = { code: '', functionWords: new Set(), stem: (word) => word };
const NO_WORDS: ReadonlySet<string> = new Set();

/** Words that hold a sentence together; a query is searched without them unless it holds nothing else. */
const FUNCTION_WORDS: ReadonlySet<string> = new Set(
  termsOf(
    `a an and are as at be but by can do does for from had has have he her his how i if in into is it its me my no not
     of on or our s she so t than that the their them then there these they this to was we were what when where which
     who why will with would you your`,
  ),
);

/**
 * The terms of a text, roughly in order of appearance: words of letters, marks and digits in any script, NFKC and case
 * folded, stemmed by Snowball. Words joined by one of `- _ . : / @ #` give the whole name as well as its parts, and camel
 * case gives its humps, so that `s3:GetObject` is found by itself, by `getobject` and by `get object`. Scripts written
 * without spaces give pairs of neighbouring characters, and the words that a segmenter sees where these are no pairs.
 *
 * Stems of another language than English carry its code, as in `=de=hau`: a stem says something within its language
 * only. Every language gives the same number of terms, each at the same place.
 *
 * Linear in the text, with at most {@link MAX_TERMS} terms of at most {@link MAX_TERM_UNITS} code units and the code. A
 * text without letters or digits has no terms. Deterministic for one version of Unicode.
 */
export function termsOf(text: string, language: Language | null = null): string[] {
  const terms: string[] = [];
  let name = NO_NAME;
  for (const match of text.matchAll(WORD)) {
    if (terms.length >= MAX_TERMS) break;
    const word = match[0];
    const start = match.index;
    const end = start + word.length;
    if (start === name.end) {
      name = { ...name, end };
      if (UNSPACED.test(word)) pushWord(terms, word, language);
      continue;
    }
    const joined = start === name.end + 1 && CONNECTORS.includes(text.charAt(name.end));
    if (joined && name.words < MAX_PARTS) {
      name = { start: name.start, end, words: name.words + 1 };
    } else {
      pushName(terms, text, name);
      name = { start, end, words: 1 };
    }
    pushWord(terms, word, language);
  }
  pushName(terms, text, name);
  return terms.slice(0, MAX_TERMS);
}

/** A word of a query in all the forms in which texts may hold it. */
export class QueryTerm {
  /** The term in English texts, and in all others if it is no word of letters. */
  readonly plain: string;
  readonly #text: string;

  constructor(plain: string, text: string) {
    this.plain = plain;
    this.#text = text;
  }

  /** The term in texts of a language. */
  in(language: Language): string {
    return LETTERS.test(this.#text) ? tagged(this.#text, language) : this.plain;
  }
}

/**
 * The distinct terms of a query in order of appearance, without function words of its language unless it has only those;
 * at most {@link MAX_QUERY_TERMS}.
 */
export function queryTermsOf(text: string): QueryTerm[] {
  const spoken = languageOfQuery(text);
  const words = spoken === null ? NO_WORDS : (LANGUAGES[spoken] as Language).functionWords;
  const terms = new Map<string, QueryTerm>();
  // Unstemmed, place by place, for the stems of other languages.
  const literal = termsOf(text, LITERAL);
  for (const [at, plain] of termsOf(text).entries()) {
    if (!terms.has(plain)) terms.set(plain, new QueryTerm(plain, literal[at] as string));
  }
  const all = [...terms.values()];
  const telling = all.filter(({ plain }) => !FUNCTION_WORDS.has(plain) && !words.has(plain));
  return (telling.length > 0 ? telling : all).slice(0, MAX_QUERY_TERMS);
}

function pushName(terms: string[], text: string, name: Name): void {
  if (name.words < 2) return;
  terms.push(fold(text.slice(name.start, Math.min(name.end, name.start + MAX_TERM_UNITS))));
}

function pushWord(terms: string[], word: string, language: Language | null): void {
  if (language === null && ENGLISH.test(word)) {
    // Most words of most texts.
    terms.push(stem(word));
    return;
  }
  if (UNSPACED.test(word)) {
    pushUnspaced(terms, word);
    return;
  }
  terms.push(wordTerm(word, language));
  const humps = word.split(HUMP, MAX_PARTS);
  if (humps.length > 1) for (const hump of humps) terms.push(wordTerm(hump, language));
}

function pushUnspaced(terms: string[], word: string): void {
  const folded = fold(word);
  const characters = Array.from(folded);
  for (let i = 1; i < characters.length; i++) {
    terms.push(`${characters[i - 1] as string}${characters[i] as string}`);
  }
  // A word of one character is in no pair, and one of more is more telling than its pairs.
  for (const { segment } of segmenter.segment(folded)) {
    const length = Array.from(segment).length;
    if (length !== 2 && length <= LONGEST_SCRIPT_WORD) terms.push(segment);
  }
}

function wordTerm(word: string, language: Language | null): string {
  const folded = fold(word);
  if (language !== null) return LETTERS.test(folded) ? tagged(folded, language) : folded;
  return ENGLISH.test(folded) ? stem(folded) : folded;
}

function tagged(word: string, language: Language): string {
  return language === LITERAL ? word : `=${language.code}=${language.stem(word)}`;
}

function fold(word: string): string {
  if (ASCII.test(word)) return word.toLowerCase();
  return word.normalize('NFKC').toLowerCase().slice(0, MAX_TERM_UNITS).toWellFormed();
}
