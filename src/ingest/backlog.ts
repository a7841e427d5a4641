// SPDX-License-Identifier: Apache-2.0

/** What may be under way at the same time. */
export interface BacklogLimits {
  readonly documents: number;
  /** Bytes of their source files. */
  readonly bytes: number;
}

/** What one document takes up until it leaves; call it once. */
export type Leave = () => void;

/**
 * Bounds what is between reading a file and its acknowledgement by the log, so that a slow log or a few huge files do
 * not pile up documents in memory. First come, first served.
 */
export class Backlog {
  readonly #limits: BacklogLimits;
  readonly #onFull: () => void;
  readonly #waiting: { readonly bytes: number; readonly enter: () => void }[] = [];
  #documents = 0;
  #bytes = 0;

  /** @param onFull called whenever a document has to wait */
  constructor(limits: BacklogLimits, onFull: () => void) {
    this.#limits = limits;
    this.#onFull = onFull;
  }

  /** Waits until there is room for a document; one that is larger than the limit gets in alone. */
  async enter(bytes: number): Promise<Leave> {
    const entered = new Promise<void>((enter) => {
      this.#waiting.push({ bytes, enter });
    });
    this.#admit();
    if (this.#waiting.length > 0) this.#onFull();
    await entered;
    return () => {
      this.#documents -= 1;
      this.#bytes -= bytes;
      this.#admit();
    };
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const { documents, bytes } = this.#limits;
      const isFull = this.#documents >= documents || this.#bytes + next.bytes > bytes;
      if (isFull && this.#documents > 0) return;
      this.#waiting.shift();
      this.#documents += 1;
      this.#bytes += next.bytes;
      next.enter();
    }
  }
}
