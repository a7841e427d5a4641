// SPDX-License-Identifier: Apache-2.0
// Loaders of formats that are no text: what a thread has read becomes a document without offsets into the file.
import { fail, isStrongroomError, utf8 } from '../../core/index.ts';
import {
  type Loader,
  MAX_SOURCE_BYTES,
  type ParsedDocument,
  type ParseOptions,
  type Source,
} from './document.ts';
import { Draft } from './draft.ts';
import { htmlLoader } from './html.ts';
import { type IsolatedReading, type IsolatedTask, readIsolated } from './isolated.ts';

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
    const reading = await read('pdf', source, options);
    return documentOf(reading, { parser: 'pdf@1', mediaType: 'application/pdf' }, options);
  },
};

/** Reads Word documents. */
export const docxLoader: Loader = {
  id: 'docx@1',
  matches: (name) => name === 'docx' || name === DOCX,
  async parse(source, options = {}) {
    requireStart(source.bytes, 'PK', 2);
    const reading = await read('docx', source, options);
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
    const reading = await read('mail', source, options);
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
      else copy(document, draft);
    }
    return withoutPlaces(
      draft.finish({ parser: ID, mediaType: 'message/rfc822', title: reading.title }),
    );
  };
  const ID = 'mail@1';
  return {
    id: ID,
    matches: (name) => name === 'eml' || name === 'message/rfc822',
    parse: (source, options = {}) => parse(source, options, 1),
  };
}

const NOWHERE = { text: '', byteAt: (): number => 0 };

function read(
  format: IsolatedTask['format'],
  { bytes }: Source,
  { maxBytes = MAX_SOURCE_BYTES, signal }: ParseOptions,
): Promise<IsolatedReading> {
  if (bytes.length > maxBytes) {
    const details = { bytes: bytes.length, limit: maxBytes };
    throw fail('SOURCE_TOO_LARGE', 'a file is larger than the limit', details);
  }
  if (bytes.length === 0) throw fail('SOURCE_EMPTY', 'a file holds nothing');
  return readIsolated({ format, bytes, maxBytes }, signal === undefined ? {} : { signal });
}

function requireStart(bytes: Uint8Array, start: string, within: number): void {
  if (bytes.length === 0) return;
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, within + start.length));
  if (head.includes(start)) return;
  throw fail('SOURCE_MALFORMED', 'the file does not begin as its name promises');
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

/** Blocks of a part go below the heading that names it. */
function copy(document: ParsedDocument, draft: Draft): void {
  for (const { kind, level, label, page, start, end } of document.blocks) {
    draft.open(kind, level === undefined ? undefined : Math.min(6, level + 2), page);
    draft.whole(document.text.slice(start, end), 0, 0);
    draft.close(label);
  }
  for (const { kind, count } of document.findings) draft.findings.add(kind, count);
}

async function tried(parse: () => Promise<ParsedDocument>): Promise<ParsedDocument | null> {
  try {
    return await parse();
  } catch (error) {
    // What cannot be read of an attachment leaves the message as it is; a cancelled run and a bug do not.
    if (isStrongroomError(error) && error.area === 'ingest') return null;
    throw error;
  }
}

/** Offsets in HTML that was made on the way, or in nothing, say nothing of the file. */
function withoutPlaces(document: ParsedDocument): ParsedDocument {
  return {
    ...document,
    blocks: document.blocks.map((block) => ({ ...block, pos: null })),
    sourceRange: () => null,
  };
}
