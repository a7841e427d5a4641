// SPDX-License-Identifier: Apache-2.0
// What a citation says, compared with the bytes of the source file.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromUtf8, utf8 } from '../../src/core/index.ts';
import { loaderFor } from '../../src/ingest/parse/index.ts';
import type { Citation } from '../../src/retrieve/index.ts';
import { caller, VaultWorld, worldTemplate } from '../support/vault-world.ts';

const PARAGRAPHS = (word: string): string =>
  Array.from(
    { length: 12 },
    (_, n) => `${word} ${n} is turned every ${n + 2} days by the keeper.`,
  ).join('\n\n');

const FILES: Readonly<Record<string, string>> = {
  'handbook.md':
    `---\ntitle: Keeper’s handbook\n---\n\n# Lamps\n\n${PARAGRAPHS('The lamp')}\n\n` +
    `## Lenses\n\n${PARAGRAPHS('The lens')}\n`,
  'windows.md': '# Füße\r\n\r\nThe valve of the cafe\u0301 is oiled\r\non the first of May.\r\n',
  'garden.html':
    '<!doctype html><title>Garden</title><h1>Hedges</h1><p>The hedge is cut in <b>August</b>.</p>' +
    '<h2>Roses</h2><p>The roses are covered in November.</p>',
  'list.jsonl':
    '{"pump":"The pump is greased in March."}\n{"pump":"The pump is painted in June."}\n',
};
const ACCESS = {
  v: 1,
  default: 'owner',
  owner: 'ada',
  people: { ada: { actions: 'all' } },
};

const template = worldTemplate((folder) =>
  VaultWorld.ingested({ files: FILES, access: ACCESS }, folder),
);

async function citationsFor(query: string, budget = 20_000): Promise<readonly Citation[]> {
  const vault = await (await template()).open();
  const request = { caller: caller('ada'), query, k: 100, mode: 'bm25' as const, budget };
  return (await vault.context(request)).citations;
}

/** The document's whole text, as it is sealed. */
async function wholeText(uri: string): Promise<Uint8Array> {
  const bytes = utf8(FILES[uri] ?? '');
  const loader = loaderFor({ uri, bytes });
  if (loader === null) throw new Error('the test has no loader');
  return utf8((await loader.parse({ uri, bytes }, {})).text);
}

const plain = (text: string): string =>
  text
    .replace(/<[^>]*>/g, ' ')
    .normalize('NFC')
    .replace(/\s+/g, ' ')
    .trim();

describe('a citation', () => {
  it('names path, version and headings of exactly the text that it quotes', async () => {
    const citations = await citationsFor('lamp lens');
    const sections = citations.map(({ headings }) => headings.join(' > '));
    expect(new Set(sections)).toEqual(new Set(['Lamps', 'Lamps > Lenses']));
    for (const { text, headings, source, version, n } of citations) {
      expect(source).toEqual({
        uri: 'handbook.md',
        title: 'Keeper’s handbook',
        mediaType: 'text/markdown',
      });
      expect(version).toBe(1);
      const [own, other] =
        headings.length === 1 ? ['The lamp', 'The lens'] : ['The lens', 'The lamp'];
      expect([text.includes(own), text.includes(other), n >= 1]).toEqual([true, false, true]);
    }
    // Neighbours were joined: one quotation a section.
    expect(citations).toHaveLength(2);
  });

  it.each([
    ['handbook.md', 'lamp lens'],
    ['windows.md', 'valve'],
    ['garden.html', 'hedge roses'],
    ['list.jsonl', 'pump'],
  ])(
    'of %s gives byte ranges that hold the text, in the document and in the file',
    async (uri, query) => {
      const citations = await citationsFor(query);
      const [whole, source] = [await wholeText(uri), utf8(FILES[uri] ?? '')];
      expect(citations.length).toBeGreaterThan(0);
      for (const { text, range, sourceRange, source: cited } of citations) {
        expect(cited.uri).toBe(uri);
        expect(fromUtf8(whole.subarray(range.start, range.end))).toBe(text);
        expect(sourceRange).not.toBeNull();
        const { start, end } = sourceRange ?? { start: 0, end: 0 };
        const original = plain(fromUtf8(source.subarray(start, end)));
        const words = plain(text).match(/\p{L}+/gu) ?? [];
        for (const word of words) expect(original).toContain(word);
      }
    },
  );

  it('counts as the context counts: the numbers in the text are those of the list', async () => {
    const vault = await (await template()).open();
    const request = { caller: caller('ada'), query: 'lamp hedge pump valve', k: 100 };
    const { text, citations } = await vault.context(request);
    const opened = [
      ...text.matchAll(/^\[passage (\d+) [a-z2-7]{20} source="([^"]*)" version="(\d+)"/gm),
    ];
    expect(opened.map(([, n, uri, version]) => [Number(n), uri, Number(version)])).toEqual(
      citations.map(({ n, source, version }) => [n, source.uri, version]),
    );
    expect(citations.map(({ n }) => n)).toEqual(citations.map((_, i) => i + 1));
  });

  it('follows a new version of the document', async () => {
    const world = await template();
    await world.write('windows.md', 'In between.\n\nThe valve is oiled in winter only.\n');
    await world.ingest();
    const vault = await world.open();
    const request = { caller: caller('ada'), query: 'valve', k: 1, mode: 'bm25' as const };
    const { citations } = await vault.context(request);
    const file = new Uint8Array(await readFile(path.join(world.documents, 'windows.md')));
    expect(citations).toMatchObject([{ version: 2, source: { uri: 'windows.md' } }]);
    const { start, end } = citations[0]?.sourceRange ?? { start: 0, end: 0 };
    expect(fromUtf8(file.subarray(start, end))).toContain('oiled in winter');
  });
});
