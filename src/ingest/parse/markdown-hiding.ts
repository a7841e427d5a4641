// SPDX-License-Identifier: Apache-2.0
// What HTML inside Markdown hides: comments, and everything between the tags of hidden elements, across blocks.
import { type Token, Tokenizer, TokenizerMode } from 'parse5';
import type { Tally } from '../../guard/index.ts';
import { type Hiding, hidingOf, UNDRAWN } from './html-hiding.ts';
import { requireHtmlLength } from './html-reader.ts';
import { isBlockElement } from './html-writer.ts';
import type { TextRange } from './offset-map.ts';

const VOID = new Set(
  'area base br col embed hr img input link meta param source track wbr'.split(' '),
);

// Elements whose content is no markup, as the tree builder of the HTML standard tells the tokenizer.
const CONTENT_MODES = new Map([
  ['textarea', TokenizerMode.RCDATA],
  ['title', TokenizerMode.RCDATA],
  ['script', TokenizerMode.SCRIPT_DATA],
  ...['style', 'xmp', 'iframe', 'noembed', 'noframes', 'noscript'].map(
    (name) => [name, TokenizerMode.RAWTEXT] as const,
  ),
]);

/** The hidden element that is open. */
interface HiddenElement {
  readonly name: string;
  /** Null for elements like `script`, which hide their content by nature. */
  readonly hiding: Hiding | null;
  /** True for an element inside a paragraph or the like, which ends with it. */
  readonly isInline: boolean;
  /** Open elements of this name, itself included. */
  depth: number;
  isCounted: boolean;
}

/** Follows the tags of a Markdown file from block to block. */
export class HiddenMarkup {
  readonly #text: string;
  readonly #findings: Tally;
  #hidden: HiddenElement | null = null;
  /** Start of what is hidden and not yet reported. */
  #hiddenFrom = 0;
  #ranges: TextRange[] = [];

  constructor(text: string, findings: Tally) {
    this.#text = text;
    this.#findings = findings;
  }

  /** Tells where a block starts. */
  startBlock(start: number): void {
    this.#hiddenFrom = start;
    this.#ranges = [];
  }

  /** Hides a range that is no HTML. */
  hide(start: number, end: number): void {
    if (this.#hidden === null) this.#ranges.push({ start, end });
  }

  /** Reads the tags and comments of HTML inside a block. */
  readHtml(start: number, end: number): void {
    eachMarkup(this.#text.slice(start, end), start, (token, from, to) => {
      if (token === null) this.#comment(from, to);
      else if ('name' in token) this.#startTag(token, from, !isBlockElement(token.name));
      else this.#endTag(token.end, to);
    });
  }

  /**
   * Crosses a block of nothing but HTML, whose own comments and hidden elements the HTML reader finds.
   * @returns where the block starts to be visible: behind the end of what an earlier block hides
   */
  crossHtml(start: number, end: number): number {
    let visibleFrom = this.#hidden === null ? start : end;
    this.#hiddenFrom = start;
    eachMarkup(this.#text.slice(start, end), start, (token, from, to) => {
      if (token === null) return;
      if ('name' in token) this.#startTag(token, from, false);
      else if (this.#closes(token.end)) visibleFrom = Math.min(visibleFrom, to);
    });
    // Counted here or by the HTML reader: not again when later blocks are hidden.
    if (this.#hidden !== null) this.#hidden.isCounted ||= this.#hasText(this.#hiddenFrom, end);
    return visibleFrom;
  }

  /** Ends a block: what it hides, in order. An inline element ends with it, a block-level one goes on. */
  endBlock(end: number): readonly TextRange[] {
    const hidden = this.#hidden;
    if (hidden !== null) {
      this.#report(hidden, end);
      if (hidden.isInline) this.#hidden = null;
    }
    return this.#ranges;
  }

  #comment(from: number, to: number): void {
    this.#findings.add('html-comment');
    if (this.#hidden === null) this.#ranges.push({ start: from, end: to });
  }

  #startTag({ name, attributes }: StartTag, from: number, isInline: boolean): void {
    if (this.#hidden !== null) {
      if (this.#hidden.name === name) this.#hidden.depth++;
      return;
    }
    const hiding = hidingOf(name, attributes);
    if ((hiding === null && !UNDRAWN.has(name)) || VOID.has(name)) return;
    this.#hidden = { name, hiding, isInline, depth: 1, isCounted: false };
    this.#hiddenFrom = from;
  }

  #endTag(name: string, to: number): void {
    const hidden = this.#hidden;
    if (hidden !== null && this.#closes(name)) this.#report(hidden, to);
  }

  #closes(name: string): boolean {
    if (this.#hidden?.name !== name || --this.#hidden.depth > 0) return false;
    this.#hidden = null;
    return true;
  }

  #report(hidden: HiddenElement, end: number): void {
    this.#ranges.push({ start: this.#hiddenFrom, end });
    if (hidden.hiding === null || hidden.isCounted || !this.#hasText(this.#hiddenFrom, end)) return;
    hidden.isCounted = true;
    this.#findings.add(hidden.hiding);
  }

  #hasText(start: number, end: number): boolean {
    return /\S/.test(this.#text.slice(start, end).replace(/<[^<>]*>/g, ''));
  }
}

interface StartTag {
  readonly name: string;
  readonly attributes: Token.Attribute[];
}

/** A tag, or null for a comment, with its place in the source. */
type MarkupVisitor = (
  token: StartTag | { readonly end: string } | null,
  from: number,
  to: number,
) => void;

function eachMarkup(html: string, offset: number, visit: MarkupVisitor): void {
  requireHtmlLength(html.length);
  const tell = (token: Parameters<MarkupVisitor>[0], { location }: Token.Token) => {
    const from = offset + (location?.startOffset ?? 0);
    visit(token, from, offset + (location?.endOffset ?? html.length));
  };
  const ignore = () => undefined;
  const handler = {
    onStartTag: (tag: Token.TagToken) => {
      tell({ name: tag.tagName, attributes: tag.attrs }, tag);
      tokenizer.state = CONTENT_MODES.get(tag.tagName) ?? tokenizer.state;
    },
    onEndTag: (tag: Token.TagToken) => tell({ end: tag.tagName }, tag),
    onComment: (comment: Token.CommentToken) => tell(null, comment),
    onDoctype: ignore,
    onEof: ignore,
    onCharacter: ignore,
    onNullCharacter: ignore,
    onWhitespaceCharacter: ignore,
  };
  const tokenizer = new Tokenizer({ sourceCodeLocationInfo: true }, handler);
  tokenizer.write(html, true);
}
