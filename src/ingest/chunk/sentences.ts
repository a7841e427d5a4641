// SPDX-License-Identifier: Apache-2.0
// Sentence borders by UAX #29, repaired where it takes an abbreviation for an end.

/** A half-open range of UTF-16 offsets. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

// A window of many sentences; longer sentences are cut at it, and by the limits of chunks anyway.
const WINDOW = 8192;
const MIN_WORDS = 4;

// Abbreviations that are followed by capitals, so that the standard's rules see a border.
const ABBREVIATION =
  /(?:^|[^\p{L}\p{N}])(?:\p{Lu}|Dr|Mr|Mrs|Ms|Prof|Sr|Jr|St|Gov|Sen|Rep|Gen|Col|Lt|Sgt|Capt|Rev|Hon|vs|cf|al|e\.g|i\.e|approx|Fig|Figs|fig|Eq|Eqs|Sec|Ch|Vol|pp|Dept|Inc|Ltd|Co|Corp|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|(?:\p{Lu}\.)+\p{Lu}|Ph\.D|bzw|z\.B|d\.h|Nr|Abs|Art|Abb|Mme|Mlle|Sra|Srta)\.$/u;
const NUMBERED = /(?:^|\s)(?:[Nn]os?|[Vv]ol|[Cc]h|[Pp])\.$/;
// Scripts that write no spaces: the number of words says nothing about a sentence.
const SPACELESS =
  /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]/u;

/**
 * The sentences of a range of text, in order, without the white space around them; together they hold everything
 * visible. Line ends inside the range are read as spaces. Linear in the length of the range, however long it is.
 */
export function* sentencesOf(text: string, range: Span): Generator<Span> {
  for (let at = range.start; at < range.end;) {
    const end = windowEnd(text, at, range.end);
    const spans = repaired(text.slice(at, end).replaceAll('\n', ' '), at);
    // The last sentence of a window may go on behind it.
    const last = end < range.end && spans.length > 1 ? spans.pop() : undefined;
    for (const span of spans) {
      const trimmed = trimSpan(text, span);
      if (trimmed !== null) yield trimmed;
    }
    at = last?.start ?? end;
  }
}

/** A range without the white space at its ends; null when there is nothing else. */
export function trimSpan(text: string, { start, end }: Span): Span | null {
  const slice = text.slice(start, end);
  const visible = slice.trim();
  if (visible === '') return null;
  const lead = slice.length - slice.trimStart().length;
  return { start: start + lead, end: start + lead + visible.length };
}

/** A window's end: behind white space if possible, else at a code point border. */
function windowEnd(text: string, at: number, limit: number): number {
  const end = at + WINDOW;
  if (end >= limit) return limit;
  const space = text.slice(at, end).lastIndexOf(' ');
  if (space > 0) return at + space + 1;
  const unit = text.charCodeAt(end);
  return unit >= 0xdc00 && unit <= 0xdfff ? end + 1 : end;
}

function repaired(window: string, offset: number): Span[] {
  const spans: Span[] = [];
  let start = 0;
  let end = 0;
  for (const { segment, index } of segmenter.segment(window)) {
    if (end > start && !continues(window.slice(start, end), segment)) {
      spans.push({ start: offset + start, end: offset + end });
      start = index;
    }
    end = index + segment.length;
  }
  const rest = window.slice(start, end);
  const last = spans.at(-1);
  if (last !== undefined && isFragment(rest)) {
    spans[spans.length - 1] = { start: last.start, end: offset + end };
  } else if (end > start) {
    spans.push({ start: offset + start, end: offset + end });
  }
  return spans;
}

/** True when what was read so far is no sentence yet. */
function continues(soFar: string, next: string): boolean {
  if (isFragment(soFar) || /^\s*\p{Ll}/u.test(next)) return true;
  const end = soFar.slice(-24).trimEnd();
  return ABBREVIATION.test(end) || (NUMBERED.test(end) && /^\p{N}/u.test(next));
}

function isFragment(sentence: string): boolean {
  // Longer ones have words enough, or one that is no word.
  if (sentence.length > 80) return false;
  const words = sentence.trim().split(/\s+/).length;
  return words < MIN_WORDS && !SPACELESS.test(sentence);
}
