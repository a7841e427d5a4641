// SPDX-License-Identifier: Apache-2.0
// What a query asks of passages besides being near: quoted phrases and facts of the document. Selection only ever takes
// passages away from what the caller may read.
import picomatch from 'picomatch';
import { fail } from '../core/index.ts';
import type { Passage } from './types.ts';

/** Facts that a passage's document must have: all that are named. */
export interface SearchFilter {
  /** Globs on the source name, of which one must match: `guides/**`. */
  readonly paths?: readonly string[];
  /** Media types, of which one must be the document's: `application/pdf`. */
  readonly mediaTypes?: readonly string[];
  /** Document ids, of which one must be the document's. */
  readonly docIds?: readonly string[];
}

/** Tells which passages a request wants. */
export interface Selection {
  /** Whether anything is asked at all. */
  readonly isOpen: boolean;
  /** By the name that the index claims, so that most of what does not match is never opened. */
  mayMatch(claimed: { readonly docId: string; readonly sourceUri: string }): boolean;
  /** By what was verified. */
  matches(passage: Passage): boolean;
}

const MAX_PHRASES = 16;
const MAX_VALUES = 100;
const MAX_GLOB = 1024;
const PHRASE = /"([^"]+)"|“([^”]+)”|«([^»]+)»/g;

/** The phrases that a query puts in quotation marks, each to be found word for word. */
export function phrasesOf(query: string): string[] {
  const quoted = [...query.matchAll(PHRASE)].map(([, a, b, c]) => folded(a ?? b ?? c ?? ''));
  return quoted.filter((phrase) => phrase !== '').slice(0, MAX_PHRASES);
}

/**
 * What a query and a filter select.
 * @throws {USAGE} for a filter with too many or malformed values
 */
export function selectionOf(query: string, filter: SearchFilter = {}): Selection {
  const phrases = phrasesOf(query);
  const paths = valuesOf(filter.paths);
  const isPath = paths === null ? null : picomatch([...paths], { dot: true });
  const mediaTypes = valuesOf(filter.mediaTypes);
  const docIds = valuesOf(filter.docIds);
  const isNamed = (docId: string, uri: string): boolean =>
    (isPath === null || isPath(uri)) && (docIds === null || docIds.includes(docId));
  return {
    isOpen: phrases.length === 0 && isPath === null && mediaTypes === null && docIds === null,
    mayMatch: ({ docId, sourceUri }) => isNamed(docId, sourceUri),
    matches({ docId, source, headings, text }) {
      if (!isNamed(docId, source.uri)) return false;
      if (mediaTypes !== null && !mediaTypes.includes(source.mediaType ?? '')) return false;
      if (phrases.length === 0) return true;
      const searched = folded([source.title ?? '', ...headings, text].join('\n'));
      return phrases.every((phrase) => holds(searched, phrase));
    },
  };
}

/** Whole words: `key` is not in `monkey`, and `s3:Get` not in `s3:GetObject`. */
function holds(text: string, phrase: string): boolean {
  const isWord = (at: number): boolean => /[\p{L}\p{N}\p{M}_]/u.test(text.charAt(at));
  const [startsInWord, endsInWord] = [
    /^[\p{L}\p{N}_]/u.test(phrase),
    /[\p{L}\p{N}_]$/u.test(phrase),
  ];
  for (let at = text.indexOf(phrase); at >= 0; at = text.indexOf(phrase, at + 1)) {
    const end = at + phrase.length;
    if (!(startsInWord && at > 0 && isWord(at - 1)) && !(endsInWord && isWord(end))) return true;
  }
  return false;
}

function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
}

/** A copy of some values, checked; null when nothing is demanded. An empty list matches nothing. */
function valuesOf(values: readonly string[] | undefined): readonly string[] | null {
  if (values === undefined) return null;
  const copy = [...values];
  const sound = copy.every((value) => typeof value === 'string' && value.length <= MAX_GLOB);
  if (!sound || copy.length > MAX_VALUES) {
    throw fail('USAGE', 'a filter of a search has too many values, or one that is none');
  }
  return copy;
}
