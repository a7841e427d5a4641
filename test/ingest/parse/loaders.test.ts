// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/core/index.ts';
import { loaderFor, LOADERS } from '../../../src/ingest/parse/index.ts';
import { MAX_BLOCKS } from '../../../src/ingest/parse/draft.ts';
import { fc } from '../../support/property.ts';
import { counts, parseAs, tryParse } from './document-rules.ts';

const NAMES = ['x.txt', 'x.md', 'x.html', 'x.json', 'x.jsonl', 'x.csv', 'x.py'];
const idOf = (uri: string, text = 'text', mediaType?: string) =>
  loaderFor({ uri, bytes: utf8(text), ...(mediaType === undefined ? {} : { mediaType }) })?.id;

describe('the loader for a source', () => {
  it.each([
    ['notes.md', 'markdown@1'],
    ['NOTES.MARKDOWN', 'markdown@1'],
    ['dir.d/page.htm', 'html@1'],
    ['C:\\dir\\data.json', 'json@1'],
    ['events.ndjson', 'jsonl@1'],
    ['table.csv', 'csv@1'],
    ['main.rs', 'code@1'],
    ['report.pdf', 'pdf@1'],
    ['letter.docx', 'docx@1'],
    ['message.eml', 'mail@2'],
    ['book.epub', 'epub@1'],
    ['text.odt', 'odt@1'],
    ['https://host.example/page.html?x=1.json#a.md', 'html@1'],
    ['dir/LICENSE', 'text@1'],
    ['dir.md/README', 'text@1'],
    ['.gitignore', 'text@1'],
    ['trailing.', 'text@1'],
    ['program.exe', undefined],
    ['image.png', undefined],
  ])('of %s is %s', (uri, id) => {
    expect(idOf(uri)).toBe(id);
  });

  it('is chosen by the media type first, when there is one that is known', () => {
    expect(idOf('x.txt', '', 'text/markdown; charset=utf-8')).toBe('markdown@1');
    expect(idOf('x.bin', '', 'Text/HTML')).toBe('html@1');
    expect(idOf('x.md', '', 'application/octet-stream')).toBe('markdown@1');
  });

  it('is chosen by how the file starts when it has no extension', () => {
    expect(idOf('index', '\n <!DOCTYPE html><p>')).toBe('html@1');
    expect(idOf('index', '<html lang=en>')).toBe('html@1');
    expect(idOf('index', '<htmlish>')).toBe('text@1');
  });

  it('has an id of its own', () => {
    expect(new Set(LOADERS.map(({ id }) => id)).size).toBe(LOADERS.length);
  });
});

describe('every loader', () => {
  it.each(NAMES)('of %s refuses what is empty, binary or too large', async (name) => {
    expect(await tryParse(name, '')).toBe('SOURCE_EMPTY');
    expect(await tryParse(name, ' \n\t\n')).toBe('SOURCE_EMPTY');
    expect(await tryParse(name, Uint8Array.of(0xff, 0xd8, 0xff))).toBe('SOURCE_BINARY');
    await expect(parseAs(name, '"12345"', { maxBytes: 6 })).rejects.toMatchObject({
      code: 'SOURCE_TOO_LARGE',
      details: { bytes: 7, limit: 6 },
    });
  });

  it.each(NAMES)('of %s stops when it is told to, at once and on the way', async (name) => {
    const text = name.startsWith('x.json') ? '["text"]' : 'text\n\n'.repeat(100_000);
    await expect(parseAs(name, text, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    const controller = new AbortController();
    const long = name.startsWith('x.json') ? `[${'"text", '.repeat(100_000)}1]` : text;
    const parsing = parseAs(name, long, { signal: controller.signal });
    setImmediate(() => {
      controller.abort();
    });
    await expect(parsing).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it.each(NAMES)('of %s gives a typed error or a sound document for any bytes', async (name) => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.string({ unit: 'binary', maxLength: 80 }).map(utf8),
      fc
        .string({
          unit: fc.constantFrom(...Array.from('#>-*`|[]()<!/="&;:{},\\ \n\tab1')),
          maxLength: 80,
        })
        .map(utf8),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (content) => {
        await tryParse(name, content);
      }),
      { numRuns: 300 },
    );
  });

  it('adds to its last block beyond the limit of blocks, and says so', async () => {
    const document = await parseAs('x.txt', 'a\n\n'.repeat(MAX_BLOCKS + 1000));
    expect(document.blocks).toHaveLength(MAX_BLOCKS);
    expect(counts(document)).toEqual({ 'structure-bounded': 1 });
  });
});
