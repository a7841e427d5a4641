// SPDX-License-Identifier: Apache-2.0
// Runs one target: changed inputs in, typed refusals or sound values out. Deterministic by its seed.
import { setTimeout } from 'node:timers/promises';
import { Dice } from './dice.ts';
import { mutate } from './mutate.ts';
import { type Counters, Hang, type PlacedBranch } from './runtime.ts';

/** A parser under test, with what it is fed. */
export interface Target {
  readonly name: string;
  readonly form: 'json' | 'text' | 'bytes';
  /** What is measured: owners (functions, constants, `Class.method`) by file; none named means the whole file. */
  readonly parser: Readonly<Record<string, readonly string[]>>;
  /** Valid inputs to start from. */
  readonly seeds: readonly Uint8Array[];
  readonly maxBytes?: number;
  /** Texts that mean something to the parser, beside those of its source. */
  readonly tokens?: readonly string[];
  /**
   * Parses an input. A refusal is an error of the product; whatever is accepted must pass the target's own checks, which
   * throw a {@link Broken} promise. A promise is awaited.
   */
  run(input: Uint8Array): unknown;
}

/** Thrown by a target when the parser accepted what it must not, or gave back something else than it was given. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/** An execution that ends, and too late. */
class Slow extends Error {
  override readonly name = 'Slow';
}

/** An input that a parser does not stand. */
export interface Failure {
  readonly input: Uint8Array;
  /** Error name and first line of its message. */
  readonly error: string;
}

/** What running a target gave. */
export interface TargetReport {
  readonly executions: number;
  readonly perSecond: number;
  readonly corpus: readonly Uint8Array[];
  readonly branches: { readonly covered: number; readonly total: number };
  readonly missed: readonly PlacedBranch[];
  readonly failures: readonly Failure[];
  /** Slowest execution, in milliseconds of processor time, the best of three tries. */
  readonly slowest: number;
  /** Bytes that the heap holds more at the end than half-way, beside the corpus. */
  readonly growth: number;
  readonly refused: number;
}

/** How much to run. */
export interface Effort {
  readonly executions: number;
  readonly seed: string;
  /** Inputs of former runs. */
  readonly kept: readonly Uint8Array[];
  readonly isOwnError: (error: unknown) => boolean;
  /** Called before each execution with its input, for a watchdog. */
  readonly beat: (input: Uint8Array) => void;
}

/** Longest input, unless a target says another. Seeds may be longer; they are run and not changed. */
const MAX_BYTES = 4096;
/** Milliseconds that an input of up to so many bytes may take; longer ones take longer. */
const SLOW_MS = 50;
const SLOW_BYTES = 4096;
/** Failures, of one kind or of several, after which a target is given up. */
const MAX_FAILURES = 20;

/** Runs a target for a number of executions. */
export async function runTarget(
  target: Target,
  counters: Counters,
  effort: Effort,
): Promise<TargetReport> {
  const run = new Run(target, counters, effort);
  for (const seed of [...target.seeds, ...effort.kept]) await run.execute(seed);
  const start = performance.now();
  const done = run.executions;
  let half = 0;
  while (run.executions < effort.executions && run.failed < MAX_FAILURES) {
    if (half === 0 && run.executions >= effort.executions / 2) half = await run.heldBytes();
    await run.execute(run.next());
  }
  const seconds = Math.max(1e-3, (performance.now() - start) / 1000);
  return run.report((run.executions - done) / seconds, half);
}

class Run {
  readonly failures: Failure[] = [];
  executions = 0;
  /** Weight of the failures so far; one that hangs counts for many. */
  failed = 0;
  readonly #corpus: Uint8Array[] = [];
  readonly #seen: Uint8Array;
  readonly #covered: Uint8Array;
  readonly #errors = new Set<string>();
  readonly #dice: Dice;
  readonly #tokens: Uint8Array[];
  readonly #target: Target;
  readonly #counters: Counters;
  readonly #effort: Effort;
  #slowest = 0;
  #refused = 0;

  constructor(target: Target, counters: Counters, effort: Effort) {
    this.#target = target;
    this.#counters = counters;
    this.#effort = effort;
    this.#seen = new Uint8Array(counters.branches.length);
    this.#covered = new Uint8Array(counters.branches.length);
    this.#dice = new Dice(`${effort.seed} ${target.name}`);
    const texts = [...counters.tokens, ...(target.tokens ?? [])];
    this.#tokens = texts.map((text) => new TextEncoder().encode(text));
  }

  /** The next input to try. */
  next(): Uint8Array {
    return mutate({
      dice: this.#dice,
      corpus: this.#corpus,
      tokens: this.#tokens,
      maxBytes: this.#target.maxBytes ?? MAX_BYTES,
      form: this.#target.form,
    });
  }

