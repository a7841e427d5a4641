// SPDX-License-Identifier: Apache-2.0
// Loaders of formats that are no text: what a thread has read becomes a document without offsets into the file.
import { utf8 } from '../../core/index.ts';
import type { Loader, ParsedDocument, ParseOptions, Source } from './document.ts';
import { Draft } from './draft.ts';
import { copyBlocks, NOWHERE, requireStart, tried, withoutPlaces } from './foreign-draft.ts';
import { htmlLoader } from './html.ts';
import { type IsolatedReading, readForeign } from './isolated.ts';

/** Finds the loader of a part of a message. */
export type PartLoader = (source: Source) => Loader | null;

/** Messages in messages in messages are read to this depth. */
const MAX_DEPTH = 3;

const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';

/** Reads the text of PDF, with pages. */
export const pdfLoader: Loader = {
  id: 'pdf@1',
  matches: (name) => name === 'pdf' || name === 'application/pdf',
  async parse(source, options = {}) {
    requireStart(source.bytes, '%PDF-', 1024);
    const reading = await readForeign('pdf', source, options);
    return documentOf(reading, { parser: 'pdf@1', mediaType: 'application/pdf' }, options);
  },
};

/** Reads Word documents. */
export const docxLoader: Loader = {
  id: 'docx@1',
  matches: (name) => name === 'docx' || name === DOCX,
  async parse(source, options = {}) {
    requireStart(source.bytes, 'PK', 2);
    const reading = await readForeign('docx', source, options);
    const bytes = utf8(reading.html ?? '');
    const page = await htmlLoader.parse({ uri: 'document.html', bytes }, options);
    const found = [...reading.findings, ...page.findings];
    return {
      ...withoutPlaces(page),
      title: reading.title ?? page.title,
      parser: 'docx@1',
      mediaType: DOCX,
      findings: found,
    };
  },
};

/** Reads messages with their attachments, each by its own loader. */
export function mailLoader(loaderFor: PartLoader): Loader {
  const parse = async (
    source: Source,
    options: ParseOptions,
    depth: number,
  ): Promise<ParsedDocument> => {
    const reading = await readForeign('mail', source, options);
    const draft = new Draft(NOWHERE, options.maxBytes);
    write(draft, reading);
    for (const part of reading.parts ?? []) {
      const name = part.name.replace(/[\r\n]+/g, ' ');
      if (name !== '') {
        draft.open('heading', 2);
        draft.whole(`Attachment: ${name}`, 0, 0);
        draft.close(`Attachment: ${name}`);
      }
      const inner = { uri: name, bytes: part.bytes, mediaType: part.mediaType };
      const loader = loaderFor(inner);
      if (loader === null) continue;
      if (loader.id === ID && depth >= MAX_DEPTH) {
        draft.findings.add('structure-bounded');
        continue;
      }
      const document = await tried(() =>
        loader.id === ID ? parse(inner, options, depth + 1) : loader.parse(inner, options),
      );
      if (document === null) draft.findings.add('mail-part-unread');
      else copyBlocks(document, draft, 2);
    }
    const facts = { parser: ID, mediaType: 'message/rfc822', title: reading.title };
    // Whom an attached message names has nothing to say about this one.
    return { ...withoutPlaces(draft.finish(facts)), correspondents: reading.correspondents ?? [] };
  };
  const ID = 'mail@2';
  return {
    id: ID,
    matches: (name) => name === 'eml' || name === 'message/rfc822',
    parse: (source, options = {}) => parse(source, options, 1),
  };
}

function documentOf(
  reading: IsolatedReading,
  facts: { readonly parser: string; readonly mediaType: string },
  options: ParseOptions,
): ParsedDocument {
  const draft = new Draft(NOWHERE, options.maxBytes);
  write(draft, reading);
  return withoutPlaces(draft.finish({ ...facts, title: reading.title }));
}

function write(draft: Draft, { blocks = [], findings }: IsolatedReading): void {
  for (const { kind, level, page, text } of blocks) {
    draft.open(kind, level, page);
    draft.whole(text.toWellFormed(), 0, 0);
    draft.close(level === undefined ? undefined : text);
  }
  for (const { kind, count } of findings) draft.findings.add(kind, count);
}
