// SPDX-License-Identifier: Apache-2.0
// Lines and blank lines of text with any line ends, found by single steps: patterns that repeat a line overflow the
// stack of the regular expression engine on long runs of blank lines.

const LINE_END = /\r\n?|\n/g;
const VISIBLE = /\S/g;

/** Offset behind the line end at or after an offset; the length of the text when the line is the last. */
export function nextLine(text: string, at: number): number {
  LINE_END.lastIndex = at;
  const match = LINE_END.exec(text);
  return match === null ? text.length : match.index + match[0].length;
}

/** Start of the line that an offset is in, not before `floor`. */
export function lineStart(text: string, at: number, floor: number): number {
  let start = at;
  while (start > floor && !isLineEnd(text.charCodeAt(start - 1))) start--;
  return start;
}

/** Start of the first line at or after a line start that is not blank; the length of the text when there is none. */
export function skipBlankLines(text: string, at: number): number {
  VISIBLE.lastIndex = at;
  const match = VISIBLE.exec(text);
  return match === null ? text.length : lineStart(text, match.index, at);
}

/** End of the text before the first blank line after `at`, its own line end left out. */
export function paragraphEnd(text: string, at: number): number {
  LINE_END.lastIndex = at;
  for (let match = LINE_END.exec(text); match !== null; match = LINE_END.exec(text)) {
    let next = match.index + match[0].length;
    while (isBlank(text.charCodeAt(next))) next++;
    if (next >= text.length || isLineEnd(text.charCodeAt(next))) return match.index;
  }
  return text.length;
}

function isLineEnd(unit: number): boolean {
  return unit === 0x0a || unit === 0x0d;
}

function isBlank(unit: number): boolean {
  return unit === 0x20 || unit === 0x09 || unit === 0x0b || unit === 0x0c;
}
