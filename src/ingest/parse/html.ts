// SPDX-License-Identifier: Apache-2.0
import type { Loader } from './document.ts';
import { readHtml } from './html-reader.ts';
import { beginReading } from './reading.ts';

const ID = 'html@1';
const NAMES = new Set(['html', 'htm', 'xhtml', 'xht', 'text/html', 'application/xhtml+xml']);

/** Reads HTML: what a browser would show without style sheets and scripts, in blocks under its headings. */
export const htmlLoader: Loader = {
  id: ID,
  matches: (name) => NAMES.has(name),
  async parse(source, options = {}) {
    const { text, draft, pace } = beginReading(source, options);
    const reading = { draft, pace, source: text };
    const whole = { start: 0, end: text.length };
    const title = await readHtml(reading, whole, 'document');
    pace.check();
    return draft.finish({ parser: ID, mediaType: 'text/html', title });
  },
};
