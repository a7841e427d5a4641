// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/core/index.ts';
import { counts, outline, parseAs, sourceOf, tryParse } from './document-rules.ts';

const FIXTURE = path.resolve(import.meta.dirname, '../fixtures/garden.html');
const outlineOf = async (html: string) => outline(await parseAs('x.html', html));

describe('HTML', () => {
  it('is read in blocks as a browser shows them', async () => {
    const document = await parseAs(FIXTURE, new Uint8Array(readFileSync(FIXTURE)));
    expect(outline(document)).toEqual([
      'list: - Home\n- Beds\n  3. Roses\n  4. Herbs',
      'heading1: A small garden',
      'paragraph: Salt & light.\nWater <daily>.',
      'heading2: Tools',
      'table: What is in the shed\n | Count | Use\nSpade |  | digging, edging',
      'code: row 1\n  row 2',
      'quote: Sow in spring.\nReap in autumn.',
      'paragraph: A bed of roses',
    ]);
    expect(document.blocks.map(({ headings }) => headings)).toEqual([
      [],
      [],
      ['A small garden'],
      ['A small garden'],
      ...Array.from({ length: 4 }, () => ['A small garden', 'Tools']),
    ]);
    expect(document).toMatchObject({
      title: 'The & garden',
      parser: 'html@1',
      mediaType: 'text/html',
      frontMatter: null,
    });
    expect(counts(document)).toEqual({
      'html-comment': 1,
      'html-hidden': 1,
      'html-invisible': 1,
      'html-off-screen': 1,
    });
  });

  it('knows where text stands in the file, character references included', async () => {
    const bytes = utf8(
      '<p>naïve &amp; caf&eacute; 😀 &notin;&#x200B;&hellip;\r\nnext</p><img alt="a &lt; b">',
    );
    const document = await parseAs('x.html', bytes);
    expect(document.text).toBe('naïve & café 😀 ∉… next\n\na < b');
    expect(sourceOf(document, bytes, 'naïve')).toBe('naïve');
    expect(sourceOf(document, bytes, '&')).toBe('&amp;');
    expect(sourceOf(document, bytes, 'café')).toBe('caf&eacute;');
    expect(sourceOf(document, bytes, '😀')).toBe('😀');
    expect(sourceOf(document, bytes, '∉…')).toBe('&notin;&#x200B;&hellip;');
    expect(sourceOf(document, bytes, 'next')).toBe('next');
    expect(sourceOf(document, bytes, 'a < b')).toBe('alt="a &lt; b"');
  });

  it('knows the whole of a text where it cannot follow single characters', async () => {
    const bytes = utf8('<p>one</nothing>two</p>');
    expect(sourceOf(await parseAs('x.html', bytes), bytes, 'wo')).toBe('one</nothing>two');
    const many = Array.from({ length: 5000 }, (_, i) => `&#${i + 0x4e00};`).join(' ');
    const document = await parseAs('x.html', `<p>${many}</p>`);
    expect(document.blocks[0]?.pos).toEqual({ start: 3, end: 3 + many.length });
  });

  it('collapses white space as browsers do, except where it is preformatted', async () => {
    expect(
      await outlineOf('<p> a \n\t b<b> c </b> <i>d</i>\u00a0 e </p><pre>\n a\n\n  b </pre>'),
    ).toEqual(['paragraph: a b c d\u00a0 e', 'code:  a\n\n  b']);
    expect(await outlineOf('<pre>a<br>b\n<b>c</b></pre><p>a<br> <br>b')).toEqual([
      'code: a\nb\nc',
      'paragraph: a\nb',
    ]);
  });

  it.each([
    [
      'loose text',
      'a<div>b<p>c</p>d</div>e',
      ['a', 'b', 'c', 'd', 'e'].map((t) => `paragraph: ${t}`),
    ],
    ['unclosed elements', '<p>a<p>b<h2>c<p>d', ['paragraph: a', 'paragraph: b', 'heading2: c d']],
    ['definition lists', '<dl><dt>a<dd>b<dt>c<dd>d</dl>', ['list: a\nb\nc\nd']],
    [
      'headings in table cells',
      '<table><tr><td>a<h3>b</h3>c',
      ['table: a', 'heading3: b', 'table: c'],
    ],
    ['code in lists', '<ul><li>a<pre>b</pre><li>c</ul>', ['list: - a', 'code: b', 'list: - c']],
    [
      'tables in tables',
      '<table><tr><td>a<table><tr><td>b<td>c</table><td>d',
      ['table: a b c | d'],
    ],
    ['lists in table cells', '<table><tr><td><ul><li>a<li>b</ul><td>c', ['table: a b | c']],
    ['text fostered out of tables', '<table>a<tr><td>b</table>', ['paragraph: a', 'table: b']],
    [
      'numbered lists',
      '<ol start="-1"><li>a<li>b</ol><ol start=x><li>c',
      ['list: -1. a\n0. b', 'list: 1. c'],
    ],
    ['breaks in headings', '<h1>a<br>b<div>c</div></h1>', ['heading1: a b c']],
    ['choices', '<select><option>a<option>b</select>', ['paragraph: a', 'paragraph: b']],
    ['drawings', '<svg><title>x</title><text>a</text><desc>x</desc></svg>', ['paragraph: a']],
    ['quotes in lists', '<ul><li>a<blockquote>b</blockquote></ul>', ['list: - a', 'list: b']],
  ])('reads %s', async (_, html, blocks) => {
    expect(await outlineOf(html)).toEqual(blocks);
  });

  it.each([
    ['script', 'html'],
    ['style', 'html'],
    ['template', 'html'],
    ['noscript', 'html'],
    ['iframe', 'html'],
    ['object', 'html'],
    ['title', 'html'],
  ])('leaves out what %s elements hold', async (name) => {
    const document = await parseAs('x.html', `a<${name}>x</${name}>b`);
    expect(document.text.replace(/\s/g, '')).toBe('ab');
    expect(document.findings).toEqual([]);
  });

  it('takes its title from the head, else from the first level-1 heading', async () => {
    expect((await parseAs('x.html', '<title> a\nb </title><h1>c</h1>')).title).toBe('a b');
    expect((await parseAs('x.html', '<svg><title>x</title></svg><h1>c</h1>')).title).toBe('c');
    expect((await parseAs('x.html', '<p>a')).title).toBe(null);
  });

  it('of hidden text alone is empty', async () => {
    expect(await tryParse('x.html', '<p hidden>a</p><!-- b -->')).toBe('SOURCE_EMPTY');
  });
});
