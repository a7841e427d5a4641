// SPDX-License-Identifier: Apache-2.0
import type { BlockKind } from './document.ts';
import type { Draft } from './draft.ts';
import type { SourcedText } from './html-source.ts';

const BLOCKS = new Set(
  'address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure footer form header hgroup hr html legend li listing main menu nav ol optgroup option p plaintext pre search section select summary table tbody td tfoot th thead tr ul xmp caption h1 h2 h3 h4 h5 h6'.split(
    ' ',
  ),
);
const LISTS = new Set(['ul', 'ol', 'dl', 'menu', 'dir']);
const PREFORMATTED = new Set(['pre', 'listing', 'xmp', 'plaintext', 'textarea']);
const MAX_INDENT = 8;
// More than a heading path shows.
const MAX_LABEL = 2000;

/** True for elements that start and end on a line of their own. */
export function isBlockElement(name: string): boolean {
  return BLOCKS.has(name);
}

/**
 * Writes the visible text of HTML into a draft: told of elements in document order, it opens blocks, collapses white
 * space as browsers do, marks list items, and puts table rows on lines with ` | ` between cells.
 */
export class HtmlWriter {
  readonly #draft: Draft;
  /** Open lists; the number of the next item, or null without numbers. */
  readonly #lists: (number | null)[] = [];
  #tables = 0;
  #quotes = 0;
  #preformatted = 0;
  #heading: number | null = null;
  #label = '';
  #isOpen = false;
  /** White space and cell borders owed before the next text. */
  #gap = '';
  #marker = '';
  #cells = 0;

  constructor(draft: Draft) {
    this.#draft = draft;
  }

  /** An element starts. `start` is the number of an ordered list's first item. */
  enter(name: string, start?: number): void {
    if (/^h[1-6]$/.test(name)) {
      this.#flush();
      this.#heading = Number(name.charAt(1));
    } else if (LISTS.has(name)) {
      this.#breakBlock();
      this.#lists.push(name === 'ol' ? (start ?? 1) : null);
    } else if (name === 'li') {
      this.#breakBlock();
      this.#marker = this.#nextMarker();
    } else if (name === 'table') {
      this.#breakBlock();
      this.#tables++;
    } else if (name === 'tr' && this.#tables === 1) {
      if (this.#heading === null) this.#gap = '\n';
      this.#cells = 0;
    } else if (name === 'td' || name === 'th') {
      this.#breakCell();
    } else if (name === 'blockquote') {
      this.#flush();
      this.#quotes++;
    } else if (PREFORMATTED.has(name)) {
      this.#flush();
      this.#marker = '';
      this.#preformatted++;
    } else if (name === 'br') {
      this.#breakLine();
    } else if (BLOCKS.has(name)) {
      this.#breakBlock();
    }
  }

  /** An element ends. */
  exit(name: string): void {
    if (/^h[1-6]$/.test(name)) {
      this.#flush();
      this.#heading = null;
    } else if (LISTS.has(name)) {
      this.#lists.pop();
      this.#marker = '';
      this.#breakBlock();
    } else if (name === 'table') {
      this.#tables--;
      this.#breakBlock();
    } else if (name === 'blockquote') {
      this.#flush();
      this.#quotes--;
    } else if (PREFORMATTED.has(name)) {
      this.#flush();
      this.#preformatted--;
    } else if (BLOCKS.has(name) && name !== 'td' && name !== 'th' && name !== 'tr') {
      this.#breakBlock();
    }
  }

  /** Text of the current element. */
  text(piece: SourcedText): void {
    if (this.#preformatted > 0) {
      this.#put(piece);
      return;
    }
    const { text, from, to, isExact } = piece;
    let done = 0;
    // Runs between white space that is more than a single space are taken over in one piece.
    for (const match of text.matchAll(/[ \t\n\r\f]{2,}|[\t\n\r\f]/g)) {
      this.#words({
        text: text.slice(done, match.index),
        from: isExact ? from + done : from,
        to,
        isExact,
      });
      this.#space();
      done = match.index + match[0].length;
    }
    this.#words({ text: text.slice(done), from: isExact ? from + done : from, to, isExact });
  }

  /** Ends the last block. */
  end(): void {
    this.#flush();
  }

  #words(piece: SourcedText): void {
    const { text, from, to, isExact } = piece;
    if (text === '') return;
    const start = text.startsWith(' ') ? 1 : 0;
    if (start === 1) this.#space();
    const end = text.length > start && text.endsWith(' ') ? text.length - 1 : text.length;
    if (start < end) {
      this.#put({ text: text.slice(start, end), from: isExact ? from + start : from, to, isExact });
    }
    if (end < text.length) this.#space();
  }

  #put({ text, from, to, isExact }: SourcedText): void {
    if (text === '') return;
    if (!this.#isOpen) {
      this.#draft.open(this.#kind(), this.#heading ?? undefined);
      this.#isOpen = true;
      this.#gap = this.#gap.trimStart();
    }
    const owed = this.#gap + this.#marker;
    this.#draft.whole(owed, from, from);
    this.#gap = '';
    this.#marker = '';
    if (isExact) this.#draft.exact(text, from);
    else this.#draft.whole(text, from, to);
    if (this.#heading !== null && this.#label.length < MAX_LABEL) this.#label += owed + text;
  }

  #kind(): BlockKind {
    if (this.#heading !== null) return 'heading';
    if (this.#preformatted > 0) return 'code';
    if (this.#tables > 0) return 'table';
    if (this.#lists.length > 0) return 'list';
    return this.#quotes > 0 ? 'quote' : 'paragraph';
  }

  #nextMarker(): string {
    const last = this.#lists.length - 1;
    const number = this.#lists[last];
    if (this.#tables > 0 || number === undefined) return '';
    if (number !== null) this.#lists[last] = number + 1;
    return '  '.repeat(Math.min(last, MAX_INDENT)) + (number === null ? '- ' : `${number}. `);
  }

  /** The border of a block-level element: of a block, or of a line or word inside what must stay together. */
  #breakBlock(): void {
    if (this.#heading !== null || this.#tables > 0) this.#breakLine();
    else if (this.#lists.length > 0 || this.#quotes > 0) this.#gap = '\n';
    else this.#flush();
  }

  #breakLine(): void {
    if (this.#preformatted > 0) this.#gap += '\n';
    else if (this.#heading !== null || this.#cells > 0) this.#space();
    else this.#gap = '\n';
  }

  #breakCell(): void {
    if (this.#tables !== 1 || this.#heading !== null) {
      this.#space();
      return;
    }
    if (this.#cells++ > 0) this.#gap = this.#gap === ' ' ? ' | ' : `${this.#gap} | `;
  }

  #space(): void {
    if (this.#gap === '') this.#gap = ' ';
  }

  #flush(): void {
    if (this.#isOpen) this.#draft.close(this.#heading === null ? undefined : this.#label);
    this.#isOpen = false;
    this.#label = '';
    this.#gap = '';
  }
}
