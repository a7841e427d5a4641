// SPDX-License-Identifier: Apache-2.0
import { decodeSource } from './decode.ts';
import { type Loader, MAX_SOURCE_BYTES } from './document.ts';
import { Draft } from './draft.ts';
import { type JsonOrigin, JsonReader, type JsonToken } from './json-reader.ts';
import { firstCharacters } from './normalise.ts';
import { Pace } from './pace.ts';

const JSON_ID = 'json@1';
const LINES_ID = 'jsonl@1';
const MEDIA_TYPE = 'application/json';
const LINES_MEDIA_TYPE = 'application/x-ndjson';

// Paths make the text longer than the JSON: this often, in units per byte of the largest file, before it is refused.
const EXPANSION = 4;

/** Reads JSON: one line `path.to.key: value` per leaf, one record per element of the outermost array or object. */
export const jsonLoader: Loader = {
  id: JSON_ID,
  matches: (name) => name === 'json' || name === 'geojson' || name === MEDIA_TYPE,
  async parse(source, options = {}) {
    const pace = new Pace(options.signal);
    pace.check();
    const decoded = decodeSource(source.bytes, options.maxBytes);
    const draft = new Draft(decoded, EXPANSION * (options.maxBytes ?? MAX_SOURCE_BYTES));
    const flattener = new Flattener(draft, 1);
    await flattener.read(decoded.text, 0, pace);
    return draft.finish({ parser: JSON_ID, mediaType: MEDIA_TYPE });
  },
};

/** Reads JSON Lines: one record per line, blank lines left out. */
export const jsonLinesLoader: Loader = {
  id: LINES_ID,
  matches: (name) => ['jsonl', 'ndjson', LINES_MEDIA_TYPE, 'application/jsonl'].includes(name),
  async parse(source, options = {}) {
    const pace = new Pace(options.signal);
    pace.check();
    const decoded = decodeSource(source.bytes, options.maxBytes);
    const draft = new Draft(decoded, EXPANSION * (options.maxBytes ?? MAX_SOURCE_BYTES));
    const flattener = new Flattener(draft, 0);
    let lines = 0;
    for (const { line, start } of linesOf(decoded.text)) {
      if (/[^ \t\r]/.test(line)) await flattener.read(line, start, pace, { lines });
      lines++;
    }
    return draft.finish({ parser: LINES_ID, mediaType: LINES_MEDIA_TYPE });
  },
};

function* linesOf(text: string): Generator<{ readonly line: string; readonly start: number }> {
  for (let start = 0; start <= text.length;) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    yield { line: text.slice(start, end), start };
    start = end + 1;
  }
}

/** One step of a path: a shown key, or an array index that counts up. */
interface Step {
  key: string;
  /** Index of the next element; -1 in an object. */
  index: number;
  isEmpty: boolean;
}

/** Keys longer than this are shown cut; bounds what a path adds to each line. */
const MAX_SHOWN_KEY = 100;
const PLAIN_KEY = /^[\p{L}\p{N}_$@-][\p{L}\p{N}\p{M}_$@ /-]*$/u;

/** Writes the leaves of JSON values into a draft, line by line. */
class Flattener {
  readonly #draft: Draft;
  readonly #recordDepth: number;
  readonly #path: Step[] = [];
  /** Where the key of the leaf being read starts. */
  #keyStart = -1;
  #isFirstLine = true;

  /** @param recordDepth levels around a record: 1 gives one per element, 0 one per value */
  constructor(draft: Draft, recordDepth: 0 | 1) {
    this.#draft = draft;
    this.#recordDepth = recordDepth;
  }

  /** Reads one JSON text that starts at an offset of the source. */
  async read(text: string, offset: number, pace: Pace, origin?: JsonOrigin): Promise<void> {
    const reader = new JsonReader(text, origin);
    this.#openRecord();
    for (let token = reader.next(); token.kind !== 'end';) {
      const before = reader.offset;
      this.#take(token, offset);
      token = reader.next();
      if (pace.spend(reader.offset - before + this.#path.length)) await pace.rest();
    }
    this.#draft.findings.add('json-duplicate-key', reader.duplicateKeys);
  }

  #take(token: JsonToken, offset: number): void {
    if (token.kind === 'key') {
      this.#enter();
      (this.#path.at(-1) as Step).key = shownKey(token.name);
      this.#keyStart = token.start + offset;
    } else if (token.kind === 'open') {
      if (this.#isElement()) this.#enter();
      this.#path.push({ key: '', index: token.shape === 'array' ? 0 : -1, isEmpty: true });
      this.#keyStart = token.start + offset;
    } else if (token.kind === 'close') {
      const step = this.#path.pop() as Step;
      if (step.isEmpty) this.#leaf(step.index === 0 ? '[]' : '{}', token.end + offset);
    } else if (token.kind === 'value') {
      if (this.#isElement() || this.#path.length === 0) this.#keyStart = token.start + offset;
      if (this.#isElement()) this.#enter();
      this.#leaf(token.text === '' ? '""' : token.text, token.end + offset);
    }
  }

  /** Counts an element or member of the innermost container, which may start a record. */
  #enter(): void {
    const step = this.#path.at(-1) as Step;
    if (this.#path.length === this.#recordDepth && !step.isEmpty) this.#openRecord();
    step.isEmpty = false;
    if (step.index >= 0) step.key = String(step.index++);
  }

  #isElement(): boolean {
    return (this.#path.at(-1)?.index ?? -1) >= 0;
  }

  #openRecord(): void {
    this.#draft.open('record');
    this.#isFirstLine = true;
  }

  #leaf(value: string, end: number): void {
    const path = this.#shownPath();
    const shown = value.replace(/\r\n?|[\n\v\f\x85\u2028\u2029]/g, '\n  ');
    const line = path === '' ? shown : `${path}: ${shown}`;
    this.#draft.whole(this.#isFirstLine ? line : `\n${line}`, this.#keyStart, end);
    this.#isFirstLine = false;
  }

  #shownPath(): string {
    let path = '';
    for (const { key, index } of this.#path) {
      if (index >= 0) path += `[${key}]`;
      else if (key.startsWith('[')) path += key;
      else path += path === '' ? key : `.${key}`;
    }
    return path;
  }
}

/** A key as it stands in a path: plain, or quoted in brackets when it could be taken for something else. */
function shownKey(name: string): string {
  const cut = name.length > MAX_SHOWN_KEY ? `${firstCharacters(name, MAX_SHOWN_KEY)}…` : name;
  return PLAIN_KEY.test(cut) ? cut : `[${JSON.stringify(cut)}]`;
}
