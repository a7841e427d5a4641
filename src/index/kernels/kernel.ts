// SPDX-License-Identifier: Apache-2.0
import type { QuantisedVector } from '../../provenance/index.ts';
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
  probe(index: number, lists: number, restRows: number, restLists: number): number;
  comparedRows(): number;
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

/** A query: `scale * q`. */
type Query = Pick<QuantisedVector, 'scale' | 'q'>;

/** Runs in memory: address and number. */
export interface KernelRuns {
  readonly at: number;
  readonly count: number;
}

/** Runs in order of lists, with what lists are found by. */
export interface KernelLists extends KernelRuns {
  /** Address of the number of the first run of each list, and of one past the last. */
  readonly starts: number;
  readonly assigner: {
    readonly lists: number;
    readonly vectorsAt: number;
    readonly scalesAt: number;
  };
}

/** How far a search by lists goes; assembly/kernel.ts has the rule. */
export interface ProbeLimits {
  readonly depth: number;
  readonly restRows: number;
  readonly restLists: number;
}

/** The best rows of a search, in no particular order. */
export interface KernelRows {
  readonly scores: readonly number[];
  readonly ordinals: readonly number[];
}

/** The best rows of a search by lists. */
export interface ProbedRows extends KernelRows {
  /** Rows compared. */
  readonly compared: number;
  /** Lists gone through. */
  readonly lists: number;
}

/** A stretch of memory that is kept from search to search and replaced when it is too short. */
interface Scratch {
  readonly at: number;
  readonly bytes: number;
}

/** Runs searches in the kernels: copies the query once, calls, and reads the best rows. */
export class Kernel {
  readonly #memory: LinearMemory;
  readonly #exports: KernelExports;
  readonly #scratch = new Map<string, Scratch>();

  private constructor(memory: LinearMemory, exports: KernelExports) {
    this.#memory = memory;
    this.#exports = exports;
  }

  /** The kernels over a memory that WebAssembly can see; null without {@link kernelModule}. */
  static over(memory: LinearMemory): Kernel | null {
    const module = kernelModule();
    if (module === null || memory.wasm === null) return null;
    const exports = instantiate(module, memory.wasm);
    return exports && new Kernel(memory, exports);
  }

  /** The rows of the runs with the `depth` highest scores, and every other row that scores like the last of them. */
  scan(runs: KernelRuns, query: Query, depth: number): KernelRows {
    this.#begin(query, depth);
    this.#exports.scan(runs.at, runs.count);
    const best = this.#best();
    return this.#exports.leftOut() === 0 ? best : this.#withTies(best, runs);
  }

  /**
   * The best rows of the lists nearest to the query; null when rows that score alike were left out, of which the order of
   * rows in memory would have decided.
   */
  probe(lists: KernelLists, query: Query, limits: ProbeLimits): ProbedRows | null {
    const { assigner } = lists;
    this.#begin(query, limits.depth);
    const scores = this.#take('list scores', assigner.lists * 8);
    const numbers = this.#take('list numbers', assigner.lists * 4);
    const index = this.#take('index', 24);
    const { vectorsAt, scalesAt } = assigner;
    const words = [vectorsAt, scalesAt, lists.starts, lists.at, scores, numbers];
    this.#memory.i32.set(words, index / 4);
    const { restRows, restLists } = limits;
    const probed = this.#exports.probe(index, assigner.lists, restRows, restLists);
    if (this.#exports.leftOut() > 0) return null;
    return { ...this.#best(), compared: this.#exports.comparedRows(), lists: probed };
  }

  /** Which of these rows is the nearest; of equally near ones the first. */
  nearest(
    { vectors, scales, rows }: { vectors: number; scales: number; rows: number },
    query: Query,
  ): number {
    const runs = this.#take('run', RUN_WORDS * 4);
    this.#memory.i32.set([vectors, scales, rows, 0], runs / 4);
    this.#begin(query, 1);
    this.#exports.scan(runs, 1);
    return this.#memory.i32[this.#take('ordinals', 4) / 4] as number;
  }

  #begin({ scale, q }: Query, depth: number): void {
    const stride = strideOf(q.length);
    const query = this.#take('query', stride * 2);
    const scores = this.#take('scores', depth * 8);
    const ordinals = this.#take('ordinals', depth * 4);
    // Components beyond the dimensions stay zero: a stretch begins as zeros and an index has one dimension.
    this.#memory.i16.set(q, query / 2);
    this.#exports.setQuery(query, stride, scale);
    this.#exports.begin(scores, ordinals, depth);
  }

  #best(): KernelRows {
    const kept = this.#exports.kept();
    const scores = this.#take('scores', kept * 8);
    const ordinals = this.#take('ordinals', kept * 4);
    const { f64, i32 } = this.#memory;
    const best = { scores: [] as number[], ordinals: [] as number[] };
    for (let at = 0; at < kept; at++) {
      best.scores.push(f64[scores / 8 + at] as number);
      best.ordinals.push(i32[ordinals / 4 + at] as number);
    }
    return best;
  }

  #withTies({ scores, ordinals }: KernelRows, { at, count }: KernelRuns): KernelRows {
    const worst = scores.reduce((least, score) => Math.min(least, score), Infinity);
    let room = 1024;
    let out = this.#take('ties', room * 4);
    let found = this.#exports.rowsAt(worst, out, room, at, count);
    if (found > room) {
      room = found;
      out = this.#take('ties', room * 4);
      found = this.#exports.rowsAt(worst, out, room, at, count);
    }
    const better = ordinals.filter((_, place) => (scores[place] as number) > worst);
    const tied = Array.from(this.#memory.i32.subarray(out / 4, out / 4 + found));
    const betterScores = scores.filter((score) => score > worst);
    return {
      scores: [...betterScores, ...tied.map(() => worst)],
      ordinals: [...better, ...tied],
    };
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
