// SPDX-License-Identifier: Apache-2.0
// Loaders of EPUB books and OpenDocument texts: ZIP archives of marked-up text, unpacked in a thread.
import { utf8 } from '../../core/index.ts';
import type { Loader } from './document.ts';
import { Draft } from './draft.ts';
import { copyBlocks, NOWHERE, requireStart, tried, withoutPlaces } from './foreign-draft.ts';
import { htmlLoader } from './html.ts';
import { readForeign } from './isolated.ts';

const EPUB = 'application/epub+zip';
const ODT = 'application/vnd.oasis.opendocument.text';

/** Reads books, chapter by chapter in reading order. */
export const epubLoader: Loader = {
  id: 'epub@1',
  matches: (name) => name === 'epub' || name === EPUB,
  async parse(source, options = {}) {
    requireStart(source.bytes, 'PK', 2);
    const { title, parts = [] } = await readForeign('epub', source, options);
    const draft = new Draft(NOWHERE, options.maxBytes);
    for (const { name, bytes } of parts) {
      const chapter = await tried(() => htmlLoader.parse({ uri: name, bytes }, options));
      if (chapter === null) draft.findings.add('epub-part-unread');
      else copyBlocks(chapter, draft, 0);
    }
    return withoutPlaces(draft.finish({ parser: 'epub@1', mediaType: EPUB, title }));
  },
};

/** Reads texts of OpenOffice and LibreOffice. */
export const odtLoader: Loader = {
  id: 'odt@1',
  matches: (name) => name === 'odt' || name === ODT,
  async parse(source, options = {}) {
    requireStart(source.bytes, 'PK', 2);
    const reading = await readForeign('odt', source, options);
    const bytes = utf8((reading.html ?? '').toWellFormed());
    const page = await htmlLoader.parse({ uri: 'document.html', bytes }, options);
    const title = reading.title?.trim() ?? '';
    return {
      ...withoutPlaces(page),
      title: title === '' ? page.title : title.slice(0, 200),
      parser: 'odt@1',
      mediaType: ODT,
      findings: [...reading.findings, ...page.findings],
    };
  },
};
