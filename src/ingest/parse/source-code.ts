// SPDX-License-Identifier: Apache-2.0
import type { Loader } from './document.ts';
import { skipBlankLines } from './lines.ts';
import { beginReading } from './reading.ts';

const ID = 'code@1';
const NAMES = new Set(
  `ts tsx mts cts js jsx mjs cjs py rb go rs java kt kts scala c h cc cpp cxx hpp hh cs swift m mm php pl pm lua r jl sh
   bash zsh fish ps1 sql css scss less proto graphql gql tf hcl vue svelte zig ex exs erl hs ml fs clj dart gradle cmake
   text/javascript application/javascript text/x-python text/x-c application/sql text/css`.split(
    /\s+/,
  ),
);
// A blank line before a line at the margin divides definitions; one inside a body does not.
const BORDER = /\n[^\S\n]*\n(?=[^\s)\]}])/g;

/** Reads programs: blocks of code that end where a blank line comes before a line at the margin. */
export const codeLoader: Loader = {
  id: ID,
  matches: (name) => NAMES.has(name),
  async parse(source, options = {}) {
    const { text, draft, pace } = beginReading(source, options);
    let start = skipBlankLines(text, 0);
    for (const { index } of text.matchAll(BORDER)) {
      if (index < start) continue;
      draft.open('code');
      draft.slice(start, index);
      const next = skipBlankLines(text, index + 1);
      if (pace.spend(next - start)) await pace.rest();
      start = next;
    }
    if (start < text.length) {
      draft.open('code');
      draft.slice(start, text.trimEnd().length);
    }
    pace.check();
    return draft.finish({ parser: ID, mediaType: 'text/plain' });
  },
};
