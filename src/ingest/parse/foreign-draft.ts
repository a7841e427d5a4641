// SPDX-License-Identifier: Apache-2.0
// What loaders of formats that are no text share: documents put together from parts, without offsets into the file.
import { fail, isStrongroomError } from '../../core/index.ts';
import type { ParsedDocument } from './document.ts';
import type { Draft } from './draft.ts';

/** A source without text, of documents that stand nowhere in it. */
export const NOWHERE = { text: '', byteAt: (): number => 0 };

/** @throws {SOURCE_MALFORMED} unless a file holds some letters near its start; one without bytes is refused elsewhere */
export function requireStart(bytes: Uint8Array, start: string, within: number): void {
  if (bytes.length === 0) return;
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, within + start.length));
  if (head.includes(start)) return;
  throw fail('SOURCE_MALFORMED', 'the file does not begin as its name promises');
}

/** Takes over the blocks of a part and what was found in it; its headings go `deeper` by so many levels. */
export function copyBlocks(document: ParsedDocument, draft: Draft, deeper: number): void {
  for (const { kind, level, label, page, start, end } of document.blocks) {
    draft.open(kind, level === undefined ? undefined : Math.min(6, level + deeper), page);
    draft.whole(document.text.slice(start, end), 0, 0);
    draft.close(label);
  }
  for (const { kind, count } of document.findings) draft.findings.add(kind, count);
}

/** A part's document; null when the part is to blame for that there is none. */
export async function tried(parse: () => Promise<ParsedDocument>): Promise<ParsedDocument | null> {
  try {
    return await parse();
  } catch (error) {
    // What cannot be read of an attachment leaves the message as it is; a cancelled run and a bug do not.
    if (isStrongroomError(error) && error.area === 'ingest') return null;
    throw error;
  }
}

/** Offsets in HTML that was made on the way, or in nothing, say nothing of the file. */
export function withoutPlaces(document: ParsedDocument): ParsedDocument {
  return {
    ...document,
    blocks: document.blocks.map((block) => ({ ...block, pos: null })),
    sourceRange: () => null,
  };
}
