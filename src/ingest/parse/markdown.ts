// SPDX-License-Identifier: Apache-2.0
import type { Loader } from './document.ts';
import type { Draft } from './draft.ts';
import { readFrontMatter } from './front-matter.ts';
import { readHtml } from './html-reader.ts';
import { type MarkdownBlock, markdownBlocks } from './markdown-blocks.ts';
import { HiddenMarkup } from './markdown-hiding.ts';
import type { TextRange } from './offset-map.ts';
import type { Pace } from './pace.ts';
import { beginReading } from './reading.ts';

const ID = 'markdown@1';
const NAMES = new Set(['md', 'markdown', 'mdown', 'mkd', 'mdx', 'text/markdown']);

/**
 * Reads Markdown (CommonMark with GitHub's tables): each block as it stands in the source, syntax included, without
 * what a reader of the rendered page does not see: comments, hidden HTML, link definitions. HTML blocks are read as HTML.
 */
export const markdownLoader: Loader = {
  id: ID,
  matches: (name) => NAMES.has(name),
  async parse(source, options = {}) {
    const { text, draft, pace } = beginReading(source, options);
    const frontMatter = readFrontMatter(text);
    const reader = new MarkdownReader(text, draft, pace);
    for (const block of markdownBlocks(text, frontMatter?.end ?? 0)) {
      await reader.read(block);
      if (pace.spend(block.end - block.start)) await pace.rest();
    }
    pace.check();
    return draft.finish({
      parser: ID,
      mediaType: 'text/markdown',
      title: frontMatter?.title ?? null,
      frontMatter: frontMatter?.yaml ?? null,
    });
  },
};

/** Writes Markdown blocks into a draft. */
class MarkdownReader {
  readonly #text: string;
  readonly #draft: Draft;
  readonly #pace: Pace;
  readonly #markup: HiddenMarkup;
  /** End of the last block written, where a block that goes on is taken up. */
  #end = 0;

  constructor(text: string, draft: Draft, pace: Pace) {
    this.#text = text;
    this.#draft = draft;
    this.#pace = pace;
    this.#markup = new HiddenMarkup(text, draft.findings);
  }

  async read(block: MarkdownBlock): Promise<void> {
    if (block.isRaw) this.#draft.findings.add('structure-bounded');
    if (block.kind === 'html') {
      await this.#readHtml(block);
      return;
    }
    const start = block.isContinued ? this.#end : block.start;
    this.#markup.startBlock(start);
    for (const part of block.parts) {
      if (part.kind === 'html') this.#markup.readHtml(part.start, part.end);
      else this.#markup.hide(part.start, part.end);
      if (part.kind === 'comment-definition') this.#draft.findings.add('markdown-comment');
    }
    const hidden = this.#markup.endBlock(block.end);
    this.#end = block.end;
    if (block.kind === 'definition' || block.kind === 'rule') return;
    if (!block.isContinued) this.#draft.open(block.kind, block.heading?.level);
    this.#write({ start, end: block.end }, hidden);
    // Others may go on with the next block.
    if (block.heading !== undefined) this.#draft.close(block.heading.label);
  }

  #write(range: TextRange, hidden: readonly TextRange[]): void {
    let done = range.start;
    for (const { start, end } of hidden) {
      this.#draft.slice(done, Math.max(done, start));
      done = Math.max(done, end);
    }
    this.#draft.slice(done, Math.max(done, range.end));
  }

  /** An HTML block: what it hides itself is found by the HTML reader, what an earlier one hides is cut off before. */
  async #readHtml(block: MarkdownBlock): Promise<void> {
    const from = this.#markup.crossHtml(block.start, block.end);
    const reading = { draft: this.#draft, pace: this.#pace, source: this.#text };
    await readHtml(reading, { start: from, end: block.end }, 'fragment');
  }
}
