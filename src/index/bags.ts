// SPDX-License-Identifier: Apache-2.0
import type { PassageText } from './port.ts';
import { termsOf } from './words.ts';

/** Largest number of a term or row of one class: they share 32 bits with a count of 8. */
export const MAX_ID = 2 ** 24 - 1;
/** Occurrences of one term that count; BM25 is flat long before. */
export const MAX_OCCURRENCES = 255;

/** A term or row number with how often the term occurs. */
export function packed(id: number, occurrences: number): number {
  return ((id << 8) | occurrences) >>> 0;
}

/** The number of a packed entry. */
export function idOf(entry: number): number {
  return entry >>> 8;
}

/** The occurrences of a packed entry; 0 for one that was erased. */
export function occurrencesOf(entry: number): number {
  return entry & 0xff;
}

/** Where entries that ascend by number hold a number, or -1. */
export function findEntry(entries: Uint32Array, id: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (idOf(entries[middle] as number) < id) low = middle + 1;
    else high = middle;
  }
  return low < entries.length && idOf(entries[low] as number) === id ? low : -1;
}

/** The words of one row, without their order. */
export interface Bag {
  /** The terms that `entries` number; rows may share one lexicon. */
  readonly lexicon: readonly string[];
  /** One packed entry for each distinct term of the row. */
  readonly entries: Uint32Array;
  /** Number of terms of the row, repeats included. */
  readonly length: number;
}

/** The bags of a document's rows, over one lexicon. Title and headings are words of each of its rows. */
export function bagsOf(texts: readonly PassageText[]): Bag[] {
  const lexicon: string[] = [];
  const ids = new Map<string, number>();
  return texts.map((text) => {
    const terms = termsOf(indexedText(text));
    const counts = new Map<number, number>();
    for (const term of terms) {
      let id = ids.get(term);
      if (id === undefined) {
        id = lexicon.push(term) - 1;
        ids.set(term, id);
      }
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    const entries = Uint32Array.from(counts, ([id, n]) => packed(id, Math.min(n, MAX_OCCURRENCES)));
    return { lexicon, entries, length: terms.length };
  });
}

function indexedText({ title, headings, body }: PassageText): string {
  return [title ?? '', ...headings, body].join('\n');
}
