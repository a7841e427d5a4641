// SPDX-License-Identifier: Apache-2.0
import { need, readU16, readU32 } from '../core/index.ts';

/** Reads the bytes of one part of a segment from front to back and never past their end. */
export class SegmentReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether all bytes were read. */
  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /**
   * The next `length` bytes, as a view.
   * @throws {INDEX_TAMPERED} when there are fewer
   */
  take(length: number): Uint8Array {
    const end = this.#at + length;
    const inside = end <= this.#bytes.length;
    need('INV-SEGMENT-BOUNDS', inside, 'INDEX_TAMPERED', 'a part of a segment is cut short');
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  /** The next byte. */
  u8(): number {
    return this.take(1)[0] as number;
  }

  /** The next two bytes, big endian. */
  u16(): number {
    return readU16(this.take(2), 0);
  }

  /** The next four bytes, big endian. */
  u32(): number {
    return readU32(this.take(4), 0);
  }
}
