// SPDX-License-Identifier: Apache-2.0
import { decodeSource } from './decode.ts';
import type { Loader } from './document.ts';
import { Draft } from './draft.ts';
import { readHtml } from './html-reader.ts';
import { Pace } from './pace.ts';

const ID = 'html@1';
const NAMES = new Set(['html', 'htm', 'xhtml', 'xht', 'text/html', 'application/xhtml+xml']);

/** Reads HTML: what a browser would show without style sheets and scripts, in blocks under its headings. */
export const htmlLoader: Loader = {
  id: ID,
  matches: (name) => NAMES.has(name),
  async parse(source, options = {}) {
    const pace = new Pace(options.signal);
    pace.check();
    const decoded = decodeSource(source.bytes, options.maxBytes);
    const draft = new Draft(decoded, options.maxBytes);
    const reading = { draft, pace, source: decoded.text };
    const whole = { start: 0, end: decoded.text.length };
    const title = await readHtml(reading, whole, 'document');
    pace.check();
    return draft.finish({ parser: ID, mediaType: 'text/html', title });
  },
};
