// SPDX-License-Identifier: Apache-2.0
import { KERNEL_BASE64 } from './kernel-bytes.ts';
import type { LinearMemory } from './linear-memory.ts';
import { type WasmMemory, type WasmModule, webAssembly } from './web-assembly.ts';

/** The functions of the compiled kernels; assembly/kernel.ts documents them. Addresses are bytes of the memory. */
export interface KernelExports {
  setQuery(at: number, rowBytes: number, scale: number): void;
  begin(scoresAt: number, ordinalsAt: number, best: number): void;
  kept(): number;
  leftOut(): number;
  scan(runs: number, count: number): void;
  rowsAt(score: number, out: number, room: number, runs: number, count: number): number;
  sort(): void;
}

/** 32-bit words of a run. */
export const RUN_WORDS = 4;

let compiled: WasmModule | null | undefined;

/** The compiled kernels, or null where WebAssembly or its SIMD instructions are missing. */
export function kernelModule(): WasmModule | null {
  compiled ??= compile();
  return compiled;
}

function compile(): WasmModule | null {
  const bytes = Buffer.from(KERNEL_BASE64, 'base64');
  return webAssembly?.validate(bytes) === true ? new webAssembly.Module(bytes) : null;
}

/** Kernels over a memory. */
function instantiate(module: WasmModule, memory: WasmMemory): KernelExports | null {
  if (webAssembly === undefined) return null;
  return new webAssembly.Instance(module, { env: { memory } }).exports as KernelExports;
}

/** The best rows of a scan, in no particular order. */
export interface KernelRows {
  readonly scores: Float64Array;
  readonly ordinals: Int32Array;
}

/** A stretch of memory that is kept from search to search and replaced when it is too short. */
interface Scratch {
  at: number;
  bytes: number;
}

/** Runs searches in the kernels: copies the query once, calls, and reads the best rows. */
export class Kernel {
  readonly #memory: LinearMemory;
  readonly #exports: KernelExports;
  readonly #scratch = new Map<string, Scratch>();

  constructor(memory: LinearMemory, exports: KernelExports) {
    this.#memory = memory;
    this.#exports = exports;
  }

  /** The kernel over a memory that WebAssembly can see; null without {@link kernelModule}. */
  static over(memory: LinearMemory): Kernel | null {
    const module = kernelModule();
    if (module === null || memory.wasm === null) return null;
    const exports = instantiate(module, memory.wasm);
    return exports && new Kernel(memory, exports);
  }

  /**
   * The rows of the runs with the `depth` highest scores, and every other row that scores like the last of them.
   * @param table {@link RUN_WORDS} words for each run: vectors, scales, rows, first ordinal
   */
  scan(table: Int32Array, query: { scale: number; q: Int8Array }, depth: number): KernelRows {
    const { runs, scores, ordinals } = this.#prepare(table, query, depth);
    const count = table.length / RUN_WORDS;
    this.#exports.begin(scores, ordinals, depth);
    this.#exports.scan(runs, count);
    const kept = this.#exports.kept();
    const { f64, i32 } = this.#memory;
    const best = {
      scores: f64.slice(scores / 8, scores / 8 + kept),
      ordinals: i32.slice(ordinals / 4, ordinals / 4 + kept),
    };
    return this.#exports.leftOut() === 0 ? best : this.#withTies(best, runs, count);
  }

  #withTies({ scores, ordinals }: KernelRows, runs: number, count: number): KernelRows {
    const worst = scores.reduce((least, score) => Math.min(least, score), Infinity);
    let room = 1024;
    let out = this.#take('ties', room * 4);
    let found = this.#exports.rowsAt(worst, out, room, runs, count);
    if (found > room) {
      room = found;
      out = this.#take('ties', room * 4);
      found = this.#exports.rowsAt(worst, out, room, runs, count);
    }
    const better = ordinals.filter((_, at) => (scores[at] as number) > worst);
    const all = new Int32Array(better.length + found);
    all.set(better);
    all.set(this.#memory.i32.subarray(out / 4, out / 4 + found), better.length);
    const allScores = new Float64Array(all.length).fill(worst);
    allScores.set(scores.filter((score) => score > worst));
    return { scores: allScores, ordinals: all };
  }

  #prepare(
    table: Int32Array,
    { scale, q }: { scale: number; q: Int8Array },
    depth: number,
  ): { runs: number; scores: number; ordinals: number } {
    const stride = strideOf(q.length);
    const query = this.#take('query', stride * 2);
    const runs = this.#take('runs', table.byteLength);
    const scores = this.#take('scores', depth * 8);
    const ordinals = this.#take('ordinals', depth * 4);
    // Components beyond the dimensions stay zero: a stretch begins as zeros and an index has one dimension.
    this.#memory.i16.set(q, query / 2);
    this.#memory.i32.set(table, runs / 4);
    this.#exports.setQuery(query, stride, scale);
    return { runs, scores, ordinals };
  }

  #take(name: string, bytes: number): number {
    const held = this.#scratch.get(name);
    if (held !== undefined && held.bytes >= bytes) return held.at;
    if (held !== undefined) this.#memory.release(held.at, held.bytes);
    this.#scratch.delete(name);
    const wanted = Math.max(bytes, 64);
    const at = this.#memory.allocateScratch(wanted);
    this.#scratch.set(name, { at, bytes: wanted });
    return at;
  }
}

/** Bytes of a row in memory: its components padded to whole SIMD registers. */
export function strideOf(dims: number): number {
  return Math.ceil(dims / 16) * 16;
}