  async execute(input: Uint8Array): Promise<void> {
    this.#effort.beat(input);
    this.#counters.reset();
    const start = performance.now();
    const error = await this.#attempt(input);
    const spent = performance.now() - start;
    this.executions += 1;
    if (error !== null) this.#fail(input, error);
    // The corpus never gets empty, even if every seed is refused.
    const isKept = input.length <= 2 * (this.#target.maxBytes ?? MAX_BYTES);
    if ((this.#isNew() && isKept) || this.#corpus.length === 0) this.#corpus.push(input);
    if (spent > this.#slowest) await this.#time(input);
  }

  /** What went wrong: anything but a value or an error of the product. */
  async #attempt(input: Uint8Array): Promise<unknown> {
    try {
      const result = this.#target.run(input);
      if (result instanceof Promise) await result;
      return null;
    } catch (error) {
      this.#refused += 1;
      return this.#effort.isOwnError(error) ? null : error;
    }
  }

  #fail(input: Uint8Array, error: unknown): void {
    this.failed += error instanceof Hang ? MAX_FAILURES / 2 : 1;
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const [first = ''] = text.split('\n');
    const kind = first.replaceAll(/\d+/g, 'n');
    if (this.#errors.has(kind)) return;
    this.#errors.add(kind);
    this.failures.push({ input, error: first.slice(0, 200) });
  }

  /** True when a branch ran for the first time, or for the first time about this often. */
  #isNew(): boolean {
    const { c, branches } = this.#counters;
    let isNew = false;
    for (let i = 0; i < branches.length; i++) {
      const count = c[i] as number;
      if (count === 0) continue;
      this.#covered[i] = 1;
      // 1, 2-3, 4-7, 8-31, 32 and more: one bit each.
      const bit = count < 2 ? 1 : count < 4 ? 2 : count < 8 ? 4 : count < 32 ? 8 : 16;
      if (((this.#seen[i] as number) & bit) !== 0) continue;
      this.#seen[i] = (this.#seen[i] as number) | bit;
      isNew = true;
    }
    return isNew;
  }

  /** The machine may be busy: what seems slow is measured again, in time of the processor, and its best try counts. */
  async #time(input: Uint8Array): Promise<void> {
    let best = Infinity;
    for (let i = 0; i < 3 && best > this.#slowest; i++) {
      this.#counters.reset();
      const start = process.threadCpuUsage();
      await this.#attempt(input);
      const { user, system } = process.threadCpuUsage(start);
      best = Math.min(best, (user + system) / 1000);
    }
    this.#slowest = Math.max(this.#slowest, best);
    const limit = SLOW_MS * Math.max(1, input.length / SLOW_BYTES);
    if (best > limit) this.#fail(input, new Slow(`an execution takes ${Math.round(best)} ms`));
  }

  /** Bytes that the process holds apart from the corpus. */
  async heldBytes(): Promise<number> {
    const { gc } = globalThis as { gc?: () => void };
    // Buffers are let go behind the collector's back: the second round sees it.
    for (let round = 0; round < 2; round++) {
      gc?.();
      await setTimeout(20);
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers - this.#corpus.reduce((sum, input) => sum + input.length, 0);
  }

  async report(perSecond: number, half: number): Promise<TargetReport> {
    const own = this.#counters.branches
      .map((branch, i) => ({ branch, covered: this.#covered[i] === 1 }))
      .filter(({ branch }) => isOf(this.#target, branch));
    return {
      executions: this.executions,
      perSecond,
      corpus: this.#corpus,
      branches: { covered: own.filter(({ covered }) => covered).length, total: own.length },
      missed: own.filter(({ covered }) => !covered).map(({ branch }) => branch),
      failures: this.failures,
      slowest: this.#slowest,
      growth: half === 0 ? 0 : (await this.heldBytes()) - half,
      refused: this.#refused,
    };
  }
}

/** True when a branch belongs to the parser of a target. */
export function isOf({ parser }: Target, { file, owner }: PlacedBranch): boolean {
  const owners = parser[file];
  if (owners === undefined) return false;
  return (
    owners.length === 0 || owners.some((name) => owner === name || owner.startsWith(`${name}.`))
  );
}

/** A short list of inputs that, with the seeds, run every branch of the parser that all of them run. */
export async function distilled(
  target: Target,
  counters: Counters,
  corpus: readonly Uint8Array[],
): Promise<Uint8Array[]> {
  const covered = new Set<number>();
  const kept: Uint8Array[] = [];
  const found = corpus.filter((input) => !target.seeds.includes(input));
  for (const input of [...target.seeds, ...found.sort((a, b) => a.length - b.length)]) {
    counters.reset();
    try {
      await target.run(input);
    } catch {
      // A refusal covers branches as well.
    }
    const own = counters.branches.flatMap((branch, i) =>
      (counters.c[i] as number) > 0 && isOf(target, branch) ? [i] : [],
    );
    if (own.every((i) => covered.has(i))) continue;
    own.forEach((i) => covered.add(i));
    if (!target.seeds.includes(input)) kept.push(input);
  }
  return kept;
}
