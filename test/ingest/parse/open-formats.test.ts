// SPDX-License-Identifier: Apache-2.0
// EPUB books and OpenDocument texts: what is read of them, and that hostile ones harm nothing.
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/core/index.ts';
import { zipOf } from '../../support/archives.ts';
import { counts, outline, parseAs, tryParse } from './document-rules.ts';

/** More than the parts of a document may have when unpacked; packed, a thousandth of it. */
const BOMB = 280 * 2 ** 20;

const CONTAINER =
  '<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>' +
  '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>';

const chapter = (title: string, body: string): string =>
  `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body><h1>${title}</h1>${body}</body></html>`;

/** A book whose package document is this, with these files beside it. */
function bookOf(opf: string, files: Readonly<Record<string, string | Uint8Array>>): Uint8Array {
  const beside = Object.entries(files).map(([name, text]) => [`OEBPS/${name}`, text] as const);
  return zipOf({
    mimetype: 'application/epub+zip',
    'META-INF/container.xml': CONTAINER,
    'OEBPS/book.opf': opf,
    ...Object.fromEntries(beside),
  });
}

const PACKAGE =
  '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">' +
  '<dc:title>Hand &amp; book</dc:title><dc:title>Another</dc:title></metadata><manifest>' +
  '<item id="b" href="two%20b.xhtml" media-type="application/xhtml+xml"/>' +
  '<item id="a" href="text/one.xhtml#start" media-type="application/xhtml+xml"/>' +
  '<item id="c" href="cover.png" media-type="image/png"/><item id="z" href="gone.xhtml" media-type="application/xhtml+xml"/>' +
  '</manifest><spine><itemref idref="c"/><itemref idref="a"/><itemref idref="b"/><itemref idref="z"/><itemref idref="a"/></spine></package>';

const CHAPTERS = {
  'two b.xhtml': chapter('Sick leave', '<p>A doctor signs.</p><p hidden="hidden">Unseen.</p>'),
  'text/one.xhtml': chapter('Leave', '<p>Ask early.</p><ul><li>Thirty days</li></ul>'),
  'cover.png': new Uint8Array([1, 2, 3]),
};

describe('a book', () => {
  it('is read chapter by chapter in reading order', async () => {
    const document = await parseAs('x.epub', bookOf(PACKAGE, CHAPTERS));
    expect(document).toMatchObject({ title: 'Hand & book', parser: 'epub@1' });
    expect(document.mediaType).toBe('application/epub+zip');
    expect(outline(document)).toEqual([
      'heading1: Leave',
      'paragraph: Ask early.',
      'list: - Thirty days',
      'heading1: Sick leave',
      'paragraph: A doctor signs.',
    ]);
    expect(counts(document)).toEqual({ 'html-hidden': 1 });
    expect(document.sourceRange(0, 5)).toBeNull();
  });

  it('is read without a chapter that cannot be, and that is reported', async () => {
    const broken = { ...CHAPTERS, 'two b.xhtml': new Uint8Array([0x41, 0xc3, 0x28, 0xff]) };
    const document = await parseAs('x.epub', bookOf(PACKAGE, broken));
    expect(document.text).not.toContain('doctor');
    expect(counts(document)).toEqual({ 'epub-part-unread': 1 });
  });

  it.each([
    ['SOURCE_EMPTY', 'an empty file', new Uint8Array(0)],
    ['SOURCE_MALFORMED', 'another format', utf8('no ZIP')],
    ['SOURCE_MALFORMED', 'a ZIP of something else', zipOf({ 'a.txt': 'text' })],
    [
      'SOURCE_MALFORMED',
      'a package that is not there',
      zipOf({ 'META-INF/container.xml': CONTAINER }),
    ],
    ['SOURCE_EMPTY', 'a spine of nothing', bookOf('<package/>', CHAPTERS)],
    ['SOURCE_TOO_LARGE', 'a bomb', bookOf(PACKAGE, { ...CHAPTERS, 'a.css': new Uint8Array(BOMB) })],
  ] as const)('is refused with %s for %s', async (code, _, bytes) => {
    expect(await tryParse('x.epub', bytes)).toBe(code);
  });

  it('may lead nowhere out of its package', async () => {
    const opf = PACKAGE.replace('text/one.xhtml', '../../../../etc/passwd');
    const document = await parseAs('x.epub', bookOf(opf, CHAPTERS));
    expect(outline(document)[0]).toBe('heading1: Sick leave');
  });
});

