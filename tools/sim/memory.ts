// SPDX-License-Identifier: Apache-2.0
// Answers of pure functions, kept under what was asked.
type Bytes = Uint8Array;
type Function = (...args: never[]) => unknown;

/** Keeps the answers of one function. */
export interface Answers {
  /** The answer of before, or that of `real`. */
  ask(real: Function, args: readonly unknown[]): unknown;
}

interface Known {
  readonly parts: readonly Bytes[];
  readonly answer: unknown;
}

/** Questions of each function that are kept; what was not asked again among so many is forgotten. */
const GENERATION = 2000;

/** Answers to questions that consist of a text and of bytes: all of it must be equal. */
export class BytesMemory<A extends unknown[], R> implements Answers {
  readonly #question: (args: A) => readonly [string, readonly Bytes[]];
  readonly #copy: (answer: R) => R;
  #young = new Map<string, Known>();
  #old = new Map<string, Known>();

  /**
   * @param question what the answer depends on: a short text that is looked up, and bytes that are then compared
   * @param copy for callers that overwrite what they get
   */
  constructor(
    question: (args: A) => readonly [string, readonly Bytes[]],
    copy: (answer: R) => R = (answer) => answer,
  ) {
    this.#question = question;
    this.#copy = copy;
  }

  ask(real: Function, args: readonly unknown[]): unknown {
    const [text, parts] = this.#question(args as A);
    const known = this.#young.get(text) ?? this.#old.get(text);
    if (known !== undefined && isSame(known.parts, parts)) {
      this.#keep(text, known);
      return this.#copy(known.answer as R);
    }
    // Before the function may overwrite them.
    const kept = parts.map((part) => new Uint8Array(part));
    const answer = real(...(args as never[])) as R;
    this.#keep(text, { parts: kept, answer: this.#copy(answer) });
    return answer;
  }

  #keep(text: string, known: Known): void {
    this.#young.set(text, known);
    if (this.#young.size <= GENERATION) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}

/** Answers to questions about one argument that nobody changes, for as long as it lives. */
export class ObjectMemory implements Answers {
  readonly #argument: number;
  readonly #known = new WeakMap<object, { answer: unknown }>();

  /** @param argument its place */
  constructor(argument: number) {
    this.#argument = argument;
  }

  ask(real: Function, args: readonly unknown[]): unknown {
    const object = args[this.#argument] as object;
    let known = this.#known.get(object);
    if (known === undefined) {
      known = { answer: real(...(args as never[])) };
      this.#known.set(object, known);
    }
    return known.answer;
  }
}

function isSame(a: readonly Bytes[], b: readonly Bytes[]): boolean {
  return a.every((part, i) => Buffer.compare(part, b[i] ?? Buffer.of()) === 0);
}
