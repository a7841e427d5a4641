// SPDX-License-Identifier: Apache-2.0

// Parts are joined soon: millions of small strings, and ropes of them, cost far more than their text.
const BATCH_PARTS = 4096;
const BATCH_UNITS = 64 * 1024;

/** Text put together from many parts. */
export class TextBuffer {
  #flat = '';
  #parts: string[] = [];
  #units = 0;

  /** Adds a part at the end. */
  push(part: string): void {
    this.#units += part.length;
    if (this.#parts.push(part) >= BATCH_PARTS || this.#units >= BATCH_UNITS) this.#flush();
  }

  /** Everything added. */
  text(): string {
    this.#flush();
    return this.#flat;
  }

  #flush(): void {
    this.#flat += this.#parts.join('');
    this.#parts = [];
    this.#units = 0;
  }
}
