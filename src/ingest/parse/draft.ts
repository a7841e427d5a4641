// SPDX-License-Identifier: Apache-2.0
// The visible text of a file while a loader collects it, with where each part came from.
import { fail } from '../../core/index.ts';
import { Tally } from '../../guard/index.ts';
import type { SourceText } from './decode.ts';
import {
  type Block,
  type BlockKind,
  type ByteRange,
  MAX_SOURCE_BYTES,
  type ParsedDocument,
} from './document.ts';
import { normalise, type NormalisedText, plainLine } from './normalise.ts';
import { OffsetMapBuilder } from './offset-map.ts';
import { TextBuffer } from './text-buffer.ts';

/** Blocks of one document beyond which further ones are added to the last: bounds memory on hostile files. */
export const MAX_BLOCKS = 2 ** 18;

interface DraftBlock {
  kind: BlockKind;
  /** Range in the raw text. */
  start: number;
  end: number;
  level?: number;
  page?: number;
  label?: string;
}

/** What a loader knows of a document besides its blocks. */
export interface DocumentFacts {
  readonly parser: string;
  readonly mediaType: string;
  /** Any text; made one plain line. Without one, the first level-1 heading is the title. */
  readonly title?: string | null;
  readonly frontMatter?: string | null;
}

/**
 * Collects the visible text of one file: blocks are opened, filled and closed in order, then `finish` normalises the
 * whole. Offsets given are those of the decoded source (UTF-16 units).
 */
export class Draft {
  /** What the loader finds on its way. */
  readonly findings = new Tally();
  readonly #source: SourceText;
  readonly #maxLength: number;
  readonly #map = new OffsetMapBuilder();
  readonly #blocks: DraftBlock[] = [];
  readonly #buffer = new TextBuffer();
  /** The open block; it joins `#blocks` with its first text. */
  #open: DraftBlock | null = null;
  #isListed = false;
  #isBounded = false;

  constructor(source: SourceText, maxLength = MAX_SOURCE_BYTES) {
    this.#source = source;
    this.#maxLength = maxLength;
  }

  /** Starts a block, closing the open one. */
  open(kind: BlockKind, level?: number, page?: number): void {
    this.close();
    const facts = { ...(level !== undefined && { level }), ...(page !== undefined && { page }) };
    this.#open = { kind, start: 0, end: 0, ...facts };
  }

  /** Ends the open block, if any; a block without text leaves no trace. `label` is the plain text of a heading. */
  close(label?: string): void {
    // At the limit of blocks the open one is an earlier one, which has its label.
    if (this.#open !== null && this.#isListed && label !== undefined) {
      this.#open.label ??= plainLine(label);
    }
    this.#open = null;
    this.#isListed = false;
  }

  /** Appends a range of the source as it stands. */
  slice(from: number, to: number): void {
    this.exact(this.#source.text.slice(from, to), from);
  }

  /** Appends text that stands unit for unit in the source from `from`. */
  exact(text: string, from: number): void {
    if (text === '') return;
    this.#begin(from);
    this.#map.exact(text.length, from);
    this.#append(text);
  }

  /** Appends text that as a whole stands for a range of the source; an empty range for inserted text. */
  whole(text: string, from: number, to: number): void {
    if (text === '') return;
    this.#begin(from);
    this.#map.whole(text.length, from, to);
    this.#append(text);
  }

  /**
   * The document.
   * @throws {SOURCE_EMPTY} when a reader would see nothing
   */
  finish(facts: DocumentFacts): ParsedDocument {
    this.close();
    const map = this.#map.build();
    const normal = normalise(this.#buffer.text());
    if (!/\S/.test(normal.text)) throw fail('SOURCE_EMPTY', 'a file holds no visible text');
    for (const { kind, count } of normal.findings) this.findings.add(kind, count);
    if (this.#isBounded) this.findings.add('structure-bounded');
    const sourceRange = (start: number, end: number): ByteRange | null => {
      const raw = normal.source(start, end);
      const range = map.source(raw.start, raw.end);
      if (range.start === range.end) return null;
      return { start: this.#source.byteAt(range.start), end: this.#source.byteAt(range.end) };
    };
    const blocks = placeBlocks(this.#blocks, normal, sourceRange);
    const named = facts.title === undefined || facts.title === null ? '' : plainLine(facts.title);
    const title = named === '' ? blocks.find((block) => block.level === 1)?.label : named;
    return {
      text: normal.text,
      title: title === undefined || title === '' ? null : title,
      mediaType: facts.mediaType,
      parser: facts.parser,
      frontMatter: facts.frontMatter ?? null,
      blocks,
      findings: this.findings.findings(),
      sourceRange,
    };
  }

  /** Sees to it that text can be appended: lists the open block, or goes on with the last one at the limit. */
  #begin(from: number): void {
    if (this.#isListed) return;
    this.#isListed = true;
    const start = this.#map.length;
    if (start > 0) {
      // A blank line of the source itself keeps the map short.
      if (from >= 2 && this.#source.text.startsWith('\n\n', from - 2)) this.#map.exact(2, from - 2);
      else this.#map.whole(2, from, from);
      this.#append('\n\n');
    }
    const last = this.#blocks.at(-1);
    if (last !== undefined && this.#blocks.length >= MAX_BLOCKS) {
      this.#isBounded = true;
      this.#open = last;
      return;
    }
    this.#open ??= { kind: 'paragraph', start: 0, end: 0 };
    this.#open.start = this.#map.length;
    this.#blocks.push(this.#open);
  }

  #append(text: string): void {
    if (this.#map.length > this.#maxLength) {
      throw fail('SOURCE_TOO_LARGE', 'the text of a file is larger than the limit', {
        limit: this.#maxLength,
      });
    }
    this.#buffer.push(text);
    if (this.#open !== null) this.#open.end = this.#map.length;
  }
}

/** Blocks as they stand in the normalised text, each under its heading path. */
function placeBlocks(
  drafts: readonly DraftBlock[],
  normal: NormalisedText,
  sourceRange: ParsedDocument['sourceRange'],
): readonly Block[] {
  const blocks: Block[] = [];
  let above: readonly { readonly level: number; readonly label: string }[] = [];
  let headings: readonly string[] = [];
  for (const draft of drafts) {
    const range = trimmed(normal.text, normal.derived(draft.start), normal.derived(draft.end));
    if (range === null) continue;
    const { kind, level, label = '' } = draft;
    const place = {
      ...(draft.page !== undefined && { page: draft.page }),
      pos: sourceRange(range.start, range.end),
    };
    if (level === undefined) {
      blocks.push({ kind, ...range, headings, ...place });
      continue;
    }
    above = above.filter((heading) => heading.level < level);
    const path = above.map((heading) => heading.label);
    blocks.push({ kind, ...range, level, headings: path, label, ...place });
    if (label !== '') above = [...above, { level, label }];
    headings = above.map((heading) => heading.label);
  }
  return blocks;
}

function trimmed(text: string, from: number, to: number): { start: number; end: number } | null {
  let [start, end] = [from, to];
  // Indentation of the first line is part of code; blank lines around a block are not part of it.
  const lead = /^(?:[^\S\n]*\n)*/.exec(text.slice(start, Math.min(end, start + 1024)));
  start += lead === null ? 0 : lead[0].length;
  while (end > start && /\s/.test(text.charAt(end - 1))) end--;
  return start < end && /\S/.test(text.slice(start, end)) ? { start, end } : null;
}
