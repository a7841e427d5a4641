// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  type Chunk,
  chunkDocument,
  type ChunkOptions,
  CHUNKER,
  type TokenCounter,
} from '../../../src/ingest/chunk/index.ts';
import { fc } from '../../support/property.ts';
import { parseAs } from '../parse/document-rules.ts';
import { expectChunks } from './chunk-rules.ts';

const words: TokenCounter = {
  id: 'words@1',
  count: (text) => text.split(/\s+/).filter((word) => word !== '').length,
};

async function chunksOf(
  text: string,
  options: ChunkOptions = {},
  uri = 'x.md',
): Promise<readonly Chunk[]> {
  const document = await parseAs(uri, text);
  const chunks = await chunkDocument(document, options);
  expectChunks(document, chunks, options);
  return chunks;
}

const textsOf = async (text: string, options?: ChunkOptions, uri?: string) =>
  (await chunksOf(text, options, uri)).map((chunk) => chunk.text);
const SMALL: ChunkOptions = { targetTokens: 6, maxTokens: 10, counter: words };

describe('chunks', () => {
  it('hold blocks of one section up to the target', async () => {
    const markdown = '# A\n\none two\n\nthree four\n\nfive six seven\n\neight nine\n\n# B\n\nten';
    expect(await textsOf(markdown, SMALL)).toEqual([
      '# A\n\none two\n\nthree four',
      'five six seven\n\neight nine',
      '# B\n\nten',
    ]);
  });

  it('carry the heading path of their content, their own heading included', async () => {
    const markdown = 'intro\n\n# A\n\n## B *b*\n\ntext\n\n## C\n\n### D\n\n# E\n\nend';
    const chunks = await chunksOf(markdown);
    expect(chunks.map(({ text, headings }) => [text, headings])).toEqual([
      ['intro', []],
      ['# A\n\n## B *b*\n\ntext', ['A', 'B b']],
      ['## C\n\n### D\n\n# E\n\nend', ['E']],
    ]);
  });

  it('know where they stand in text and file, in bytes', async () => {
    const chunks = await chunksOf('# É\r\n\r\ncafe\u0301\r\n\r\n# ß\r\n\r\nend');
    expect(chunks).toEqual(
      [
        {
          start: 0,
          end: 12,
          text: '# É\n\ncafé',
          headings: ['É'],
          page: null,
          pos: { start: 0, end: 14 },
        },
        {
          start: 13,
          end: 23,
          text: '# ß\n\nend',
          headings: ['ß'],
          page: null,
          pos: { start: 18, end: 29 },
        },
      ].map((chunk) => ({ ...chunk, end: chunk.start + Buffer.byteLength(chunk.text) })),
    );
  });

  it('keep blocks whole up to the maximum', async () => {
    const ten = 'One two three. Four five six. Seven eight nine ten.';
    expect(await textsOf(`a\n\n${ten}\n\nb`, SMALL, 'x.txt')).toEqual(['a', ten, 'b']);
  });

  it('divide longer blocks between sentences', async () => {
    const text =
      'The first sentence goes here. Dr. Smith met J. Doe at 5 p.m. yesterday. It cost 3.5 dollars. The end comes now.';
    expect(await textsOf(text, { targetTokens: 12, maxTokens: 15, counter: words })).toEqual([
      'The first sentence goes here.',
      'Dr. Smith met J. Doe at 5 p.m. yesterday.',
      'It cost 3.5 dollars. The end comes now.',
    ]);
  });

  it('divide long sentences between words, and long words between characters', async () => {
    const text = 'a b c d e f g h i j k l m n o p q r s t u v w x y z';
    expect(await textsOf(text, SMALL)).toEqual([
      'a b c d e f g h i j',
      'k l m n o p q r s t',
      'u v w x y z',
    ]);
    const long = await textsOf('😀'.repeat(100), { targetTokens: 4, maxTokens: 4 });
    expect(new Set(long.map((chunk) => chunk.length))).toEqual(new Set([16, 8]));
    const marks = 'ab\u0323\u0307c\u0323\u0307'.repeat(20);
    for (const chunk of await textsOf(marks, { targetTokens: 1, maxTokens: 1 })) {
      expect(chunk).not.toMatch(/^\p{M}/u);
    }
    expect(
      (await textsOf('👩\u200d🚀'.repeat(9), { targetTokens: 2, maxTokens: 2 })).every(
        (c) => !/^\u200d|\u200d$/.test(c),
      ),
    ).toBe(true);
  });

  it('divide code and tables between lines, only beyond the maximum', async () => {
    const rows = Array.from({ length: 9 }, (_, i) => `| a${i} | b |`);
    const table = `| h | i |\n| - | - |\n${rows.join('\n')}`;
    expect(await textsOf(table, { targetTokens: 10, maxTokens: 100, counter: words })).toEqual([
      table,
    ]);
    const parts = await textsOf(table, { targetTokens: 10, maxTokens: 20, counter: words });
    expect(parts.length).toBeGreaterThan(3);
    expect(parts.join('\n')).toBe(table);
    const code = '```\nif a. B c. D:\n    e f g\n        h i j k l m n o p\n```';
    expect(await textsOf(code, SMALL)).toEqual([
      '```\nif a. B c. D:',
      '    e f g',
      '        h i j k l m n o p\n```',
    ]);
  });

  it('divide lists between items', async () => {
    const list = '- one two three\n  four\n- five. Six\n- seven\n  - eight\n- nine';
    expect(await textsOf(list, { targetTokens: 7, maxTokens: 9, counter: words })).toEqual([
      '- one two three\n  four',
      '- five. Six\n- seven\n  - eight',
      '- nine',
    ]);
  });

  it('take up a small rest of their section', async () => {
    const text = `${'word '.repeat(38)}end.\n\nrest`;
    expect(await textsOf(text, { targetTokens: 39, maxTokens: 60, counter: words })).toHaveLength(
      1,
    );
    expect(
      await textsOf(`# A\n\n${text}\n\n# B\n\nb`, {
        targetTokens: 41,
        maxTokens: 60,
        counter: words,
      }),
    ).toHaveLength(2);
  });

  it('do not leave a heading alone before a block that fits with it', async () => {
    const block = 'one two three four five six seven eight';
    expect(await textsOf(`# A\n\n${block}`, SMALL)).toEqual([`# A\n\n${block}`]);
    expect(await textsOf(`# A\n\n${block} nine`, SMALL)).toEqual(['# A', `${block} nine`]);
  });

  it('repeat sentences of the chunk before in the same section, when asked', async () => {
    const text =
      '# A\n\nThe first one is here. The second one is here. The third one is here. The fourth one is here.\n\n# B\n\nThe last one is here.';
    const options = { targetTokens: 10, maxTokens: 16, counter: words, overlapTokens: 6 };
    expect(await textsOf(text, options)).toEqual([
      '# A\n\nThe first one is here.',
      'The second one is here. The third one is here.',
      'The third one is here. The fourth one is here.',
      '# B\n\nThe last one is here.',
    ]);
  });

  it('have one name for how they are cut', () => {
    expect(CHUNKER).toBe('structure@1');
  });

  it.each([
    { targetTokens: 0 },
    { targetTokens: 10, maxTokens: 9 },
    { targetTokens: 1.5 },
    { maxTokens: Number.NaN },
    { overlapTokens: -1 },
  ])('of sizes %j are refused', async (options) => {
    const document = await parseAs('x.txt', 'a');
    await expect(chunkDocument(document, options)).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('beyond the number that the formats allow are refused', async () => {
    const document = await parseAs('x.txt', 'a bbb '.repeat(600_000));
    const options = { targetTokens: 1, maxTokens: 1 };
    await expect(chunkDocument(document, options)).rejects.toMatchObject({
      code: 'SOURCE_TOO_LARGE',
    });
  });

  it('stop when they are told to', async () => {
    const document = await parseAs('x.txt', 'some words here. '.repeat(100_000));
    const controller = new AbortController();
    const chunking = chunkDocument(document, { signal: controller.signal });
    controller.abort();
    await expect(chunking).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describe('chunks of any document', () => {
  const line = fc.oneof(
    fc.constantFrom(
      '# Head',
      '## Sub',
      '',
      '',
      '- item one',
      '  - sub',
      '| a | b |',
      '|---|---|',
      '```',
      '> q',
    ),
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.lorem({ maxCount: 3, mode: 'sentences' }),
    fc.constantFrom(
      '这是一个句子。'.repeat(9),
      'x'.repeat(200),
      'Dr. A. B. c.',
      '{"a": [1, 2]}',
      'é\u0301\u0323'.repeat(30),
    ),
  );

  it('cover all that is visible, in order, within the limits', async () => {
    const sizes = fc
      .record({ target: fc.integer({ min: 1, max: 60 }), more: fc.integer({ min: 0, max: 60 }) })
      .map(({ target, more }) => ({ targetTokens: target, maxTokens: target + more }));
    const options = fc
      .tuple(sizes, fc.nat({ max: 30 }), fc.boolean())
      .map(([size, overlapTokens, byWords]) => ({
        ...size,
        overlapTokens,
        ...(byWords ? { counter: words } : {}),
      }));
    const name = fc.constantFrom('x.md', 'x.txt', 'x.html');
    const content = fc.array(line, { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(content, options, name, async (lines, chosen, uri) => {
        await chunksOf(`x ${lines.join('\n')}`, chosen, uri);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['words', 'word '],
    ['one word', 'x'],
    ['sentences', 'Sentence one is here. '],
    ['sentences without spaces', '这是一个句子。'],
    ['abbreviations', 'Dr. '],
    ['emoji', '😀'],
    ['spaces', `x${' '.repeat(2000)}`],
  ])('of one line of a million units of %s are cut in linear time', async (_, unit) => {
    const document = await parseAs('x.txt', unit.repeat(1_000_000 / unit.length));
    const chunks = await chunkDocument(document);
    expectChunks(document, chunks);
    expect(chunks.length).toBeGreaterThan(100);
  });
});
