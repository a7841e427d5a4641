// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { MAX_HTML_LENGTH } from '../../../src/ingest/parse/html-reader.ts';
import { fc } from '../../support/property.ts';
import { parseAs, tryParse } from './document-rules.ts';

const textOf = async (html: string) => (await parseAs('x.html', html)).text;

describe('hostile HTML', () => {
  it.each([
    '<div>',
    '<span>',
    '<b>',
    '<ul><li>',
    '<table><tr><td>',
    '<blockquote>',
    '<a><p>',
    '<h1>',
  ])('with %s nested a hundred thousand deep is read', async (open) => {
    const count = 100_000 / (open.split('<').length - 1);
    const { text } = await parseAs('x.html', `${open.repeat(count)}deep`);
    expect(text).toContain('deep');
  });

  it('with unclosed formatting that multiplies is refused', async () => {
    const fonts = Array.from({ length: 3000 }, (_, i) => `<font a${i}>`).join('');
    const html = `<p>${fonts}</p>${'<p>x'.repeat(3000)}`;
    expect(await tryParse('x.html', html)).toBe('SOURCE_TOO_LARGE');
  });

  it('longer than a tree could bear is refused', async () => {
    const long = '<b x>'.repeat(MAX_HTML_LENGTH / 5 + 1);
    for (const name of ['x.html', 'x.md'])
      expect(await tryParse(name, long)).toBe('SOURCE_TOO_LARGE');
  });

  it('gives a typed error or a sound document for any tags', async () => {
    const part = fc.oneof(
      fc.constantFrom(
        '<p>',
        '</p>',
        '<b>',
        '</b>',
        '<table>',
        '</table>',
        '<tr>',
        '<td>',
        '<h2>',
        '</h2>',
      ),
      fc.constantFrom(
        '<ul>',
        '<li>',
        '</ul>',
        '<pre>',
        '</pre>',
        '<svg>',
        '</svg>',
        '<select>',
        '<option>',
      ),
      fc.constantFrom(
        '<!--',
        '-->',
        '<p hidden>',
        '<i style="opacity:0">',
        '</i>',
        '<br>',
        '<img alt="x y">',
      ),
      fc.constantFrom(
        '<template>',
        '</template>',
        '<script>',
        '</script>',
        '<title>',
        '&amp;',
        '&#0;',
        '&lt',
      ),
      fc.constantFrom(
        'a',
        ' ',
        'b c',
        '\r\n',
        'é',
        'e',
        '\u0301',
        '<',
        '>',
        '&',
        '<![CDATA[',
        ']]>',
        '😀',
      ),
      fc.constantFrom(
        '<math>',
        '<mi>',
        '<annotation-xml>',
        '<frameset>',
        '<body>',
        '<html>',
        '</body>',
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 60 }), async (parts) => {
        await tryParse('x.html', parts.join(''));
      }),
    );
  });

  it('is read alike whole and in the pieces that the parser is given', async () => {
    const row = '<p>naïve &amp; 😀 word\r\n<b>bold</b></p>';
    const once = await textOf(row);
    for (const pad of [0, 1, 2, 3]) {
      const text = await textOf(`${' '.repeat(pad)}${row.repeat(5000)}`);
      expect(text === Array.from({ length: 5000 }, () => once).join('\n\n')).toBe(true);
    }
  });
});
