// SPDX-License-Identifier: Apache-2.0
// Phrases, filters, rerankers and diversity: they reorder and take away, and never add.
import { describe, expect, it } from 'vitest';
import type { Reranker, SearchRequest, SearchResult } from '../../src/retrieve/index.ts';
import { phrasesOf, selectionOf } from '../../src/retrieve/selection.ts';
import { fc } from '../support/property.ts';
import { expectRefusal, expectRejection } from '../support/tampering.ts';
import { caller, OFFICE_ACCESS, VaultWorld, worldTemplate } from '../support/vault-world.ts';

const template = worldTemplate();
const QUERY = 'office leave salary merger canteen';

const uris = ({ passages }: SearchResult): string[] => passages.map(({ source }) => source.uri);

/** A search of a person in the office. */
async function asked(id: string, request: Partial<SearchRequest>): Promise<SearchResult> {
  const vault = await (await template()).open();
  return vault.search({ caller: caller(id), query: QUERY, ...request });
}

/** Scores by the length of a text, and remembers what it saw. */
function byLength(): Reranker & { readonly seen: string[] } {
  const seen: string[] = [];
  return {
    id: 'length',
    seen,
    rerank: (_, texts) => {
      seen.push(...texts);
      return Promise.resolve(texts.map((text) => text.length));
    },
  };
}

describe('a filter', () => {
  it('selects by the path, type and id of documents', async () => {
    const all = await asked('ada', {});
    expect(new Set(uris(all)).size).toBe(5);
    const some = await asked('ada', { filter: { paths: ['news/**', 'board/*.md'] } });
    expect([...new Set(uris(some))].sort()).toEqual([
      'board/merger.md',
      'news/canteen.md',
      'news/opening-hours.md',
    ]);
    const docIds = [all.passages[0]?.docId ?? ''];
    expect(
      new Set((await asked('ada', { filter: { docIds } })).passages.map((p) => p.docId)),
    ).toEqual(new Set(docIds));
    expect(uris(await asked('ada', { filter: { mediaTypes: ['text/markdown'] } }))).toEqual(
      uris(all),
    );
    expect(uris(await asked('ada', { filter: { mediaTypes: ['application/pdf'] } }))).toEqual([]);
    expect(uris(await asked('ada', { filter: { paths: [] } }))).toEqual([]);
  });

  it('never widens what a caller may read', async () => {
    const secret = (await asked('ada', { filter: { paths: ['board/**'] } })).passages[0];
    for (const id of ['ben', 'dan', 'nobody']) {
      const all = uris(await asked(id, {}));
      for (const filter of [
        { paths: ['**'] },
        { paths: ['board/**', 'news/**'] },
        { docIds: [secret?.docId ?? ''] },
      ]) {
        const found = uris(await asked(id, { filter }));
        expect(found.filter((uri) => !all.includes(uri))).toEqual([]);
        expect(found).not.toContain('board/merger.md');
      }
    }
  });

  it('keeps the order of the whole search', async () => {
    const all = uris(await asked('ada', { k: 50 }));
    const paths = ['staff/**', 'news/**'];
    const some = uris(await asked('ada', { k: 50, filter: { paths } }));
    expect(some).toEqual(all.filter((uri) => /^(?:staff|news)\//.test(uri)));
  });

  it('goes by what was verified and not by what the index claims', () => {
    const selection = selectionOf('x', { paths: ['public/**'] });
    expect(selection.mayMatch({ docId: 'd', sourceUri: 'public/a.md' })).toBe(true);
    const source = { uri: 'secret/a.md', title: null, mediaType: null };
    const passage = { docId: 'd', source, headings: [], text: 'x' };
    expect(selection.matches(passage as unknown as Parameters<typeof selection.matches>[0])).toBe(
      false,
    );
  });

  it.each([
    [{ paths: Array(101).fill('a') as string[] }],
    [{ paths: ['a'.repeat(1025)] }],
    [{ docIds: [1] as unknown as string[] }],
  ])('with too much in it is refused', (filter) => {
    expectRefusal(() => selectionOf('x', filter), 'USAGE');
  });
});

describe('a quoted phrase', () => {
  it('is found word for word, over line ends and cases', async () => {
    expect(uris(await asked('ada', { query: '"Days of  LEAVE"' }))).toEqual(['staff/leave.md']);
    expect(uris(await asked('ada', { query: 'office “thirty days”' }))).toEqual(['staff/leave.md']);
    expect(uris(await asked('ada', { query: '"leave of days"' }))).toEqual([]);
    expect(uris(await asked('dan', { query: '"days of leave"' }))).toEqual([]);
  });

  it('is a phrase of whole words', () => {
    const matches = (query: string, text: string): boolean => {
      const source = { uri: 'a', title: null, mediaType: null };
      const passage = { docId: 'd', source, headings: [], text };
      const selection = selectionOf(query);
      return selection.matches(passage as unknown as Parameters<typeof selection.matches>[0]);
    };
    expect(matches('"key"', 'a monkey')).toBe(false);
    expect(matches('"key"', 'a monkey has a key.')).toBe(true);
    expect(matches('"s3:Get"', 's3:GetObject')).toBe(false);
    expect(matches('"s3:GetObject"', 'allow s3:GetObject')).toBe(true);
    expect(matches('"-v"', 'run -v')).toBe(true);
    expect(matches('«été»', 'un e\u0301te\u0301 chaud')).toBe(true);
  });

  it('is read from any query', () => {
    expect(phrasesOf('a "b c" d “e” "" " "')).toEqual(['b c', 'e']);
    expect(phrasesOf('no "end')).toEqual([]);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (query) => {
        expect(phrasesOf(query).length).toBeLessThanOrEqual(16);
      }),
    );
  });
});

