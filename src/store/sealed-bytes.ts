// SPDX-License-Identifier: Apache-2.0
import { LRUCache } from 'lru-cache';
import type { ObjectInfo, ObjectStore } from '../core/index.ts';

/** Where sealed objects are read from. Any object store is one. */
export interface SealedSource extends Pick<ObjectStore, 'stat' | 'getRange'> {
  /** Told of bytes, beginning at an offset, that were compared with what was signed. */
  keep?(path: string, offset: number, bytes: Uint8Array): void;
  /** Told that an object is not wanted any more. */
  forget?(path: string): void;
}

/**
 * A store with a memory of sealed bytes that were proven: they are still sealed there, and opened anew each time. Objects
 * never change, so what is kept stays right; what was not proven is never kept, so a store that is repaired is read again.
 */
export class SealedBytes implements SealedSource {
  readonly #store: SealedSource;
  readonly #kept: LRUCache<string, Map<number, Uint8Array>>;

  /** @param maxBytes of all objects together */
  constructor(store: SealedSource, maxBytes: number) {
    this.#store = store;
    this.#kept = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: (ranges) =>
        Math.max(
          1,
          [...ranges.values()].reduce((sum, { length }) => sum + length, 0),
        ),
    });
  }

  stat(path: string): Promise<ObjectInfo | null> {
    return this.#store.stat(path);
  }

  getRange(path: string, offset: number, length: number): Promise<Uint8Array | null> {
    const found = this.#find(path, offset, length);
    return found === null ? this.#store.getRange(path, offset, length) : Promise.resolve(found);
  }

  keep(path: string, offset: number, bytes: Uint8Array): void {
    if (this.#find(path, offset, bytes.length) !== null) return;
    const ranges = new Map(this.#kept.peek(path));
    ranges.set(offset, bytes);
    this.#kept.set(path, ranges);
  }

  /** Forgets an object, or all. */
  forget(path?: string): void {
    if (path === undefined) this.#kept.clear();
    else this.#kept.delete(path);
  }

  /** Bytes out of one range that was kept. */
  #find(path: string, offset: number, length: number): Uint8Array | null {
    for (const [start, bytes] of this.#kept.get(path) ?? []) {
      const from = offset - start;
      if (from >= 0 && from + length <= bytes.length) return bytes.subarray(from, from + length);
    }
    return null;
  }
}
