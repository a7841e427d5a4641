// SPDX-License-Identifier: Apache-2.0
// Blocks divided into the smallest pieces that chunks are made of.
import type { Block } from '../parse/document.ts';
import { sentencesOf, type Span, trimSpan } from './sentences.ts';
import type { TokenCounter } from './token-counter.ts';

/** What pieces must not exceed. */
export interface Limit {
  readonly maxTokens: number;
  readonly counter: TokenCounter;
}

/**
 * The pieces of a block: the block itself when it does not exceed the limit; else its lines (code, tables, records),
 * items (lists) or sentences; where such a one exceeds the limit, its words, and of a word its characters. Without white
 * space around them; together they hold everything visible.
 */
export function* piecesOf(text: string, block: Block, limit: Limit): Generator<Span> {
  if (fits(text, block, limit)) {
    yield { start: block.start, end: block.end };
    return;
  }
  for (const unit of unitsOf(text, block)) {
    if (fits(text, unit, limit)) yield unit;
    else if (isLineBased(block)) yield* wordsOf(text, unit, limit);
    else for (const sentence of sentencesOf(text, unit)) yield* wordsOf(text, sentence, limit);
  }
}

function fits(text: string, { start, end }: Span, { maxTokens, counter }: Limit): boolean {
  return counter.count(text.slice(start, end)) <= maxTokens;
}

function isLineBased({ kind }: Block): boolean {
  return kind === 'code' || kind === 'table';
}

function* unitsOf(text: string, block: Block): Generator<Span> {
  if (block.kind === 'list') yield* linesOf(text, block, ITEM);
  else if (isLineBased(block) || block.kind === 'record') yield* linesOf(text, block, /^/);
  else yield* sentencesOf(text, block);
}

// A list item, or a line that is not indented like the further lines of one.
const ITEM = /^(?:\S|\s*(?:[-+*]|[0-9]{1,9}[.)])\s)/;

/** Lines, each together with the following ones that do not match `first`. */
function* linesOf(text: string, { start, end }: Span, first: RegExp): Generator<Span> {
  let from = start;
  for (let line = start; line < end;) {
    const found = text.indexOf('\n', line);
    const next = found < 0 || found >= end ? end : found + 1;
    const head = text.slice(next, Math.min(next + 200, end));
    if (next === end || first.test(head)) {
      const unit = trimSpan(text, { start: from, end: next });
      // Indentation of code belongs to it.
      if (unit !== null) yield { start: line === from ? from : unit.start, end: unit.end };
      from = next;
    }
    line = next;
  }
}

/** A range cut into pieces that fit, behind words where there are any. */
function* wordsOf(text: string, range: Span, limit: Limit): Generator<Span> {
  let rest: Span | null = range;
  while (rest !== null) {
    const end: number = cutOf(text, rest, limit);
    const piece = trimSpan(text, { start: rest.start, end });
    if (piece !== null) yield piece;
    rest = trimSpan(text, { start: end, end: rest.end });
  }
}

/** The end of a range that fits; else the last word border, or else code point border, at which it fits. */
function cutOf(text: string, { start, end }: Span, limit: Limit): number {
  const most = longestFit(text, { start, end }, limit);
  if (most === end) return end;
  const space = /\s\S*$/.exec(text.slice(start + 1, most + 1));
  if (space !== null) return start + 1 + space.index;
  return codePointBorder(text, start, most);
}

/** How far a range fits, at least one unit. Never counts much more than what fits, however long the range is. */
function longestFit(text: string, { start, end }: Span, limit: Limit): number {
  const fitsTo = (length: number) => fits(text, { start, end: start + length }, limit);
  const length = end - start;
  let low = 0;
  let high = Math.min(limit.maxTokens * 4, length);
  while (fitsTo(high)) {
    if (high === length) return end;
    low = high;
    high = Math.min(high * 2, length);
  }
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (fitsTo(middle)) low = middle;
    else high = middle;
  }
  return start + Math.max(low, 1);
}

// How far back a cut may move to keep a character and its marks together.
const MAX_MARKS = 32;

/** The last border before or at `at` that divides no surrogate pair and, if possible, no character from its marks. */
function codePointBorder(text: string, start: number, at: number): number {
  for (let border = at; border > start && border > at - MAX_MARKS; border--) {
    if (!isInsidePair(text, border) && !joinsBack(text, border)) return border;
  }
  if (!isInsidePair(text, at)) return at;
  return at - 1 > start ? at - 1 : at + 1;
}

function isInsidePair(text: string, at: number): boolean {
  const [before, after] = [text.charCodeAt(at - 1), text.charCodeAt(at)];
  return before >= 0xd800 && before < 0xdc00 && after >= 0xdc00 && after < 0xe000;
}

function joinsBack(text: string, at: number): boolean {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0x20);
  return /^[\p{M}\p{Emoji_Modifier}\u200d]$/u.test(character) || text.charAt(at - 1) === '\u200d';
}
