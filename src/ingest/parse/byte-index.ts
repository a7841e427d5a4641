// SPDX-License-Identifier: Apache-2.0
// From offsets in a text (UTF-16 units) to byte offsets of its encoding.

const STRIDE = 256;

/** Byte offset of an offset in a text. */
export type ByteIndex = (offset: number) => number;

/**
 * Index of well-formed text encoded in UTF-8 after `lead` other bytes. Built in linear time, four bytes per 256 units;
 * a lookup walks at most 256 units. Offsets inside a surrogate pair count as its start.
 */
export function utf8Index(text: string, lead = 0): ByteIndex {
  const marks = new Float64Array(Math.floor(text.length / STRIDE) + 1);
  let at = 0;
  for (let i = 0; i < marks.length; i++) {
    marks[i] = at;
    at += utf8Width(text, i * STRIDE, Math.min((i + 1) * STRIDE, text.length));
  }
  if (at === text.length) return (offset) => lead + offset;
  return (offset) => {
    const mark = Math.floor(offset / STRIDE);
    return lead + (marks[mark] as number) + utf8Width(text, mark * STRIDE, offset);
  };
}

/** Index of text encoded in UTF-16 after a two-byte mark. */
export const utf16Index: ByteIndex = (offset) => 2 + 2 * offset;

/** Bytes of the units from `from` to `to`; a pair counts four at its second half, so that halves add up. */
function utf8Width(text: string, from: number, to: number): number {
  let width = 0;
  for (let i = from; i < to; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) width += 1;
    else if (unit < 0x800) width += 2;
    else if (unit >= 0xd800 && unit < 0xdc00) width += 0;
    else if (unit >= 0xdc00 && unit < 0xe000) width += 4;
    else width += 3;
  }
  return width;
}
