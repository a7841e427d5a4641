// SPDX-License-Identifier: Apache-2.0
import type { IsolatedBlock } from './isolated.ts';

/** A line of text on a page; y grows upwards, height is that of its largest letters. */
export interface PdfLine {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly height: number;
}

/** How much larger than the text a heading is, and how long at most. */
const HEADING_RATIO = 1.18;
const HEADING_LENGTH = 160;
/** Levels that sizes of headings are spread over. */
const LEVELS = 3;
/** Gap between two lines, in heights, from which a paragraph ends. */
const PARAGRAPH_GAP = 1.9;

/** Lines into paragraphs and headings: larger letters make a heading, a gap or a jump ends a paragraph. */
export function blocksOf(pages: readonly (readonly PdfLine[])[]): IsolatedBlock[] {
  const body = bodyHeight(pages.flat());
  const sizes = headingSizes(pages.flat(), body);
  const levelOf = ({ text, height }: PdfLine): number | null => {
    if (text.length > HEADING_LENGTH || height < body * HEADING_RATIO || body === 0) return null;
    const rank = sizes.findIndex((size) => height >= size - 0.25);
    return rank < 0 ? null : Math.min(rank, LEVELS - 1) + 1;
  };
  const blocks: IsolatedBlock[] = [];
  for (const [at, lines] of pages.entries()) {
    let open: { lines: PdfLine[]; level: number | null } | null = null;
    const close = (): void => {
      if (open !== null) blocks.push(blockOf(open.lines, open.level, at + 1));
      open = null;
    };
    for (const line of lines) {
      const level = levelOf(line);
      if (open !== null && !goesOn(open, line, level)) close();
      if (open === null) open = { lines: [line], level };
      else open.lines.push(line);
    }
    close();
  }
  return blocks.filter(({ text }) => /\S/.test(text));
}

function goesOn(
  { lines, level }: { readonly lines: readonly PdfLine[]; readonly level: number | null },
  line: PdfLine,
  next: number | null,
): boolean {
  const last = lines.at(-1) as PdfLine;
  if (level !== next) return false;
  const gap = last.y - line.y;
  const height = Math.max(last.height, line.height, 1);
  // Upwards means the next column, or something that floats.
  return gap > -height * 0.5 && gap < height * PARAGRAPH_GAP;
}

function blockOf(lines: readonly PdfLine[], level: number | null, page: number): IsolatedBlock {
  let text = '';
  for (const line of lines) {
    const next = line.text.replace(/\s+/g, ' ').trim();
    if (text === '') text = next;
    // A word divided at the end of a line.
    else if (/\p{Ll}-$/u.test(text) && /^\p{Ll}/u.test(next)) text = text.slice(0, -1) + next;
    else text += ` ${next}`;
  }
  return level === null
    ? { kind: 'paragraph', text, page }
    : { kind: 'heading', text, level, page };
}

/** The height in which most letters are set. */
function bodyHeight(lines: readonly PdfLine[]): number {
  const letters = new Map<number, number>();
  for (const { text, height } of lines) {
    const rounded = Math.round(height * 2) / 2;
    letters.set(rounded, (letters.get(rounded) ?? 0) + text.length);
  }
  let best = 0;
  for (const [height, count] of letters) if (count > (letters.get(best) ?? 0)) best = height;
  return best;
}

/** Heights of headings, largest first. */
function headingSizes(lines: readonly PdfLine[], body: number): number[] {
  const sizes = new Set<number>();
  for (const { text, height } of lines) {
    if (text.length <= HEADING_LENGTH && height >= body * HEADING_RATIO) {
      sizes.add(Math.round(height * 2) / 2);
    }
  }
  return [...sizes].sort((a, b) => b - a);
}
