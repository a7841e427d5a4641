// SPDX-License-Identifier: Apache-2.0
import { stem } from 'porter2';

/** Name of the tokeniser; part of the index format, since another one gives another ranking. */
export const TOKENISER = 'sr/words/1';
/** Terms taken of one row; what a longer text says after them is not found by words. */
export const MAX_TERMS = 4096;
/** Distinct terms taken of one query. */
export const MAX_QUERY_TERMS = 256;
/** UTF-16 code units kept of one term. */
export const MAX_TERM_UNITS = 64;

// Bounded, so that a megabyte of letters costs no backtracking; what follows is the same word going on.
const WORD = /[\p{L}\p{N}\p{M}]{1,64}/gu;
const MAX_PARTS = 16;
// Single characters that join words to names: `s3:GetObject`, `user_id`, `docs/guide.md`, `a-b`.
const CONNECTORS = '-_.:/@#';
const HUMP = /(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/;
const ENGLISH = /^[a-z]{3,}$/;
const ASCII = /^[\x21-\x7e]*$/;
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** A run of words with a connector between each two, as offsets into the text. */
interface Name {
  readonly start: number;
  readonly end: number;
  readonly words: number;
}

const NO_NAME: Name = { start: 0, end: -2, words: 0 };

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
 * folded, English ones stemmed (Snowball English). Words joined by one of `- _ . : / @ #` give the whole name as well
 * as its parts, and camel case gives its humps, so that `s3:GetObject` is found by itself, by `getobject` and by
 * `get object`. Scripts written without spaces give pairs of neighbouring characters.
 *
 * Linear in the text, with at most {@link MAX_TERMS} terms of at most {@link MAX_TERM_UNITS} code units. A text without
 * letters or digits has no terms. Deterministic for one version of Unicode.
 */
export function termsOf(text: string): string[] {
  const terms: string[] = [];
  let name = NO_NAME;
  for (const match of text.matchAll(WORD)) {
    if (terms.length >= MAX_TERMS) break;
    const word = match[0];
    const start = match.index;
    const end = start + word.length;
    if (start === name.end) {
      name = { ...name, end };
      if (UNSPACED.test(word)) pushWord(terms, word);
      continue;
    }
    const joined = start === name.end + 1 && CONNECTORS.includes(text.charAt(name.end));
    if (joined && name.words < MAX_PARTS) {
      name = { start: name.start, end, words: name.words + 1 };
    } else {
      pushName(terms, text, name);
      name = { start, end, words: 1 };
    }
    pushWord(terms, word);
  }
  pushName(terms, text, name);
  return terms.slice(0, MAX_TERMS);
}

/**
 * The distinct terms of a query in order of appearance, without function words unless it has only those; at most
 * {@link MAX_QUERY_TERMS}.
 */
export function queryTermsOf(text: string): string[] {
  const terms = [...new Set(termsOf(text))];
  const telling = terms.filter((term) => !FUNCTION_WORDS.has(term));
  return (telling.length > 0 ? telling : terms).slice(0, MAX_QUERY_TERMS);
}

function pushName(terms: string[], text: string, name: Name): void {
  if (name.words < 2) return;
  terms.push(fold(text.slice(name.start, Math.min(name.end, name.start + MAX_TERM_UNITS))));
}

function pushWord(terms: string[], word: string): void {
  if (ENGLISH.test(word)) {
    // Most words of most texts.
    terms.push(stem(word));
    return;
  }
  if (UNSPACED.test(word)) {
    pushPairs(terms, word);
    return;
  }
  terms.push(wordTerm(word));
  const humps = word.split(HUMP, MAX_PARTS);
  if (humps.length > 1) for (const hump of humps) terms.push(wordTerm(hump));
}

function pushPairs(terms: string[], word: string): void {
  const characters = Array.from(fold(word));
  if (characters.length === 1) terms.push(characters.join(''));
  for (let i = 1; i < characters.length; i++) {
    terms.push(`${characters[i - 1] as string}${characters[i] as string}`);
  }
}

function wordTerm(word: string): string {
  const folded = fold(word);
  return ENGLISH.test(folded) ? stem(folded) : folded;
}

function fold(word: string): string {
  if (ASCII.test(word)) return word.toLowerCase();
  return word.normalize('NFKC').toLowerCase().slice(0, MAX_TERM_UNITS).toWellFormed();
}