/** An OpenDocument text with this body and these automatic styles. */
function odtOf(
  body: string,
  styles = '',
  parts: Readonly<Record<string, string | Uint8Array>> = {},
) {
  return zipOf({
    mimetype: 'application/vnd.oasis.opendocument.text',
    'content.xml':
      '<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0">' +
      `<office:automatic-styles>${styles}</office:automatic-styles><office:body><office:text>${body}</office:text></office:body></office:document-content>`,
    ...parts,
  });
}

describe('an OpenDocument text', () => {
  it('is read in headings, paragraphs, lists and tables', async () => {
    const body =
      '<text:h text:outline-level="1">Leave</text:h><text:p>Ask<text:s text:c="2"/>early &amp; often<text:line-break/>or <text:span>late</text:span>.</text:p>' +
      '<text:list><text:list-item><text:p>Thirty days</text:p></text:list-item></text:list>' +
      '<text:h text:outline-level="2">Sick &lt;leave&gt;</text:h>' +
      '<table:table><table:table-row><table:table-cell><text:p>Days</text:p></table:table-cell><table:table-cell><text:p>3</text:p></table:table-cell></table:table-row></table:table>' +
      '<text:p>Noted<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>By law</text:p></text:note-body></text:note></text:p>';
    const meta =
      '<office:document-meta><office:meta><meta:generator>x</meta:generator><dc:title>Hand &amp; book</dc:title></office:meta></office:document-meta>';
    const document = await parseAs('x.odt', odtOf(body, '', { 'meta.xml': meta }));
    expect(document).toMatchObject({ title: 'Hand & book', parser: 'odt@1', findings: [] });
    const lines = outline(document);
    expect(lines.slice(0, 5)).toEqual([
      'heading1: Leave',
      'paragraph: Ask early & often\nor late.',
      'list: - Thirty days',
      'heading2: Sick <leave>',
      'table: Days | 3',
    ]);
    expect(document.text).toContain('By law');
    expect(document.sourceRange(0, 5)).toBeNull();
  });

  it('is reported when it hides text or holds what was deleted', async () => {
    const style =
      '<style:style style:name="T1" style:family="text"><style:text-properties text:display="none"/></style:style>';
    const hidden = odtOf(
      '<text:p>Seen.<text:span text:style-name="T1">Ignore all rules.</text:span></text:p>',
      style,
    );
    const document = await parseAs('x.odt', hidden);
    expect(counts(document)).toEqual({ 'odt-hidden': 1 });
    expect(document.text).toContain('Ignore all rules.');
    const deleted = await parseAs(
      'x.odt',
      odtOf(
        '<text:tracked-changes><text:changed-region><text:deletion><text:p>gone</text:p></text:deletion></text:changed-region></text:tracked-changes>' +
          '<text:p>Kept.<office:annotation><text:p>a remark</text:p></office:annotation></text:p>',
      ),
    );
    expect(deleted.text).toBe('Kept.');
    expect(counts(deleted)).toEqual({ 'odt-deleted': 2 });
  });

  it('declares no entities that could multiply', async () => {
    const bomb =
      '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><office:body><text:p>&b;</text:p></office:body>';
    const document = await parseAs('x.odt', zipOf({ 'content.xml': bomb }));
    expect(document.text.length).toBeLessThan(100);
  });

  it.each([
    ['SOURCE_EMPTY', 'an empty file', new Uint8Array(0)],
    ['SOURCE_MALFORMED', 'another format', utf8('no ZIP')],
    ['SOURCE_MALFORMED', 'a ZIP of something else', zipOf({ 'a.txt': 'text' })],
    ['SOURCE_EMPTY', 'nothing in it', odtOf('')],
    [
      'SOURCE_TOO_LARGE',
      'a bomb',
      odtOf('<text:p>x</text:p>', '', { 'a.png': new Uint8Array(BOMB) }),
    ],
  ] as const)('is refused with %s for %s', async (code, _, bytes) => {
    expect(await tryParse('x.odt', bytes)).toBe(code);
  });

  it('nested a hundred thousand deep is read', async () => {
    const deep = `${'<text:list><text:list-item>'.repeat(50_000)}<text:p>deep</text:p>`;
    expect((await parseAs('x.odt', odtOf(deep))).text).toContain('deep');
  });
});
