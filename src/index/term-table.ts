// SPDX-License-Identifier: Apache-2.0
import { fromUtf8, utf8 } from '../core/index.ts';
import { LANGUAGES } from './language.ts';
import { halfSipHash, type TermHashKey } from './term-hash.ts';
import { NO_NUMBERS, withRoom } from './typed-arrays.ts';

/** A term as tables look it up: its UTF-8 bytes and their keyed hash, computed once and good for every class. */
export interface HashedTerm {
  readonly bytes: Uint8Array;
  readonly hash: number;
}

/** Hashes a term under the key of the index. */
export function hashTerm(key: TermHashKey, term: string): HashedTerm {
  const bytes = asciiBytes(term) ?? utf8(term);
  return { bytes, hash: halfSipHash(key, bytes) };
}

/** The bytes of a short ASCII text without a call into the encoder, or null. */
function asciiBytes(text: string): Uint8Array | null {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit > 0x7f) return null;
    bytes[at] = unit;
  }
  return bytes;
}

/** Id of a term that a table does not hold. */
export const NO_TERM = -1;

const SMALLEST_TABLE = 16;

/** `=`, which begins terms of another language than English. */
const TAG = 0x3d;

/** Columns of {@link TermTable}'s facts. */
const END = 0;
const HASH = 1;
const ROWS = 2;
const FACTS = 3;

/**
 * The terms of one class, numbered from 0 in order of arrival, and in how many rows each occurs. Compact: the terms'
 * bytes lie end to end, an open hash table leads to them. About 30 bytes a term, so that a thousand classes may each
 * have their own and no query looks at a term of another class.
 */
export class TermTable {
  #bytes = new Uint8Array(0);
  /** By term: end of its bytes, hash, rows. Side by side, since a look-up needs them together. */
  #facts = NO_NUMBERS;
  /** Term id + 1 by hash; 0 is free. Never more than three quarters full. */
  #slots = new Uint32Array(SMALLEST_TABLE);
  #size = 0;
  readonly #languages = new Set<number>();

  /** Number of terms. */
  get size(): number {
    return this.#size;
  }

  /** Numbers of the languages besides English that its terms were ever stemmed by. */
  get languages(): ReadonlySet<number> {
    return this.#languages;
  }

  /** The id of a term, or {@link NO_TERM}. */
  find(term: HashedTerm): number {
    return (this.#slots[this.#probe(term)] as number) - 1;
  }

  /** The id of a term, which is added if it is new. */
  intern(term: HashedTerm): number {
    const slot = this.#probe(term);
    const known = (this.#slots[slot] as number) - 1;
    if (known !== NO_TERM) return known;
    const id = this.#append(term);
    this.#slots[slot] = id + 1;
    if (this.#size * 4 > this.#slots.length * 3) this.#widen();
    return id;
  }

  /** The bytes of a term; a view that later additions may invalidate. */
  bytesOf(id: number): Uint8Array {
    return this.#bytes.subarray(this.#startOf(id), this.#endOf(id));
  }

  /** The text of a term. */
  textOf(id: number): string {
    return fromUtf8(this.bytesOf(id));
  }

  /** In how many rows a term occurs. */
  rowsWith(id: number): number {
    return this.#facts[id * FACTS + ROWS] as number;
  }

  /** Counts one more row with the term, or with -1 one less. */
  countRow(id: number, change: 1 | -1): void {
    this.#facts[id * FACTS + ROWS] = this.rowsWith(id) + change;
  }

  #append(term: HashedTerm): number {
    const id = this.#size++;
    const start = this.#startOf(id);
    const end = start + term.bytes.length;
    this.#bytes = withRoom(this.#bytes, end);
    this.#bytes.set(term.bytes, start);
    if (term.bytes[0] === TAG) this.#languages.add(languageOfTag(term.bytes));
    this.#facts = withRoom(this.#facts, this.#size * FACTS);
    this.#facts.set([end, term.hash, 0], id * FACTS);
    return id;
  }

  #startOf(id: number): number {
    return id === 0 ? 0 : this.#endOf(id - 1);
  }

  #endOf(id: number): number {
    return this.#facts[id * FACTS + END] as number;
  }

  #hashOf(id: number): number {
    return this.#facts[id * FACTS + HASH] as number;
  }

  /** The slot that holds the term, or the free one where it belongs. */
  #probe(term: HashedTerm): number {
    const mask = this.#slots.length - 1;
    let slot = term.hash & mask;
    for (;;) {
      const id = (this.#slots[slot] as number) - 1;
      if (id === NO_TERM || this.#holds(id, term)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #holds(id: number, term: HashedTerm): boolean {
    if (this.#hashOf(id) !== term.hash) return false;
    const start = this.#startOf(id);
    if (this.#endOf(id) - start !== term.bytes.length) return false;
    for (let at = 0; at < term.bytes.length; at++) {
      if (term.bytes[at] !== this.#bytes[start + at]) return false;
    }
    return true;
  }

  #widen(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let id = 0; id < this.#size; id++) {
      let slot = this.#hashOf(id) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = id + 1;
    }
    this.#slots = slots;
  }
}

/** The number of the language whose code a term begins with; of a hostile segment, perhaps none. */
function languageOfTag(bytes: Uint8Array): number {
  const code = String.fromCharCode(bytes[1] ?? 0, bytes[2] ?? 0);
  return LANGUAGES.findIndex((language) => language.code === code);
}
