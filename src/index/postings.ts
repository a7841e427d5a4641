// SPDX-License-Identifier: Apache-2.0
import { findEntry, idOf, occurrencesOf, packed } from './bags.ts';
import { NO_NUMBERS, withRoom } from './typed-arrays.ts';

/** Postings by term of the first `rows` rows: those of term t are `list[starts[t]..starts[t + 1]]`. */
interface Inverted {
  readonly rows: number;
  readonly starts: Uint32Array;
  readonly list: Uint32Array;
}

const NOTHING: Inverted = { rows: 0, starts: NO_NUMBERS, list: NO_NUMBERS };

/** So many entries are read row by row before it pays to invert them. */
const SMALL = 1024;

/**
 * Which terms occur in which rows of one class. Kept twice: by row, which is what is stored, moved and erased, and by
 * term, which is what is searched. The second is made from the first when enough rows have come in, so that adding
 * stays cheap, a tiny class never needs it, and a search reads few rows one by one.
 */
export class Postings {
  #entries = NO_NUMBERS;
  #ends = NO_NUMBERS;
  #rows = 0;
  #inverted = NOTHING;

  /** Adds the next row. `entries` are packed term ids, strictly ascending. */
  add(entries: Uint32Array): void {
    const start = this.#startOf(this.#rows);
    this.#entries = withRoom(this.#entries, start + entries.length);
    this.#entries.set(entries, start);
    this.#ends = withRoom(this.#ends, this.#rows + 1);
    this.#ends[this.#rows++] = start + entries.length;
  }

  /** The packed entries of a row: term ids, ascending, with their occurrences; all 0 in an erased row. A view. */
  ofRow(row: number): Uint32Array {
    return this.#entries.subarray(this.#startOf(row), this.#ends[row]);
  }

  /** The settled postings of a term: packed rows, ascending, with occurrences of 0 for erased rows. A view. */
  ofTerm(term: number): Uint32Array {
    const { starts, list } = this.#inverted;
    return list.subarray(starts[term] ?? list.length, starts[term + 1] ?? list.length);
  }

  /** {@link ofTerm} covers the rows below this one; the others are to be read with {@link ofRow}. */
  get settledRows(): number {
    return this.#inverted.rows;
  }

  /** Makes ready for a search; `terms` is the number of terms of the class. */
  settle(terms: number): void {
    const settled = this.#startOf(this.#inverted.rows);
    const pending = this.#startOf(this.#rows) - settled;
    if (pending > Math.max(SMALL, settled / 16)) this.#inverted = this.#invert(terms);
  }

  /** Forgets the words of a row, at once and in both forms. */
  erase(row: number): void {
    const entries = this.ofRow(row);
    if (row < this.#inverted.rows) {
      for (const entry of entries) {
        const postings = this.ofTerm(idOf(entry));
        postings[findEntry(postings, row)] = packed(row, 0);
      }
    }
    entries.fill(0);
  }

  #startOf(row: number): number {
    return row === 0 ? 0 : (this.#ends[row - 1] as number);
  }

  /** A counting sort of all entries by term. */
  #invert(terms: number): Inverted {
    const starts = new Uint32Array(terms + 1);
    const entries = this.#entries.subarray(0, this.#startOf(this.#rows));
    for (const entry of entries) {
      if (occurrencesOf(entry) > 0) count(starts, idOf(entry) + 1);
    }
    for (let term = 1; term <= terms; term++) {
      starts[term] = (starts[term] as number) + (starts[term - 1] as number);
    }
    const list = new Uint32Array(starts[terms] as number);
    const next = starts.slice(0, terms);
    for (let row = 0; row < this.#rows; row++) {
      for (const entry of this.ofRow(row)) {
        if (occurrencesOf(entry) === 0) continue;
        list[count(next, idOf(entry))] = packed(row, occurrencesOf(entry));
      }
    }
    return { rows: this.#rows, starts, list };
  }
}

/** Adds one to a counter and returns what it was. */
function count(counters: Uint32Array, at: number): number {
  const before = counters[at] as number;
  counters[at] = before + 1;
  return before;
}
