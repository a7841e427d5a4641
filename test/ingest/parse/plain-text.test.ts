// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/core/index.ts';
import { fc } from '../../support/property.ts';
import { counts, outline, parseAs, sourceOf, tryParse } from './document-rules.ts';

describe('plain text', () => {
  it('is divided at blank lines and nowhere else', async () => {
    const text = 'TITLE\n=====\n\nFirst line\n  second line\n \t \n\n    indented\r\n\r\nlast\n';
    const document = await parseAs('notes.txt', text);
    expect(outline(document)).toEqual([
      'paragraph: TITLE\n=====',
      'paragraph: First line\n  second line',
      'paragraph:     indented',
      'paragraph: last',
    ]);
    expect(document).toMatchObject({
      title: null,
      frontMatter: null,
      mediaType: 'text/plain',
      parser: 'text@1',
      findings: [],
    });
  });

  it('knows where each block stands in the file, in bytes', async () => {
    const bytes = utf8('\ufeffnaïve\r\n\r\ncafe\u0301 😀\u200b!\r\nend');
    const document = await parseAs('notes.txt', bytes);
    expect(document.text).toBe('naïve\n\ncafé 😀!\nend');
    const [first, second] = document.blocks;
    expect(first?.pos).toEqual({ start: 3, end: 9 });
    expect(second?.pos).toEqual({ start: 13, end: bytes.length });
    expect(sourceOf(document, bytes, 'café')).toBe('cafe\u0301');
    expect(sourceOf(document, bytes, '😀!\n')).toBe('😀\u200b!\r\n');
    expect(counts(document)).toEqual({ 'zero-width': 1 });
  });

  it('reads UTF-16 with positions in its bytes', async () => {
    const bytes = new Uint8Array(Buffer.from('\ufeffnaïve\n\n😀!', 'utf16le'));
    const document = await parseAs('notes.txt', bytes);
    expect(document.blocks.map(({ pos }) => pos)).toEqual([
      { start: 2, end: 12 },
      { start: 16, end: 22 },
    ]);
  });

  it('of invisible characters alone is empty', async () => {
    expect(await tryParse('x.txt', '\u200b\u2060\u200b')).toBe('SOURCE_EMPTY');
  });

  it('gives every range back from the bytes it was made of', async () => {
    const lines = fc.array(
      fc.oneof(
        fc.string({ unit: 'grapheme', maxLength: 12 }),
        fc.constantFrom('', ' ', 'é', 'e\u0301', '\r', '\t', '日本語'),
      ),
      { minLength: 1, maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(lines, async (parts) => {
        const bytes = utf8(`a\r\n${parts.join('\r\n')}`);
        const document = await parseAs('x.txt', bytes);
        for (const { start, end, pos } of document.blocks) {
          const source = new TextDecoder().decode(bytes.subarray(pos?.start, pos?.end));
          const again = await parseAs('x.txt', `${source}\n`);
          expect(again.text.trim()).toBe(document.text.slice(start, end).trim());
        }
      }),
    );
  });
});
