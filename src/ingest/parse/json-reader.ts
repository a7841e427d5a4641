// SPDX-License-Identifier: Apache-2.0
import { fail, type StrongroomError } from '../../core/index.ts';

/** What stands next in a JSON text. */
export type JsonToken =
  | { readonly kind: 'open'; readonly shape: 'array' | 'object'; readonly start: number }
  | { readonly kind: 'close'; readonly end: number }
  | { readonly kind: 'key'; readonly name: string; readonly start: number; readonly end: number }
  | { readonly kind: 'value'; readonly text: string; readonly start: number; readonly end: number }
  | { readonly kind: 'end' };

/** Arrays and objects inside each other; deeper JSON is refused. */
export const MAX_JSON_DEPTH = 512;

/** The 1-based place of an error inside a larger file. */
export interface JsonOrigin {
  /** Lines before the text. */
  readonly lines: number;
}

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const LITERAL = /true|false|null/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const LINE_END = /\r\n?|\n/g;

/** What may stand next: a value; a value or `]`; a key; a key or `}`; `,` or the closing bracket; nothing. */
type Expected = 'value' | 'element' | 'key' | 'member' | 'separator' | 'nothing';

/**
 * Reads strict JSON (RFC 8259) token by token, with positions, without recursion. Accepts exactly what `JSON.parse`
 * accepts, up to the depth limit. Numbers keep their own spelling; duplicate keys are counted, not resolved.
 */
export class JsonReader {
  readonly #text: string;
  readonly #origin: JsonOrigin;
  readonly #open: (Set<string> | null)[] = [];
  #at = 0;
  #expected: Expected = 'value';
  #duplicates = 0;

  constructor(text: string, origin: JsonOrigin = { lines: 0 }) {
    this.#text = text;
    this.#origin = origin;
  }

  /** Keys seen so far that their object had already. */
  get duplicateKeys(): number {
    return this.#duplicates;
  }

  /** Offset behind the last token. */
  get offset(): number {
    return this.#at;
  }

  /**
   * The next token; `end` when the one value is complete.
   * @throws {SOURCE_MALFORMED} at `line` and `column` (1-based, in UTF-16 units)
   */
  next(): JsonToken {
    this.#skip(SPACE);
    const next = this.#text.charAt(this.#at);
    if (this.#expected === 'nothing') {
      if (next !== '') throw this.#malformed('more than one value');
      return { kind: 'end' };
    }
    if (this.#expected === 'separator') {
      if (next !== ',') return this.#close(next);
      this.#at++;
      this.#expected = this.#open.at(-1) === null ? 'value' : 'key';
      return this.next();
    }
    if (this.#expected === 'key') return this.#key(next);
    if (this.#expected === 'member') return next === '}' ? this.#close(next) : this.#key(next);
    if (this.#expected === 'element' && next === ']') return this.#close(next);
    return this.#value(next);
  }

  #value(next: string): JsonToken {
    const start = this.#at;
    if (next === '{' || next === '[') {
      if (this.#open.length >= MAX_JSON_DEPTH) throw this.#malformed('too many levels');
      this.#open.push(next === '{' ? new Set() : null);
      this.#expected = next === '{' ? 'member' : 'element';
      this.#at++;
      return { kind: 'open', shape: next === '{' ? 'object' : 'array', start };
    }
    const text = next === '"' ? this.#string() : this.#scalar();
    this.#expected = this.#open.length === 0 ? 'nothing' : 'separator';
    return { kind: 'value', text, start, end: this.#at };
  }

  #key(next: string): JsonToken {
    const start = this.#at;
    if (next !== '"') throw this.#malformed('no key in quotes where one must stand');
    const name = this.#string();
    const end = this.#at;
    const names = this.#open.at(-1) as Set<string>;
    if (names.has(name)) this.#duplicates++;
    names.add(name);
    this.#skip(SPACE);
    if (this.#text.charAt(this.#at) !== ':') throw this.#malformed('no colon after a key');
    this.#at++;
    this.#expected = 'value';
    return { kind: 'key', name, start, end };
  }

  #close(next: string): JsonToken {
    const closing = this.#open.at(-1) === null ? ']' : '}';
    if (next !== closing) throw this.#malformed('neither a comma nor the closing bracket');
    this.#open.pop();
    this.#at++;
    this.#expected = this.#open.length === 0 ? 'nothing' : 'separator';
    return { kind: 'close', end: this.#at };
  }

  #scalar(): string {
    const start = this.#at;
    if (!this.#skip(LITERAL) && !this.#skip(NUMBER)) {
      throw this.#malformed('no value where one must stand');
    }
    return this.#text.slice(start, this.#at);
  }

  #string(): string {
    const start = this.#at++;
    for (;;) {
      this.#skip(PLAIN);
      if (this.#text.charAt(this.#at) === '"') break;
      if (!this.#skip(ESCAPE)) throw this.#malformed('a string that is not closed or not allowed');
    }
    this.#at++;
    return JSON.parse(this.#text.slice(start, this.#at)) as string;
  }

  /** Steps over what a sticky pattern matches; false when it matches nothing. */
  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }

  #malformed(what: string): StrongroomError {
    let line = 1;
    let start = 0;
    for (const end of this.#text.slice(0, this.#at).matchAll(LINE_END)) {
      line++;
      start = end.index + end[0].length;
    }
    line += this.#origin.lines;
    const column = this.#at - start + 1;
    const message = `the JSON at line ${line}, column ${column} is malformed: ${what}`;
    return fail('SOURCE_MALFORMED', message, { line, column });
  }
}
