// SPDX-License-Identifier: Apache-2.0
// Markdown read in windows. The parser's time grows with the square of the number of blocks and of the depth, and its
// memory is two hundred times the text, so it never sees more than a few hundred lines. A window ends where the text is
// cut, so its last block may go on behind it: that block is read again from its start, which gives the same as reading
// everything at once, since where a top-level block starts nothing else is open.
import type { Html, Nodes, RootContent } from 'mdast';
import type { BlockKind } from './document.ts';
import { lineStart, nextLine, paragraphEnd, skipBlankLines } from './lines.ts';
import { blocksOf, descendantsOf, headingText } from './markdown-syntax.ts';

/** A range of source offsets that a reader does not see, or that is HTML. */
export interface MarkdownPart {
  readonly kind: 'html' | 'definition' | 'comment-definition';
  readonly start: number;
  readonly end: number;
}

/** A top-level block of Markdown. */
export interface MarkdownBlock {
  readonly kind: BlockKind | 'html' | 'definition' | 'rule';
  /** Source offsets. */
  readonly start: number;
  readonly end: number;
  /** Of headings. */
  readonly heading?: { readonly level: number; readonly label: string };
  /** HTML and definitions inside, in order. */
  readonly parts: readonly MarkdownPart[];
  /** True for a list or code that goes on with the block before it. */
  readonly isContinued: boolean;
  /** True for a block too long or too deep to be parsed: its extent is a guess, all of it is one part of HTML. */
  readonly isRaw: boolean;
}

interface Window {
  readonly units: number;
  readonly lines: number;
}

const FIRST: Window = { units: 8192, lines: 200 };
// Beyond this a single block is not parsed as a whole.
const LAST: Window = { units: 65536, lines: 1600 };
// Quotes and lists opened on one line; more are read as plain text.
const MAX_CONTAINERS_PER_LINE = 32;

const DEEP_LINE = new RegExp(
  `^(?:[ \\t]*(?:>|[-+*](?=[ \\t])|[0-9]{1,9}[.)](?=[ \\t]))){${MAX_CONTAINERS_PER_LINE + 1}}`,
  'gm',
);
const RULE = /^[ \t]*(?:-[ \t]*)+$|^[ \t]*(?:\*[ \t]*)+$/;

/** The top-level blocks of a text from an offset on, in order. */
export function* markdownBlocks(text: string, from: number): Generator<MarkdownBlock> {
  let cut: RootContent['type'] | null = null;
  let window = FIRST;
  for (let at = skipBlankLines(text, from); at < text.length;) {
    const { end, isDeep } = windowFrom(text, at, window);
    if (end === at) {
      const raw = rawBlock('paragraph', text, at);
      yield raw;
      at = skipBlankLines(text, raw.end);
      cut = null;
      continue;
    }
    const markdown = text.slice(at, end);
    const nodes = blocksOf(markdown);
    const isWhole = end === text.length || isDeep;
    const last = nodes.at(-1);
    const resume = isWhole || last === undefined ? end : resumeAt(text, at, nodes);
    if (resume > at) {
      for (const node of nodes) {
        const block = blockOf(node, { markdown, offset: at, cut });
        cut = null;
        if (block.start >= resume) break;
        if (block.end > resume) cut = node.type;
        yield cut === null ? block : cutBlock(block, text, resume);
      }
      at = skipBlankLines(text, resume);
      window = FIRST;
    } else if (window.units < LAST.units) {
      window = { units: window.units * 2, lines: window.lines * 2 };
    } else {
      const long = longBlock(
        text,
        { start: at, end, isContinued: cut === 'code' },
        last as RootContent,
      );
      yield long;
      cut = long.kind === 'code' && long.end <= end ? 'code' : null;
      at = skipBlankLines(text, long.end);
      window = FIRST;
    }
  }
}

/** A window of whole lines. It ends before a line too deep to be parsed, and is empty when that is its first line. */
function windowFrom(text: string, at: number, size: Window): { end: number; isDeep: boolean } {
  let end = at;
  for (let lines = 0; lines < size.lines && end - at < size.units && end < text.length; lines++) {
    const next = nextLine(text, end);
    if (next - end > LAST.units) return { end, isDeep: true };
    end = next;
  }
  for (const { index } of text.slice(at, end).matchAll(DEEP_LINE)) {
    const line = text.slice(at + index, nextLine(text, at + index)).trimEnd();
    if (!RULE.test(line)) return { end: at + index, isDeep: true };
  }
  return { end, isDeep: false };
}

/** Where reading goes on behind a cut window: at its last block, or at the last item of a list that fills it. */
function resumeAt(text: string, at: number, nodes: readonly RootContent[]): number {
  const markdown = text.slice(at);
  const startOf = (node: Nodes | undefined) =>
    lineStart(text, at + (node?.position?.start.offset ?? 0), at);
  let first = nodes.length - 1;
  while (first > 0 && continuesDefinition(markdown, nodes[first - 1], nodes[first])) first--;
  const [only] = nodes;
  return first === 0 && only?.type === 'list'
    ? startOf(only.children.at(-1))
    : startOf(nodes[first]);
}

/** True for a block on the lines right behind a definition, where indentation and underlines mean something else. */
function continuesDefinition(
  markdown: string,
  before: RootContent | undefined,
  node: RootContent | undefined,
): boolean {
  if (before?.type !== 'definition' || node === undefined) return false;
  const gap = markdown.slice(before.position?.end.offset, node.position?.start.offset);
  const isAdjacent = gap.split(/\r\n?|\n/).length === 2;
  return isAdjacent && (node.type !== 'definition' || /[\r\n](?: {4}|\s*\t)/.test(gap));
}

