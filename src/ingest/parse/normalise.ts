// SPDX-License-Identifier: Apache-2.0
import { eachHiddenCharacter, type Finding, Tally } from '../../guard/index.ts';
import { type OffsetMap, OffsetMapBuilder, type TextRange } from './offset-map.ts';
import { TextBuffer } from './text-buffer.ts';

/** Text in the form that is signed, and the way back to what it was made of. */
export interface NormalisedText {
  /** Well-formed Unicode in NFC, lines ended by LF, without characters that nobody sees. */
  readonly text: string;
  /** What was removed, replaced or noticed on the way. */
  readonly findings: readonly Finding[];
  /** The original range of a range of `text`, both in UTF-16 units. */
  readonly source: (start: number, end: number) => TextRange;
  /** The first offset in `text` that came from an original offset or from behind it. */
  readonly derived: (offset: number) => number;
}

/**
 * Normalises text: removes what screening removes, turns CR LF, CR, VT, FF and NEL into LF and lone surrogates into
 * U+FFFD, and composes (Unicode Normalization Form C, UAX #15). Linear in the length of the text.
 */
export function normalise(raw: string): NormalisedText {
  const clean = withoutHidden(raw);
  const composed = compose(clean.text);
  return {
    text: composed.text,
    findings: clean.findings,
    source: (start, end) => {
      const range = composed.map?.source(start, end) ?? { start, end };
      return clean.map?.source(range.start, range.end) ?? range;
    },
    derived: (offset) => {
      const at = clean.map?.derived(offset) ?? offset;
      return composed.map?.derived(at) ?? at;
    },
  };
}

const MAX_LABEL = 200;

/** Text as one plain line of at most 200 characters (code points), for titles and heading paths. */
export function plainLine(text: string): string {
  // Four times the limit leaves room for white space and syntax; more is not looked at, however long the text is.
  const { text: normal } = normalise(firstCharacters(text, 4 * MAX_LABEL));
  return firstCharacters(normal.replace(/\s+/g, ' ').trim(), MAX_LABEL).trimEnd();
}

/** The first `count` characters (code points) of a text. */
export function firstCharacters(text: string, count: number): string {
  let end = 0;
  let left = count;
  for (const character of text) {
    if (left-- === 0) break;
    end += character.length;
  }
  return text.slice(0, end);
}

interface Mapped {
  readonly text: string;
  /** Null when nothing was changed. */
  readonly map: OffsetMap | null;
}

const LINE_ENDS = /\r\n?|[\v\f\x85]/g;

function withoutHidden(raw: string): Mapped & Pick<NormalisedText, 'findings'> {
  const findings = new Tally();
  const map = new OffsetMapBuilder();
  const buffer = new TextBuffer();
  let done = 0;
  const copyTo = (end: number) => {
    while (done < end) {
      const next = pieceEnd(raw, done, end);
      copyPiece(raw.slice(done, next), done, { buffer, map });
      done = next;
    }
  };
  eachHiddenCharacter(raw, ({ kind, fate }, at, length) => {
    findings.add(kind);
    if (fate === 'keep') return;
    copyTo(at);
    done = at + length;
    if (fate === 'remove') return;
    buffer.push('\ufffd');
    map.exact(1, at);
  });
  copyTo(raw.length);
  const text = buffer.text();
  return { text, map: text === raw ? null : map.build(), findings: findings.findings() };
}

interface Output {
  readonly buffer: TextBuffer;
  readonly map: OffsetMapBuilder;
}

/** Copies text without hidden characters; of CR LF the LF stays, other line ends are replaced unit for unit. */
function copyPiece(piece: string, offset: number, { buffer, map }: Output): void {
  buffer.push(piece.replace(LINE_ENDS, '\n'));
  let from = 0;
  for (let at = piece.indexOf('\r\n'); at >= 0; at = piece.indexOf('\r\n', at + 2)) {
    map.exact(at - from, offset + from);
    from = at + 1;
  }
  map.exact(piece.length - from, offset + from);
}

// Text is copied in pieces: replacing millions of line ends at once takes twenty times its memory.
const COPIED = 16 * 1024;

function pieceEnd(raw: string, start: number, limit: number): number {
  const end = start + COPIED;
  if (end >= limit) return limit;
  return raw.charAt(end) === '\n' ? end + 1 : end;
}

// Marks, Hangul vowels and finals, and the few letters that compose with what stands before them.
const CONTINUES = /^[\p{M}\u1160-\u11ff\u{16d63}-\u{16d6a}]$/u;
const PIECE = 1024;

/** Composes piece by piece, so that only pieces which change are looked at closely. */
function compose(text: string): Mapped {
  const whole = text.normalize('NFC');
  if (whole === text) return { text, map: null };
  const map = new OffsetMapBuilder();
  const buffer = new TextBuffer();
  for (let start = 0; start < text.length;) {
    const end = borderAfter(text, start + PIECE);
    const piece = text.slice(start, end);
    if (piece.normalize('NFC') === piece) {
      buffer.push(piece);
      map.exact(piece.length, start);
    } else {
      composeClusters(piece, start, { buffer, map });
    }
    start = end;
  }
  const composed = buffer.text();
  if (composed === whole) return { text: whole, map: map.build() };
  // Clusters that Unicode has come to join since CONTINUES was written: right text, coarse positions.
  const coarse = new OffsetMapBuilder();
  coarse.whole(whole.length, 0, text.length);
  return { text: whole, map: coarse.build() };
}

function composeClusters(piece: string, offset: number, out: Output): void {
  for (let start = 0; start < piece.length;) {
    const end = borderAfter(piece, start + 1);
    const cluster = piece.slice(start, end);
    const composed = cluster.normalize('NFC');
    out.buffer.push(composed);
    if (composed === cluster) out.map.exact(cluster.length, offset + start);
    else out.map.whole(composed.length, offset + start, offset + end);
    start = end;
  }
}

/** The first offset at or behind `at` where nothing composes across. */
function borderAfter(text: string, at: number): number {
  let end = at;
  while (end < text.length) {
    const unit = text.charCodeAt(end);
    if (unit < 0x300) return end;
    const isLowHalf = unit >= 0xdc00 && unit <= 0xdfff;
    const code = text.codePointAt(end) as number;
    if (!isLowHalf && !CONTINUES.test(String.fromCodePoint(code))) return end;
    end += code > 0xffff ? 2 : 1;
  }
  return text.length;
}
