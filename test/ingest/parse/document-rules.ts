// SPDX-License-Identifier: Apache-2.0
// What holds for every parsed document, whatever file it was made of.
import { expect } from 'vitest';
import { type ErrorCode, isStrongroomError, utf8 } from '../../../src/core/index.ts';
import { eachHiddenCharacter } from '../../../src/guard/index.ts';
import {
  type Loader,
  loaderFor,
  type ParsedDocument,
  type ParseOptions,
} from '../../../src/ingest/parse/index.ts';

/** Parses text or bytes as the file of a name. */
export async function parseAs(
  uri: string,
  content: string | Uint8Array,
  options?: ParseOptions,
): Promise<ParsedDocument> {
  const bytes = typeof content === 'string' ? utf8(content) : content;
  const loader = loaderFor({ uri, bytes }) as Loader;
  const document = await loader.parse({ uri, bytes }, options);
  expectSound(document, bytes);
  return document;
}

/** Parses, and gives the code instead when a typed error refuses the file. Other errors are thrown. */
export async function tryParse(
  uri: string,
  content: string | Uint8Array,
): Promise<ParsedDocument | ErrorCode> {
  try {
    return await parseAs(uri, content);
  } catch (error) {
    if (isStrongroomError(error)) return error.code;
    throw error;
  }
}

/** Kinds and texts of the blocks, headings with their level. */
export function outline(document: ParsedDocument): readonly string[] {
  return document.blocks.map(({ kind, level, start, end }) => {
    const text = document.text.slice(start, end);
    return `${kind}${level ?? ''}: ${text}`;
  });
}

/** The findings as `{kind: count}`. */
export function counts(document: ParsedDocument): Readonly<Record<string, number>> {
  return Object.fromEntries(document.findings.map(({ kind, count }) => [kind, count]));
}

/** The text of the source bytes that a piece of the document's text was made of. */
export function sourceOf(document: ParsedDocument, bytes: Uint8Array, piece: string): string {
  const at = document.text.indexOf(piece);
  expect(at, `the text holds ${JSON.stringify(piece)}`).toBeGreaterThanOrEqual(0);
  const range = document.sourceRange(at, at + piece.length);
  return range === null ? '' : new TextDecoder().decode(bytes.subarray(range.start, range.end));
}

/** Checks everything that `ParsedDocument` promises. */
export function expectSound(document: ParsedDocument, bytes: Uint8Array): void {
  const { text, blocks, title } = document;
  expect(text.isWellFormed()).toBe(true);
  expect(text.normalize('NFC') === text).toBe(true);
  expect(/[\r\v\f\x85]/.test(text)).toBe(false);
  expect(/\S/.test(text)).toBe(true);
  const removable: string[] = [];
  eachHiddenCharacter(text, ({ kind, fate }) => {
    if (fate !== 'keep') removable.push(kind);
  });
  expect(removable).toEqual([]);
  let end = 0;
  for (const block of blocks) {
    const between = text.slice(end, block.start);
    if (block.start < end || /\S/.test(between)) expect([end, between]).toEqual('a gap or overlap');
    if (!/\S/.test(text.slice(block.start, block.end))) expect(block).toBe('a block with text');
    for (const line of block.headings) expectLine(line);
    expect(block.headings.length).toBeLessThanOrEqual(6);
    if (block.pos !== null) {
      const { start, end: last } = block.pos;
      if (!(start >= 0 && start < last && last <= bytes.length)) expect(block).toBe('a range');
    }
    end = block.end;
  }
  expect(/\S/.test(text.slice(end))).toBe(false);
  if (title !== null) expectLine(title);
}

function expectLine(line: string): void {
  if (line !== '' && line === line.trim() && !line.includes('\n') && Array.from(line).length <= 200)
    return;
  expect(line).toBe('a plain line');
}
