// SPDX-License-Identifier: Apache-2.0
import { fail } from '../../core/index.ts';
import { utf8Index } from '../parse/byte-index.ts';
import type { Block, ByteRange, ParsedDocument } from '../parse/document.ts';
import { Pace } from '../parse/pace.ts';
import { sentencesOf, type Span } from './sentences.ts';
import { type Limit, piecesOf } from './split.ts';
import { approximateTokens, type TokenCounter } from './token-counter.ts';

/** Name and version of the chunker, for the signed statement; changes whenever the same text could be cut elsewhere. */
export const CHUNKER = 'structure@1';

/** Chunks of one document at most, as the formats demand. */
export const MAX_CHUNKS = 2 ** 20;

/** How large chunks are. */
export interface ChunkOptions {
  /** Blocks and sentences are put together up to this size. Default 160. */
  readonly targetTokens?: number;
  /** No chunk is larger; a block up to this size is not divided. Default 320. */
  readonly maxTokens?: number;
  /**
   * Whole sentences of up to so many tokens that a chunk repeats from the end of the one before it in the same section,
   * as far as the maximum allows. Default 0.
   */
  readonly overlapTokens?: number;
  /** Default: a token per four characters. */
  readonly counter?: TokenCounter;
  readonly signal?: AbortSignal;
}

/** A passage of a document's text. */
export interface Chunk {
  /** Range in the UTF-8 bytes of the document's text, half-open, on code point borders, never empty. */
  readonly start: number;
  readonly end: number;
  /** The text of the range. */
  readonly text: string;
  /** Plain texts of the headings the chunk stands under, outermost first; of a chunk that starts a section, its own too. */
  readonly headings: readonly string[];
  /** Page of a paged source that the chunk begins on, from 1, or null. */
  readonly page: number | null;
  /** Byte range in the source file that the chunk was made of, or null. */
  readonly pos: ByteRange | null;
}

/**
 * Cuts a document into chunks. A chunk never mixes the content of two sections: a heading starts a new chunk as soon as
 * the current one has content. Blocks are kept whole up to the maximum. Starts never decrease, and every visible
 * character of the text is in at least one chunk. Deterministic; linear in the length of the text.
 * @throws {USAGE} when the sizes are not whole numbers with 1 <= target <= max
 * @throws {SOURCE_TOO_LARGE} when there would be more than 2^20 chunks
 * @throws {ABORTED} when the signal was aborted
 */
export async function chunkDocument(
  document: ParsedDocument,
  options: ChunkOptions = {},
): Promise<readonly Chunk[]> {
  const { targetTokens = 160, maxTokens = 320, overlapTokens = 0 } = options;
  const sizes = [targetTokens, maxTokens, overlapTokens];
  const isRising = targetTokens >= 1 && maxTokens >= targetTokens && overlapTokens >= 0;
  if (!isRising || !sizes.every(Number.isSafeInteger)) {
    throw fail('USAGE', 'chunk sizes must be whole numbers with 1 <= target <= max');
  }
  const limit: Limit = { maxTokens, counter: options.counter ?? approximateTokens };
  const pace = new Pace(options.signal);
  pace.check();
  const packer = new Packer(document.text, targetTokens, limit);
  for (const block of document.blocks) {
    packer.startBlock(block);
    for (const piece of piecesOf(document.text, block, limit)) {
      packer.add(piece);
      if (pace.spend(piece.end - piece.start)) await pace.rest();
    }
  }
  const packs = packer.end();
  const byteAt = utf8Index(document.text);
  const chunks: Chunk[] = [];
  for (const [i, pack] of packs.entries()) {
    const { end, headings, page } = pack;
    const start = overlapStart(document.text, pack, {
      previous: packs[i - 1],
      tokens: overlapTokens,
      limit,
    });
    const text = document.text.slice(start, end);
    const pos = document.sourceRange(start, end);
    chunks.push({ start: byteAt(start), end: byteAt(end), text, headings, page, pos });
    if (pace.spend(text.length)) await pace.rest();
  }
  return chunks;
}

