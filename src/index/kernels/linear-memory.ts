// SPDX-License-Identifier: Apache-2.0
import { fail } from '../../core/index.ts';
import { type WasmMemory, webAssembly } from './web-assembly.ts';

/** Granularity of WebAssembly memory. */
const PAGE = 65536;
/** Pages that 32-bit addresses reach: 4 GiB. */
const MAX_PAGES = 65536;
/** What searches may need besides vectors: their query, their best rows, their runs. */
const SCRATCH_BYTES = 2 ** 28;
/** Everything begins at a multiple of this: one SIMD register. */
const ALIGNMENT = 16;

/** A free stretch. */
interface Hole {
  at: number;
  bytes: number;
}

/**
 * One growing memory in which an index keeps its vectors, shared with the search kernels and with threads. Stretches are
 * handed out first fit; what is given back is overwritten at once and joined with its free neighbours.
 *
 * The views are replaced when the memory grows: read them anew after every {@link LinearMemory.allocate}.
 */
export class LinearMemory {
  /** What the kernels import; null where there is no WebAssembly. */
  readonly wasm: WasmMemory | null;
  readonly #plain: SharedArrayBuffer | null;
  readonly #maxBytes: number;
  /** Ascending and never adjacent. */
  readonly #holes: Hole[] = [];
  /** Where the part that was never handed out begins. Address 0 stays unused. */
  #top = ALIGNMENT;
  #used = 0;
  bytes!: Uint8Array;
  i8!: Int8Array;
  i16!: Int16Array;
  i32!: Int32Array;
  f32!: Float32Array;
  f64!: Float64Array;

  /** @param options.maxBytes what {@link LinearMemory.allocate} may use, at most and by default 3.75 GiB */
  constructor(options: { readonly wasm?: boolean; readonly maxBytes?: number } = {}) {
    const { wasm = true, maxBytes = Infinity } = options;
    this.#maxBytes = Math.min(maxBytes, PAGE * MAX_PAGES - SCRATCH_BYTES);
    const limits = { initial: 1, maximum: MAX_PAGES, shared: true } as const;
    this.wasm = wasm && webAssembly !== undefined ? new webAssembly.Memory(limits) : null;
    this.#plain = this.wasm
      ? null
      : new SharedArrayBuffer(PAGE, { maxByteLength: PAGE * MAX_PAGES });
    this.#renewViews();
  }

  /** Bytes that are handed out. */
  get used(): number {
    return this.#used;
  }

  /** Bytes that the memory has. */
  get size(): number {
    return this.bytes.byteLength;
  }

  /**
   * A stretch of zeros.
   * @throws {INDEX_FULL} when the memory may not grow any more; nothing is changed then
   */
  allocate(bytes: number): number {
    return this.#take(rounded(bytes), this.#maxBytes);
  }

  /**
   * A stretch of zeros for the work of a search, which must not fail because rows take all that they may.
   * @throws {INDEX_FULL} past 4 GiB
   */
  allocateScratch(bytes: number): number {
    return this.#take(rounded(bytes), PAGE * MAX_PAGES);
  }

  #take(wanted: number, limit: number): number {
    const found = this.#holes.findIndex((hole) => hole.bytes >= wanted);
    const hole = this.#holes[found];
    if (hole === undefined) return this.#extend(wanted, limit);
    const { at } = hole;
    hole.at += wanted;
    hole.bytes -= wanted;
    if (hole.bytes === 0) this.#holes.splice(found, 1);
    this.#used += wanted;
    return at;
  }

  /** Overwrites a stretch and takes it back. */
  release(at: number, bytes: number): void {
    const given = rounded(bytes);
    this.bytes.fill(0, at, at + given);
    this.#used -= given;
    let next = this.#holes.findIndex((hole) => hole.at > at);
    if (next < 0) next = this.#holes.length;
    const [before, after] = [this.#holes[next - 1], this.#holes[next]];
    if (before !== undefined && before.at + before.bytes === at) {
      before.bytes += given;
      if (after?.at === at + given) {
        before.bytes += after.bytes;
        this.#holes.splice(next, 1);
      }
    } else if (after?.at === at + given) {
      after.at = at;
      after.bytes += given;
    } else {
      this.#holes.splice(next, 0, { at, bytes: given });
    }
    const last = this.#holes.at(-1);
    if (last !== undefined && last.at + last.bytes === this.#top) {
      this.#holes.pop();
      this.#top = last.at;
    }
  }

  #extend(wanted: number, limit: number): number {
    const at = this.#top;
    const end = at + wanted;
    if (end > this.size) this.#grow(end, limit);
    this.#top = end;
    this.#used += wanted;
    return at;
  }

  /** Grows by an eighth at least, so that filling an index row by row grows it seldom. */
  #grow(end: number, limit: number): void {
    const wanted = Math.min(Math.max(end, this.size + this.size / 8), limit);
    const size = Math.ceil(wanted / PAGE) * PAGE;
    try {
      if (end > limit) throw new RangeError('limit');
      this.wasm?.grow((size - this.size) / PAGE);
      this.#plain?.grow(size);
    } catch (error) {
      const details = { bytes: this.size };
      throw fail('INDEX_FULL', 'the memory of the index cannot grow any more', details, error);
    }
    this.#renewViews();
  }

  #renewViews(): void {
    const buffer = this.wasm?.buffer ?? (this.#plain as SharedArrayBuffer);
    this.bytes = new Uint8Array(buffer);
    this.i8 = new Int8Array(buffer);
    this.i16 = new Int16Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
  }
}

function rounded(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / ALIGNMENT)) * ALIGNMENT;
}
