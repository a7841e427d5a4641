// SPDX-License-Identifier: Apache-2.0
// The Markdown syntax that is read: CommonMark with GitHub's tables.
import type { Heading, Nodes, RootContent } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmTableFromMarkdown } from 'mdast-util-gfm-table';
import { gfmTable } from 'micromark-extension-gfm-table';

// Spans of emphasis and links change nothing of where blocks and HTML stand. Leaving them out makes the parser four
// times as fast, and linear: its time for emphasis and brackets grows with their square.
const UNREAD_SPANS = [
  'attention',
  'autolink',
  'characterReference',
  'hardBreakEscape',
  'labelEnd',
  'labelStartImage',
  'labelStartLink',
];
const BLOCK_SYNTAX = {
  extensions: [gfmTable(), { disable: { null: UNREAD_SPANS } }],
  mdastExtensions: [gfmTableFromMarkdown()],
};

// Longer headings are shown as they stand.
const MAX_HEADING = 400;

/** The top-level blocks of Markdown; inside them only code spans, escapes and HTML are told apart. */
export function blocksOf(markdown: string): readonly RootContent[] {
  return fromMarkdown(markdown, BLOCK_SYNTAX).children;
}

/** A node with everything in it, in document order. */
export function* descendantsOf(node: Nodes): Generator<Nodes> {
  const open: Nodes[] = [node];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    yield next;
    if (!('children' in next)) continue;
    for (let i = next.children.length - 1; i >= 0; i--) open.push(next.children[i] as Nodes);
  }
}

/** The plain text of a heading of `markdown`: no syntax, no HTML, images by their alternative text. */
export function headingText(heading: Heading, markdown: string): string {
  const plain = plainText(heading);
  const start = heading.children[0]?.position?.start.offset ?? 0;
  const end = heading.children.at(-1)?.position?.end.offset ?? 0;
  if (end - start > MAX_HEADING || !/[*_`[\]<&\\!]/.test(markdown.slice(start, end))) return plain;
  const again = fromMarkdown(`# ${markdown.slice(start, end).replace(/\s+/g, ' ')}`).children[0];
  if (again === undefined) return plain;
  // The definitions of reference links stand elsewhere, so they are still in brackets.
  return plainText(again).replace(/\[([^[\]]*)\]\[[^[\]]*\]/g, '$1');
}

function plainText(node: Nodes): string {
  let text = '';
  for (const part of descendantsOf(node)) {
    if (part.type === 'text' || part.type === 'inlineCode') text += part.value;
    else if (part.type === 'image' || part.type === 'imageReference') text += part.alt ?? '';
    else if (part.type === 'break') text += ' ';
  }
  return text;
}
