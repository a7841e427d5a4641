// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { markdownBlocks } from '../../../src/ingest/parse/markdown-blocks.ts';
import { blocksOf } from '../../../src/ingest/parse/markdown-syntax.ts';
import { fc } from '../../support/property.ts';
import { counts, parseAs, tryParse } from './document-rules.ts';

describe('Markdown in windows', () => {
  const line = fc.oneof(
    fc.constantFrom(
      '',
      '',
      '# h',
      'text',
      '- a',
      '  - b',
      '1. c',
      '> q',
      '>> r',
      '    code',
      '```',
    ),
    fc.constantFrom(
      '| a | b |',
      '| - | - |',
      '<div>',
      '</div>',
      '<!-- c -->',
      '---',
      '===',
      '\tx',
      '~~~',
    ),
    fc.constantFrom(
      '<!--',
      '-->',
      '* * *',
      '[a]: b',
      '<script>',
      '</script>',
      '  ===',
      '- ```',
      'a <b>',
    ),
  );

  it('gives the blocks that the whole text gives', () => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 230, maxLength: 700 }), (lines) => {
        const text = lines.join('\n');
        const whole = blocksOf(text).map(({ type, position }) => [
          type,
          position?.start.offset,
          text.slice(0, position?.end.offset).trimEnd().length,
        ]);
        const read: (readonly unknown[])[] = [];
        for (const { kind, start, end, isContinued } of markdownBlocks(text, 0)) {
          const last = isContinued ? read.pop() : undefined;
          read.push([TYPES[kind], last?.[1] ?? start, text.slice(0, end).trimEnd().length]);
        }
        expect(read).toEqual(whole);
      }),
      { numRuns: 30 },
    );
  });

  it('holds long lists, code and comments together', async () => {
    const list = Array.from({ length: 3000 }, (_, i) => `- item ${i}`).join('\n');
    const code = `\`\`\`\n${'# code\n\n'.repeat(3000)}\`\`\``;
    const comment = `<!--\n${'hidden\n\n'.repeat(3000)}-->`;
    const indented = Array.from({ length: 3000 }, (_, i) => `    line ${i}`).join('\n');
    const document = await parseAs(
      'x.md',
      [list, '# a', code, comment, indented, 'end'].join('\n\n'),
    );
    const kinds = document.blocks.map(({ kind }) => kind);
    expect(kinds.slice(0, 3)).toEqual(['list', 'heading', 'code']);
    expect(new Set(kinds.slice(3, -1))).toEqual(new Set(['code']));
    expect(document.text).toBe([list, '# a', code, indented, 'end'].join('\n\n'));
    expect(counts(document)).toEqual({ 'html-comment': 1 });
  });

  it.each([
    ['quotes', '>'.repeat(10_000), ''],
    ['lists', '- '.repeat(10_000), ''],
    ['numbers', '1. '.repeat(10_000), ''],
  ])('reads %s nested ten thousand deep as plain text', async (_, open, close) => {
    const document = await parseAs(
      'x.md',
      `# a\n\n${open}deep <!-- x --> text${close}\n\n# b\n\nc`,
    );
    expect(document.text).toContain('deep  text');
    expect(document.blocks.at(-1)?.headings).toEqual(['b']);
    expect(counts(document)).toMatchObject({ 'structure-bounded': 1, 'html-comment': 1 });
  });

  it('does not take rules of many signs for nesting', async () => {
    const document = await parseAs('x.md', `a\n\n${'- '.repeat(100)}\n\n${'* '.repeat(100)}\n\nb`);
    expect(document.text).toBe('a\n\nb');
    expect(document.findings).toEqual([]);
  });

  it('hides a comment that a block too long to parse cuts', async () => {
    const quote = `${'> text\n'.repeat(12_000)}> <!-- hidden\n\nhidden too --> shown\n\nend`;
    const { text } = await parseAs('x.md', quote);
    expect(text).not.toContain('hidden');
    expect(text.endsWith('shown\n\nend')).toBe(true);
  });

  it.each([
    ['[', 1],
    ['[a](', 1],
    ['![a', 1],
    ['*a **b ', 1],
    ['*a_b__c', 1],
    ['` `` ', 1],
    ['<a ', 1],
    ['<a b="', 1],
    ['&', 1],
    ['\\', 1],
    ['> # a\n', 1],
    ['a\n===\n', 1],
    ['> a\n\n', 1],
    ['- - - - a\n', 1],
    ['[a]: b\n', 1],
    ['|a\n|-\n', 1],
    ['- a\n\n  1. b\n', 1],
    ['  > - a\n', 1],
  ])('reads a flood of %j in bounded windows', async (unit) => {
    const result = await tryParse('x.md', `${unit.repeat(40_000 / unit.length)}\n\n# end`);
    expect(typeof result === 'string' ? result : result.blocks.at(-1)?.label).toBe('end');
  });
});

const TYPES: Readonly<Record<string, string>> = {
  heading: 'heading',
  paragraph: 'paragraph',
  list: 'list',
  code: 'code',
  table: 'table',
  quote: 'blockquote',
  html: 'html',
  definition: 'definition',
  rule: 'thematicBreak',
};
