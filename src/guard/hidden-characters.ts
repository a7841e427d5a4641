// SPDX-License-Identifier: Apache-2.0
import type { FindingKind } from './findings.ts';
import {
  fillsSyllable,
  holdsMarks,
  isHonestBidi,
  joins,
  selects,
  separatesWords,
} from './context.ts';

/** What the normaliser does with a character: drop it, leave it, or put U+FFFD in its place. */
export type Fate = 'remove' | 'keep' | 'replace';

/** One character that screening found. */
export interface HiddenCharacter {
  readonly kind: FindingKind;
  readonly fate: Fate;
}

/** Receives each found character in order: where it stands, and its length in UTF-16 units (1 or 2). */
export type HiddenVisitor = (found: HiddenCharacter, at: number, length: number) => void;

// Characters whose neighbours decide: grapheme joiner, Hangul fillers, zero-width space, non-joiner and joiner.
const JOINERS = new Set('\u034f\u115f\u1160\u200b\u200c\u200d');

/** Combining marks that one character may carry: the stream-safe limit of UAX #15. */
export const MAX_MARKS = 30;

// Flags of regions, which are read over; and one character that is default-ignorable, control, annotation, private use,
// noncharacter or half a pair, or a mark (to count floods).
const SUSPECT =
  /\u{1f3f4}[\u{e0030}-\u{e0039}\u{e0061}-\u{e007a}]{3,6}\u{e007f}|[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufff9-\ufffb\p{DI}\p{M}\p{Co}\p{Cs}\p{NChar}]/gu;

const REMOVED = (kind: FindingKind): HiddenCharacter => ({ kind, fate: 'remove' });
const KEPT = (kind: FindingKind): HiddenCharacter => ({ kind, fate: 'keep' });
const CONTROL = REMOVED('control-character');
const SOFT_HYPHEN = REMOVED('soft-hyphen');
const ZERO_WIDTH = REMOVED('zero-width');
const FORMAT = REMOVED('invisible-format');
const OPERATOR = REMOVED('invisible-operator');
const TAG = REMOVED('tag-character');
const SELECTOR = REMOVED('variation-selector');
const BYTE_ORDER_MARK = REMOVED('byte-order-mark');
const NONCHARACTER = REMOVED('noncharacter');
const FLOOD = REMOVED('combining-flood');
const BIDI_CONTROL = REMOVED('bidi-control');
const STRAY_BIDI_MARK = REMOVED('bidi-mark');
const BIDI_MARK = KEPT('bidi-mark');
const PRIVATE = KEPT('private-use');
const PRIVATE_RUN = KEPT('private-use-run');
const SURROGATE: HiddenCharacter = { kind: 'lone-surrogate', fate: 'replace' };

/**
 * Visits every character of a text that a reader does not see, or that somebody should look at, in order. Characters
 * that a script or emoji sequence needs are not visited. Linear in the length of the text; lone surrogates are fine.
 */
export function eachHiddenCharacter(text: string, visit: HiddenVisitor): void {
  const scan = new Scan(text);
  // A copy: a visitor may run another scan.
  const suspects = new RegExp(SUSPECT);
  for (let match = suspects.exec(text); match !== null; match = suspects.exec(text)) {
    const [character] = match;
    const found = character.length > 2 ? null : scan.classify(character, match.index);
    if (found !== null) visit(found, match.index, character.length);
  }
}

/** The text read once from left to right, with what must be remembered of it. */
class Scan {
  readonly #text: string;
  /** The line last judged for bidirectional controls. */
  #line = { end: -1, isHonest: false };
  /** End and length of the run of combining marks being read, removed characters left out. */
  #marks = { end: -1, count: 0 };
  readonly #privateRun = { end: -1, found: PRIVATE };

  constructor(text: string) {
    this.#text = text;
  }

  classify(character: string, at: number): HiddenCharacter | null {
    const code = character.codePointAt(0) as number;
    const found = this.#judge(character, code, at);
    const end = at + character.length;
    if (found?.fate === 'remove') {
      if (this.#marks.end === at) this.#marks.end = end;
      return found;
    }
    return isMark(character, code) ? this.#countMark(at, end, found) : found;
  }

  #countMark(at: number, end: number, found: HiddenCharacter | null): HiddenCharacter | null {
    const count = this.#marks.end === at ? this.#marks.count + 1 : 1;
    this.#marks = { end, count };
    return count > MAX_MARKS ? FLOOD : found;
  }

