// SPDX-License-Identifier: Apache-2.0
// Where the characters of an HTML text node stand in the source, character references included.
import { parseFragment } from 'parse5';

/** Text that stands unit for unit at `from`, or as a whole for the source from `from` to `to`. */
export interface SourcedText {
  readonly text: string;
  readonly from: number;
  readonly to: number;
  readonly isExact: boolean;
}

const REFERENCE = /\r\n?|&(?:#[xX]?[0-9a-fA-F]{1,10}|[A-Za-z][A-Za-z0-9]{0,40});?/g;
// Different references decoded per document; text with more keeps coarse positions.
const MAX_REFERENCES = 4096;

/** Finds the source of text nodes of one document. */
export class TextLocator {
  readonly #source: string;
  readonly #decoded = new Map<string, string>();

  constructor(source: string) {
    this.#source = source;
  }

  /**
   * Divides the value of a text node by what its characters stand for in the source range that the parser gives. Text
   * that cannot be followed there (moved or joined by the parser) stands for the range as a whole.
   */
  locate(value: string, from: number, to: number): readonly SourcedText[] {
    const slice = this.#source.slice(from, to);
    if (slice === value) return [{ text: value, from, to, isExact: true }];
    const pieces: SourcedText[] = [];
    let read = '';
    let done = 0;
    const add = (text: string, start: number, isExact: boolean) => {
      read += text;
      const end = isExact ? start + text.length : done;
      if (text !== '') pieces.push({ text, from: from + start, to: from + end, isExact });
    };
    for (const match of slice.matchAll(REFERENCE)) {
      const decoded = this.#decode(match[0]);
      if (decoded === null) break;
      add(slice.slice(done, match.index), done, true);
      done = match.index + match[0].length;
      add(decoded, match.index, decoded === match[0]);
    }
    add(slice.slice(done), done, true);
    return read === value ? pieces : [{ text: value, from, to, isExact: false }];
  }

  /** The text of a reference or line end; null when too many different ones were seen. */
  #decode(reference: string): string | null {
    if (reference.startsWith('\r')) return '\n';
    const known = this.#decoded.get(reference);
    if (known !== undefined) return known;
    if (this.#decoded.size >= MAX_REFERENCES) return null;
    const node = parseFragment(reference).childNodes[0];
    const decoded = node !== undefined && 'value' in node ? node.value : '';
    this.#decoded.set(reference, decoded);
    return decoded;
  }
}
