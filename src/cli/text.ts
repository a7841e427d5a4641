// SPDX-License-Identifier: Apache-2.0
// Texts for people: tables, numbers, names.
import Table from 'cli-table3';

/** A table for people, without lines. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const style = { head: [], border: [], 'padding-left': 0, 'padding-right': 0 };
  const made = new Table({ head: [...head], style, chars: LIGHT });
  for (const row of rows) made.push(row.map(String));
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

const LIGHT = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** Two columns of names and values. */
export function facts(rows: readonly (readonly [string, string | number])[]): string {
  const widths = rows.map(([name]) => shownLength(name));
  const width = Math.max(...widths);
  return rows
    .map(([name, value], i) => `${name}${' '.repeat(width - (widths[i] ?? 0))}  ${value}`.trimEnd())
    .join('\n');
}

/** Columns of a text on a terminal, without the codes of its style. */
function shownLength(text: string): number {
  return text.replace(/\u001b\[[0-9;]*m/g, '').length;
}

/** A number of things: `1 document`, `2 documents`. */
export function count(n: number, thing: string, things = `${thing}s`): string {
  return `${n} ${n === 1 ? thing : things}`;
}

/** Bytes for people. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return unit === 0 ? `${bytes} B` : `${value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** Unix seconds for people. */
export function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/**
 * A text from outside, such as the name of a file, for a terminal: what would move the cursor, change colours or turn the
 * direction of writing is shown as a replacement character.
 */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, '\ufffd');
}
