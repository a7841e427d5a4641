// SPDX-License-Identifier: Apache-2.0
// From offsets in a derived text back to offsets in the text it was made of, by segments.

/** A half-open range of UTF-16 offsets. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

/** Marks a segment whose units stand one for one; its end in the source follows from its length. */
const EXACT = -1;

/**
 * Says which range of an original text a range of the derived text came from. Made of segments that are either exact
 * (unit for unit) or stand for their original as a whole, so 12 bytes per change and not per character.
 */
export class OffsetMap {
  readonly #starts: Int32List;
  readonly #from: Int32List;
  readonly #to: Int32List;
  /** Length of the derived text. */
  readonly length: number;

  /** Made by `OffsetMapBuilder`. */
  constructor(columns: readonly [Int32List, Int32List, Int32List], length: number) {
    [this.#starts, this.#from, this.#to] = columns;
    this.length = length;
  }

  /**
   * The smallest original range that holds everything a derived range was made of. Inserted text was made of nothing:
   * a range of it alone, like an empty range, gives the empty range at its place.
   */
  source(start: number, end: number): TextRange {
    if (this.#starts.length === 0) return { start: 0, end: 0 };
    let low = Infinity;
    let high = -Infinity;
    const first = this.#segmentAt(start);
    for (let i = first; i < this.#starts.length; i++) {
      if (this.#starts.at(i) >= end) break;
      const range = this.#piece(i, start, end);
      if (range.start === range.end) continue;
      low = Math.min(low, range.start);
      high = Math.max(high, range.end);
    }
    if (low < high) return { start: low, end: high };
    const at = this.#piece(first, start, start).start;
    return { start: at, end: at };
  }

  /**
   * The first derived offset that came from `offset` or from behind it. Needs a map whose segments are in the order of
   * the original.
   */
  derived(offset: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#from.at(middle) <= offset) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return 0;
    const i = low - 1;
    const end = this.#endOf(i);
    if (this.#from.at(i) === offset) return this.#starts.at(i);
    if (this.#to.at(i) !== EXACT) return end;
    return Math.min(this.#starts.at(i) + (offset - this.#from.at(i)), end);
  }

  /** Index of the last segment that starts at or before a derived offset. */
  #segmentAt(offset: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#starts.at(middle) <= offset) low = middle;
      else high = middle;
    }
    return low;
  }

  /** What the part of segment `i` between two derived offsets was made of. */
  #piece(i: number, start: number, end: number): TextRange {
    const [begin, from, to] = [this.#starts.at(i), this.#from.at(i), this.#to.at(i)];
    if (to !== EXACT) return { start: from, end: to };
    const stop = this.#endOf(i);
    return {
      start: from + Math.min(Math.max(start, begin), stop) - begin,
      end: from + Math.min(Math.max(end, begin), stop) - begin,
    };
  }

  #endOf(i: number): number {
    return i + 1 < this.#starts.length ? this.#starts.at(i + 1) : this.length;
  }
}

/** Collects the segments of an offset map from left to right. */
export class OffsetMapBuilder {
  readonly #starts = new Int32List();
  readonly #from = new Int32List();
  readonly #to = new Int32List();
  #length = 0;

  /** Length of the derived text so far. */
  get length(): number {
    return this.#length;
  }

  /** Adds `length` units that are those of the original from `from`. Continues the last segment where it can. */
  exact(length: number, from: number): void {
    if (length === 0) return;
    const last = this.#starts.length - 1;
    const continues =
      last >= 0 &&
      this.#to.at(last) === EXACT &&
      this.#from.at(last) + (this.#length - this.#starts.at(last)) === from;
    if (!continues) this.#push(from, EXACT);
    this.#length += length;
  }

  /** Adds `length` units that as a whole stand for the original range; equal ends mean inserted text. */
  whole(length: number, from: number, to: number): void {
    if (length === 0) return;
    this.#push(from, to);
    this.#length += length;
  }

  /** The map of what was added; the builder must not be used any more. */
  build(): OffsetMap {
    return new OffsetMap([this.#starts, this.#from, this.#to], this.#length);
  }

  #push(from: number, to: number): void {
    this.#starts.push(this.#length);
    this.#from.push(from);
    this.#to.push(to);
  }
}

/** A growing list of integers below 2^31, four bytes each; enough for offsets in any string. */
export class Int32List {
  #values = new Int32Array(16);
  #length = 0;

  /** How many were pushed. */
  get length(): number {
    return this.#length;
  }

  /** Adds one at the end. */
  push(value: number): void {
    if (this.#length === this.#values.length) {
      const grown = new Int32Array(this.#length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#length++] = value;
  }

  /** The one at an index below `length`. */
  at(index: number): number {
    return this.#values[index] as number;
  }
}