  #judge(character: string, code: number, at: number): HiddenCharacter | null {
    if (code < 0xa0) return CONTROL;
    if (code === 0xad) return SOFT_HYPHEN;
    if (code === 0xfeff) return BYTE_ORDER_MARK;
    if (isBidi(code)) return this.#judgeBidi(code, at);
    if (code >= 0xd800 && code <= 0xdfff) return SURROGATE;
    if (isNoncharacter(code)) return NONCHARACTER;
    if (isPrivate(code)) return this.#judgePrivate(at, character.length);
    if (code >= 0x2061 && code <= 0x2064) return OPERATOR;
    if (code >= 0xe0000 && code <= 0xe007f) return TAG;
    if (isSelector(code)) return selects(this.#before(at), character) ? null : SELECTOR;
    if (code === 0x180e || code === 0x2060) return ZERO_WIDTH;
    if (JOINERS.has(character)) {
      return judgeJoiner(character, this.#before(at), this.#after(at + character.length));
    }
    return isMark(character, code) && code !== 0x17b4 && code !== 0x17b5 ? null : FORMAT;
  }

  #judgeBidi(code: number, at: number): HiddenCharacter {
    if (at > this.#line.end) this.#readLine(at);
    const isMark = code === 0x061c || code === 0x200e || code === 0x200f;
    if (this.#line.isHonest) return BIDI_MARK;
    return isMark ? STRAY_BIDI_MARK : BIDI_CONTROL;
  }

  #readLine(at: number): void {
    const start = at === 0 ? 0 : this.#text.lastIndexOf('\n', at - 1) + 1;
    const found = this.#text.indexOf('\n', at);
    const end = found < 0 ? this.#text.length : found;
    this.#line = { end, isHonest: isHonestBidi(this.#text.slice(start, end)) };
  }

  #judgePrivate(at: number, length: number): HiddenCharacter {
    const end = at + length;
    if (this.#privateRun.end !== at) {
      const second = this.#after(end);
      const third = this.#after(end + second.length);
      const isRun = isPrivateText(second) && isPrivateText(third);
      this.#privateRun.found = isRun ? PRIVATE_RUN : PRIVATE;
    }
    this.#privateRun.end = end;
    return this.#privateRun.found;
  }

  #before(at: number): string {
    const unit = this.#text.charCodeAt(at - 1);
    const isPair = unit >= 0xdc00 && unit <= 0xdfff && at > 1;
    return at === 0 ? '' : this.#text.slice(isPair ? at - 2 : at - 1, at);
  }

  #after(at: number): string {
    const code = this.#text.codePointAt(at);
    return code === undefined ? '' : String.fromCodePoint(code);
  }
}

function judgeJoiner(character: string, before: string, after: string): HiddenCharacter | null {
  if (character === '\u200b') return separatesWords(before, after) ? null : ZERO_WIDTH;
  if (character === '\u034f') return holdsMarks(before, after) ? null : FORMAT;
  if (character < '\u2000') return fillsSyllable(before, character, after) ? null : FORMAT;
  return joins(before, character, after) ? null : ZERO_WIDTH;
}

function isMark(character: string, code: number): boolean {
  return code >= 0x300 && /^\p{M}$/u.test(character);
}

function isBidi(code: number): boolean {
  return (
    code === 0x061c ||
    code === 0x200e ||
    code === 0x200f ||
    (code >= 0x202a && code <= 0x202e) ||
    (code >= 0x2066 && code <= 0x2069)
  );
}

function isNoncharacter(code: number): boolean {
  return (code & 0xfffe) === 0xfffe || (code >= 0xfdd0 && code <= 0xfdef);
}

function isPrivate(code: number): boolean {
  return (code >= 0xe000 && code <= 0xf8ff) || code >= 0xf0000;
}

function isPrivateText(character: string): boolean {
  const code = character.codePointAt(0);
  return code !== undefined && isPrivate(code) && !isNoncharacter(code);
}

function isSelector(code: number): boolean {
  return (
    (code >= 0x180b && code <= 0x180f && code !== 0x180e) ||
    (code >= 0xfe00 && code <= 0xfe0f) ||
    (code >= 0xe0100 && code <= 0xe01ef)
  );
}
