// SPDX-License-Identifier: Apache-2.0
import type { Finding } from '../../guard/index.ts';

/** A half-open range of byte offsets. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** What a block is. A `record` is one element of JSON data. */
export type BlockKind = 'heading' | 'paragraph' | 'list' | 'table' | 'code' | 'quote' | 'record';

/** A piece of a document's text that belongs together. */
export interface Block {
  readonly kind: BlockKind;
  /** Range in the document's text, half-open, in UTF-16 units: `text.slice(start, end)`. Never empty or only white. */
  readonly start: number;
  readonly end: number;
  /** 1 to 6; of headings only. */
  readonly level?: number;
  /** Plain texts of the headings above the block, outermost first; a heading is not above itself. */
  readonly headings: readonly string[];
  /** Plain text of a heading; of headings only, and empty for a heading of images. */
  readonly label?: string;
  /** Page that the block begins on, from 1; of paged formats only. */
  readonly page?: number;
  /** Where the block stands in the source file, or null when it stands nowhere. */
  readonly pos: ByteRange | null;
}

/** A source file turned into the text that is signed, searched and shown. */
export interface ParsedDocument {
  /**
   * What a reader of the rendered file sees: well-formed Unicode in NFC, lines ended by LF, without characters that
   * nobody sees. Blocks are divided by blank lines. Never empty or only white.
   */
  readonly text: string;
  /** The title that the file gives itself, one line of at most 200 characters, or null. */
  readonly title: string | null;
  readonly mediaType: string;
  /** Id of the loader that made it, for the signed statement. */
  readonly parser: string;
  /** The YAML between `---` lines at the start of Markdown, as it stands there; not part of the text. */
  readonly frontMatter: string | null;
  /** Addresses that a message is from or to, as it says itself; of messages only. */
  readonly correspondents?: readonly string[];
  /** In order and disjoint; together they hold every visible character of the text. */
  readonly blocks: readonly Block[];
  /** What was found that a reader does not see; `judge` of guard gives the verdict. */
  readonly findings: readonly Finding[];
  /**
   * The smallest byte range of the source file that holds everything a range of `text` (UTF-16 units) was made of, or
   * null when it was made of nothing there.
   */
  sourceRange(start: number, end: number): ByteRange | null;
}

/** A file to parse. */
export interface Source {
  /** Name or address; only its extension is looked at. */
  readonly uri: string;
  readonly bytes: Uint8Array;
  /** Media type, when somebody who ought to know has told it. */
  readonly mediaType?: string;
}

/** Limits and cancellation of parsing. */
export interface ParseOptions {
  /** Largest file; the text made of it may have as many UTF-16 units, of JSON four times as many. Default 50 MiB. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

/**
 * Turns files of one format into documents. Pure: the same bytes give the same document. Time and memory are linear in
 * the size of the file, whatever it holds. While it reads, the event loop runs once per 256 KiB or so; bringing the whole
 * text into its final form is one step, of about 20 ms per MiB.
 */
export interface Loader {
  /** Name and version, for the signed statement; changes whenever the same bytes could give another document. */
  readonly id: string;
  /** True for a lower-case extension without dot, or a media type without parameters, that the loader reads. */
  matches(name: string): boolean;
  /**
   * Reads a file.
   * @throws {SOURCE_TOO_LARGE} when the file, or the text made of it, exceeds the limit
   * @throws {SOURCE_BINARY} when it is not text in UTF-8, or UTF-16 with a byte-order mark
   * @throws {SOURCE_EMPTY} when a reader would see nothing
   * @throws {SOURCE_MALFORMED} when it breaks the syntax of a format that does not forgive, at `line` and `column`
   * @throws {ABORTED} when the signal was aborted
   */
  parse(source: Source, options?: ParseOptions): Promise<ParsedDocument>;
}

/** Default limit of a file's size in bytes. */
export const MAX_SOURCE_BYTES = 50 * 1024 * 1024;
