// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/core/index.ts';
import { counts, outline, parseAs, sourceOf, tryParse } from './document-rules.ts';

const FIXTURE = path.resolve(import.meta.dirname, '../fixtures/handbook.md');
const textOf = async (markdown: string) => (await parseAs('x.md', markdown)).text;

describe('Markdown', () => {
  it('is read in blocks under their headings', async () => {
    const bytes = new Uint8Array(readFileSync(FIXTURE));
    const document = await parseAs(FIXTURE, bytes);
    expect(document).toMatchObject({
      title: "The owner's handbook",
      parser: 'markdown@1',
      mediaType: 'text/markdown',
    });
    expect(document.frontMatter).toBe('title: "The owner\'s handbook"\ntags: [one, two]\n');
    expect(document.blocks.map(({ kind, level }) => `${kind}${level ?? ''}`)).toEqual([
      'heading1',
      'paragraph',
      'heading2',
      'list',
      'table',
      'heading3',
      'code',
      'quote',
      'heading2',
      'paragraph',
    ]);
    expect(document.blocks.map(({ headings }) => headings.join(' > '))).toEqual([
      '',
      'Handbook of the house',
      'Handbook of the house',
      'Handbook of the house > 1. Keys & locks',
      'Handbook of the house > 1. Keys & locks',
      'Handbook of the house > 1. Keys & locks',
      'Handbook of the house > 1. Keys & locks > Opening',
      'Handbook of the house > 1. Keys & locks > Opening',
      'Handbook of the house',
      'Handbook of the house > Leaving',
    ]);
    expect(document.text).not.toMatch(/never shown|nobody|terms\.example/);
    expect(document.text).toContain('`<!-- shown -->`');
    expect(document.text).toContain('# not a heading');
    expect(counts(document)).toEqual({
      'html-comment': 2,
      'html-hidden': 1,
      'markdown-comment': 1,
    });
    for (const { start, end, pos, kind } of document.blocks) {
      const source = new TextDecoder().decode(bytes.subarray(pos?.start, pos?.end));
      if (!/paragraph|list/.test(kind)) expect(source).toBe(document.text.slice(start, end));
    }
  });

  it.each([
    ['emphasis and code', '# *Big* **news** of `x`', 'Big news of x'],
    ['links', '# See [the docs](http://x) and [more][ref]', 'See the docs and more'],
    ['images', '# ![Logo](x.png) Strongroom', 'Logo Strongroom'],
    ['HTML', '# A <kbd>key</kbd> &amp; more', 'A key & more'],
    ['numbers and signs', '# 1. First \\# + - x', '1. First # + - x'],
    ['closing marks', '## Title ##', 'Title'],
    ['underlines', 'Two\nlines\n---', 'Two lines'],
    ['hidden characters', '# pass\u200bword', 'password'],
  ])('shows headings with %s as plain text', async (_, heading, label) => {
    const { blocks } = await parseAs('x.md', `${heading}\n\ntext`);
    expect(blocks.map((block) => block.label)).toEqual([label, undefined]);
    expect(blocks[1]?.headings).toEqual([label]);
  });

  it('cuts long headings and leaves empty ones out of the path', async () => {
    const document = await parseAs(
      'x.md',
      `# ${'long '.repeat(100)}\n\n## ![](x)\n\na\n\n### c\n\nb`,
    );
    const paths = document.blocks.map(({ headings }) => headings);
    expect(paths[2]).toEqual(['long '.repeat(40).trim()]);
    expect(paths[4]).toEqual(['long '.repeat(40).trim(), 'c']);
  });

  it('takes its title from the front matter, else from the first level-1 heading', async () => {
    const titled = async (markdown: string) => (await parseAs('x.md', markdown)).title;
    expect(await titled('---\ntitle: Plain # note\n---\n# Other')).toBe('Plain');
    expect(await titled('---\ntitle: "A \\"b\\""\r\n---\r\n# Other')).toBe('A "b"');
    expect(await titled("---\ntitle: 'it''s'\n...\n# Other")).toBe("it's");
    expect(await titled('---\ntitle: >\n  folded\n---\n## No\n\n# Yes')).toBe('Yes');
    expect(await titled('---\ntitle: [a]\n---\n## No')).toBe(null);
    expect(await titled('---\ntitle: "\\q"\n---\n# Yes')).toBe('Yes');
  });

  it('takes three dashes for front matter only when they are closed, at the start', async () => {
    expect((await parseAs('x.md', '---\na: b\n\ntext')).frontMatter).toBe(null);
    expect((await parseAs('x.md', '\n---\na: b\n---\n')).frontMatter).toBe(null);
    expect((await parseAs('x.md', '---\n---\ntext')).frontMatter).toBe('');
    expect(await tryParse('x.md', '---\na: b\n---\n')).toBe('SOURCE_EMPTY');
  });

  it.each([
    ['comments', 'a <!-- x --> b\n\n<!--\nx\n\ny -->\n\nc', 'a  b\n\nc'],
    ['processing instructions', '<?php\n\nx ?>\n\na <?x?> b', 'a  b'],
    [
      'scripts and styles',
      '<script>\n\nx\n\n</script>\n\n<style>x</style>\n\na <script>x</script> b',
      'a  b',
    ],
    ['inline elements', 'a <span hidden>x <span>y</span> z</span> b', 'a  b'],
    ['unclosed inline elements, to the end of their block', 'a <b hidden>x\ny\n\nz', 'a \n\nz'],
    [
      'elements around blocks',
      '<div hidden>\n\nx\n\n- y\n\n<div>\n\nz\n\n</div>\n</div>\n\na',
      'a',
    ],
    ['the start of a block that ends them', '<div hidden>\n\nx</div> a', 'a'],
    ['parts of lists and quotes', '- a\n- <i hidden>x</i>b\n\n> c <!-- x -->', '- a\n- b\n\n> c'],
    ['link definitions', '[a]: http://x "x"\n\n[a]\n\n- b\n\n  [c]: http://x', '[a]\n\n- b'],
    ['table cells', '| a |\n| - |\n| <i hidden>x</i>b |', '| a |\n| - |\n| b |'],
  ])('leaves out hidden %s', async (_, markdown, text) => {
    expect((await textOf(markdown)).trim()).toBe(text);
  });

  it('leaves everything behind an unclosed hidden element out, as a browser does', async () => {
    expect(await textOf('a\n\n<div style="display:none">\n\nx\n\n# y')).toBe('a');
  });

  it('keeps what only looks like hidden text', async () => {
    const markdown = '`<span hidden>` \\<!-- shown --> <http://x.example/>\n\n    <!-- code -->';
    expect(await textOf(markdown)).toBe(markdown);
  });

  it('counts each hidden element once', async () => {
    const markdown = '<div hidden>x\n\ny\n\nz\n\n</div>\n\na <i hidden>b</i> <i hidden></i>';
    expect(counts(await parseAs('x.md', markdown))).toEqual({ 'html-hidden': 2 });
  });

  it('reads HTML blocks as HTML', async () => {
    const document = await parseAs(
      'x.md',
      '<h1 align="center">The <em>name</em></h1>\n<p>a &amp; b<br>c</p>\n\n<details>\n<summary>More</summary>\n\n**text**\n\n</details>',
    );
    expect(outline(document)).toEqual([
      'heading1: The name',
      'paragraph: a & b\nc',
      'paragraph: More',
      'paragraph: **text**',
    ]);
    expect(document.title).toBe('The name');
    const bytes = utf8('<p>a &amp; b</p>');
    expect(sourceOf(await parseAs('x.md', bytes), bytes, '&')).toBe('&amp;');
  });

  it('drops rules and keeps the text of every other construct as it stands', async () => {
    const markdown = 'a  \nb\\\nc\n\n* d\n+ e\n\n1) f\n\n~~~ js\ng\n~~~\n\nh | i\n-- | --\nj | k';
    expect(await textOf(`${markdown}\n\n***\n\n- - -\n`)).toBe(
      markdown.replace('* d\n+ e', '* d\n\n+ e'),
    );
  });
});
