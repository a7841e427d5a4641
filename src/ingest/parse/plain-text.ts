// SPDX-License-Identifier: Apache-2.0
import type { Loader } from './document.ts';
import { paragraphEnd, skipBlankLines } from './lines.ts';
import { beginReading } from './reading.ts';

const ID = 'text@1';
const NAMES = new Set(
  'txt text log yaml yml toml ini conf cfg properties rst adoc asciidoc org tex srt vtt text/plain text/yaml application/yaml application/toml'.split(
    ' ',
  ),
);

/** Reads plain text: paragraphs divided by blank lines, nothing guessed. */
export const plainTextLoader: Loader = {
  id: ID,
  matches: (name) => NAMES.has(name),
  async parse(source, options = {}) {
    const { text, draft, pace } = beginReading(source, options);
    for (let start = skipBlankLines(text, 0); start < text.length;) {
      const end = paragraphEnd(text, start);
      draft.open('paragraph');
      draft.slice(start, end);
      const next = skipBlankLines(text, end);
      if (pace.spend(next - start)) await pace.rest();
      start = next;
    }
    pace.check();
    return draft.finish({ parser: ID, mediaType: 'text/plain' });
  },
};