const KINDS: Readonly<Partial<Record<RootContent['type'], MarkdownBlock['kind']>>> = {
  heading: 'heading',
  list: 'list',
  code: 'code',
  table: 'table',
  blockquote: 'quote',
  html: 'html',
  definition: 'definition',
  thematicBreak: 'rule',
};

function blockOf(
  node: RootContent,
  place: {
    readonly markdown: string;
    readonly offset: number;
    /** Type of the block before, when it was cut. */
    readonly cut: RootContent['type'] | null;
  },
): MarkdownBlock {
  const { markdown, offset } = place;
  const parts: MarkdownPart[] = [];
  for (const part of descendantsOf(node)) {
    const kind = partKind(part);
    if (kind !== null) parts.push({ kind, ...extentOf(part, offset) });
  }
  return {
    kind: KINDS[node.type] ?? 'paragraph',
    ...extentOf(node, offset),
    ...(node.type === 'heading'
      ? { heading: { level: node.depth, label: headingText(node, markdown) } }
      : {}),
    parts,
    isContinued: place.cut === node.type,
    isRaw: false,
  };
}

function extentOf(node: Nodes, offset: number): { start: number; end: number } {
  const { start, end } = node.position ?? {};
  return { start: offset + (start?.offset ?? 0), end: offset + (end?.offset ?? 0) };
}

function partKind(node: Nodes): MarkdownPart['kind'] | null {
  if (node.type === 'html') return 'html';
  if (node.type !== 'definition') return null;
  // `[//]: # (like this)`: a link that leads nowhere, whose title nobody sees.
  const isComment = /^(?:#|)$/.test(node.url) && typeof node.title === 'string';
  return isComment ? 'comment-definition' : 'definition';
}

function cutBlock(block: MarkdownBlock, text: string, end: number): MarkdownBlock {
  const visible = text.slice(block.start, end).trimEnd().length;
  return {
    ...block,
    end: block.start + visible,
    parts: block.parts.filter((part) => part.start < end),
  };
}

/** Everything up to the next blank line, or to the end of a comment that goes on behind it. */
function rawBlock(kind: MarkdownBlock['kind'], text: string, start: number): MarkdownBlock {
  let end = paragraphEnd(text, start);
  const opening = text.lastIndexOf('<!--', end);
  if (opening >= start && text.lastIndexOf('-->', end) < opening) {
    const closing = text.indexOf('-->', opening);
    if (closing >= 0) end = paragraphEnd(text, closing);
  }
  const parts: readonly MarkdownPart[] = [{ kind: 'html', start, end }];
  return { kind, start, end, parts, isContinued: false, isRaw: true };
}

/** A block that does not end in the largest window. */
function longBlock(
  text: string,
  window: { readonly start: number; readonly end: number; readonly isContinued: boolean },
  node: RootContent,
): MarkdownBlock {
  const { start, isContinued } = window;
  const kind = KINDS[node.type] ?? 'paragraph';
  if (node.type === 'code') {
    // Indented code goes on in the next window.
    const end = fenceEnd(text, start) ?? start + text.slice(start, window.end).trimEnd().length;
    return { kind, start, end, parts: [], isContinued, isRaw: false };
  }
  if (node.type === 'html') {
    const end = htmlEnd(text, start + (node.position?.start.offset ?? 0), node);
    const parts: readonly MarkdownPart[] = [{ kind: 'html', start, end }];
    return { kind, start, end, parts, isContinued: false, isRaw: false };
  }
  return rawBlock(kind === 'heading' || kind === 'definition' ? 'paragraph' : kind, text, start);
}

/** End of a fenced code block, or null when the code is not fenced (CommonMark 0.31.2, section 4.5). */
function fenceEnd(text: string, at: number): number | null {
  const opening = /^ {0,3}(`{3,}|~{3,})/.exec(text.slice(at, at + 1000));
  if (opening === null) return null;
  const fence = opening[1] as string;
  const closing = /^ {0,3}(`{3,}|~{3,})[ \t]*$/gm;
  closing.lastIndex = nextLine(text, at);
  for (let match = closing.exec(text); match !== null; match = closing.exec(text)) {
    const run = match[1] as string;
    if (run.startsWith(fence)) return match.index + match[0].length;
  }
  return text.length;
}

/** End of an HTML block, by its start condition (CommonMark 0.31.2, section 4.6). */
function htmlEnd(text: string, start: number, node: Html): number {
  const head = node.value.slice(0, 20).toLowerCase();
  const marks: readonly (readonly [RegExp, string])[] = [
    [/^<!--/, '-->'],
    [/^<\?/, '?>'],
    [/^<!\[cdata\[/, ']]>'],
    [/^<![a-z]/, '>'],
  ];
  for (const [opening, closing] of marks) {
    if (!opening.test(head)) continue;
    const found = text.indexOf(closing, start);
    return found < 0 ? text.length : lineEndAt(text, found);
  }
  if (!/^<(?:script|pre|style|textarea)[\s>]/.test(head)) return paragraphEnd(text, start);
  const closing = /<\/(?:script|pre|style|textarea)>/gi;
  closing.lastIndex = start;
  const match = closing.exec(text);
  return match === null ? text.length : lineEndAt(text, match.index);
}

function lineEndAt(text: string, at: number): number {
  const next = nextLine(text, at);
  return at + text.slice(at, next).trimEnd().length;
}