describe('a reranker', () => {
  it('decides on the order, and sees what the caller may read and no more', async () => {
    const reranker = byLength();
    const { passages, explanation } = await asked('dan', { k: 1, reranker });
    const lengths = reranker.seen.map((text) => text.length);
    expect(passages.map(({ text }) => text.length)).toEqual([Math.max(...lengths)]);
    expect(explanation.scores).toEqual([Math.max(...lengths)]);
    expect(reranker.seen.length).toBeGreaterThan(1);
    expect(reranker.seen.join()).not.toMatch(/salary|thirty days|Bluebird/);
  });

  it.each([
    ['too few scores', () => Promise.resolve([])],
    [
      'a score that is none',
      (_: string, texts: readonly string[]) => Promise.resolve(texts.map(() => Number.NaN)),
    ],
    ['an error', () => Promise.reject(new Error('quotes "thirty days of leave"'))],
  ])('that gives %s ends the search', async (_, rerank) => {
    const error = await asked('ada', { reranker: { id: 'broken', rerank } }).catch(
      (e: unknown) => e,
    );
    expect(error).toMatchObject({ code: 'RERANKER_FAILED' });
    expect(JSON.stringify([(error as Error).message, error])).not.toContain('thirty');
  });
});

describe('diversity', () => {
  it('puts near-duplicates behind what is new', async () => {
    const text = 'The vault door opens at nine and closes at five every working day of the week';
    const world = await VaultWorld.ingested({
      files: {
        'news/a.md': `# A\n\n${text} door vault.`,
        'news/b.md': `# B\n\n${text} vault door.`,
        'news/c.md': '# C\n\nA vault door is heavy: it takes two people to move it by hand.',
      },
      access: OFFICE_ACCESS,
    });
    const vault = await world.open();
    const ask = async (diversity?: number): Promise<string[]> =>
      uris(
        await vault.search({
          caller: caller('ada'),
          query: 'vault door opens',
          k: 3,
          ...(diversity !== undefined && { diversity }),
        }),
      );
    const plain = await ask();
    expect(plain.indexOf('news/c.md')).toBe(2);
    expect(await ask(0)).toEqual(plain);
    const mixed = await ask(0.7);
    expect(mixed[0]).toBe(plain[0]);
    expect(mixed[1]).toBe('news/c.md');
    expect([...mixed].sort()).toEqual([...plain].sort());
  });

  it.each([-0.1, 1.1, Number.NaN])('of %d is refused', async (diversity) => {
    await expectRejection(asked('ada', { diversity }), 'USAGE');
  });
});