/** A chunk while it is filled; offsets in UTF-16 units. */
interface Pack {
  readonly start: number;
  end: number;
  tokens: number;
  headings: readonly string[];
  readonly page: number | null;
  /** Number of the section that its content belongs to; counts up with each heading. */
  section: number;
  /** True when it holds more than headings. */
  hasContent: boolean;
}

/** Puts pieces together into chunks. */
class Packer {
  readonly #text: string;
  readonly #target: number;
  readonly #limit: Limit;
  readonly #packs: Pack[] = [];
  #current: Pack | null = null;
  #section = 0;
  #headings: readonly string[] = [];
  #isHeading = false;
  #page: number | null = null;

  constructor(text: string, target: number, limit: Limit) {
    this.#text = text;
    this.#target = target;
    this.#limit = limit;
  }

  startBlock(block: Block): void {
    this.#isHeading = block.kind === 'heading';
    this.#page = block.page ?? null;
    if (this.#isHeading) {
      if (this.#current?.hasContent === true) this.#endSection();
      this.#section++;
    }
    const own = block.label === undefined || block.label === '' ? [] : [block.label];
    this.#headings = own.length === 0 ? block.headings : [...block.headings, ...own];
  }

  add(piece: Span): void {
    const current = this.#current;
    if (current !== null) {
      const tokens = current.tokens + this.#count(current.end, piece.end);
      // A heading goes with what follows it even if that makes the chunk larger.
      const most = current.hasContent || this.#isHeading ? this.#target : this.#limit.maxTokens;
      if (tokens <= most) {
        const [headings, section] = [this.#headings, this.#section];
        Object.assign(current, { end: piece.end, tokens, headings, section });
        current.hasContent ||= !this.#isHeading;
        return;
      }
      this.#endPack();
    }
    this.#current = {
      ...piece,
      tokens: this.#count(piece.start, piece.end),
      headings: this.#headings,
      page: this.#page,
      section: this.#section,
      hasContent: !this.#isHeading,
    };
  }

  end(): readonly Pack[] {
    this.#endSection();
    return this.#packs;
  }

  /** Ends a chunk; a small rest of a section joins the chunk before it. */
  #endSection(): void {
    const [last, rest] = [this.#packs.at(-1), this.#current];
    if (last !== undefined && rest?.section === last.section && rest.tokens * 4 < this.#target) {
      const tokens = last.tokens + this.#count(last.end, rest.end);
      if (tokens <= this.#limit.maxTokens) {
        Object.assign(last, { end: rest.end, tokens });
        this.#current = null;
      }
    }
    this.#endPack();
  }

  #endPack(): void {
    if (this.#current === null) return;
    if (this.#packs.length >= MAX_CHUNKS) {
      throw fail('SOURCE_TOO_LARGE', 'a document has too many chunks', { limit: MAX_CHUNKS });
    }
    this.#packs.push(this.#current);
    this.#current = null;
  }

  #count(start: number, end: number): number {
    return this.#limit.counter.count(this.#text.slice(start, end));
  }
}

interface Overlap {
  readonly previous: Pack | undefined;
  readonly tokens: number;
  readonly limit: Limit;
}

/** Where a chunk starts that repeats the last sentences of the one before it. */
function overlapStart(text: string, pack: Pack, { previous, tokens, limit }: Overlap): number {
  if (tokens === 0 || previous?.section !== pack.section) return pack.start;
  const { counter, maxTokens } = limit;
  const fits = (start: number): boolean =>
    counter.count(text.slice(start, previous.end)) <= tokens &&
    counter.count(text.slice(start, pack.end)) <= maxTokens;
  // The whole of the previous chunk is never repeated.
  const starts = [...sentencesOf(text, previous)].slice(1).map(({ start }) => start);
  return starts.find(fits) ?? pack.start;
}
