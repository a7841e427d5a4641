// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { SearchMode } from '../../src/index/index.ts';
import type { AuditEvent } from '../../src/core/index.ts';
import type { SearchResult } from '../../src/retrieve/index.ts';
import { expectRefusal, expectRejection } from '../support/tampering.ts';
import {
  caller,
  finds,
  OFFICE_ACCESS,
  search,
  VaultWorld,
  worldTemplate,
} from '../support/vault-world.ts';
import { retrieverOver } from './retrieval-world.ts';

const template = worldTemplate();
const MODES: readonly SearchMode[] = ['hybrid', 'vector', 'bm25'];

describe('a search', () => {
  it('finds what the caller may read, in every mode, and nothing else', async () => {
    const vault = await (await template()).open();
    const query = 'office leave salary merger';
    for (const mode of MODES) {
      const found = async (id: string): Promise<string[]> => {
        const { passages } = await vault.search({ caller: caller(id), query, mode });
        return [...new Set(passages.map(({ source }) => source.uri))].sort();
      };
      // Words alone find documents with one of the words; vectors rank every row.
      const news =
        mode === 'bm25' ? ['news/opening-hours.md'] : ['news/canteen.md', 'news/opening-hours.md'];
      expect(await found('ada')).toEqual([
        'board/merger.md',
        ...news,
        'people/salaries.md',
        'staff/leave.md',
      ]);
      expect(await found('chloe')).toEqual([...news, 'people/salaries.md', 'staff/leave.md']);
      expect(await found('ben')).toEqual([...news, 'staff/leave.md']);
      expect(await found('dan')).toEqual(news);
    }
  });

  it('gives an unknown caller, one without documents and one without a match the same answer', async () => {
    const { people, rules } = OFFICE_ACCESS;
    const access = {
      ...OFFICE_ACCESS,
      people: { ...people, eve: { actions: ['read'] }, finn: { actions: [] } },
      rules: [{ path: 'news/**', allow: ['staff'] }, ...rules.slice(1)],
    };
    const world = await VaultWorld.ingested({ access });
    const vault = await world.open();
    for (const mode of MODES) {
      const ask = (id: string): Promise<SearchResult> =>
        vault.search({ caller: caller(id), query: 'xylophone', mode });
      const unknown = await ask('nobody');
      expect(unknown).toMatchObject({ passages: [], explanation: { scores: [] } });
      // Byte for byte: eve may read no class, finn may read nothing at all.
      expect(JSON.stringify(await ask('eve'))).toBe(JSON.stringify(unknown));
      expect(JSON.stringify(await ask('finn'))).toBe(JSON.stringify(unknown));
      // By vectors something is always nearest.
      if (mode === 'bm25') expect((await ask('ben')).passages).toEqual(unknown.passages);
    }
  });

  it('refuses a k outside 1..1000, an unknown mode, and a query that is empty, too long or not Unicode', async () => {
    const vault = await (await template()).open();
    const ask = (query: string, k?: number): Promise<unknown> =>
      vault.search({ caller: caller('ben'), query, ...(k !== undefined && { k }) });
    for (const k of [0, -1, 1.5, 1001, NaN, Infinity])
      await expectRejection(ask('bell', k), 'USAGE');
    for (const query of ['', ' \n\t', 'x'.repeat(8193), 'a\ud800']) {
      await expectRejection(ask(query), 'USAGE');
    }
    const mode = 'magic' as SearchMode;
    await expectRejection(vault.search({ caller: caller('ben'), query: 'bell', mode }), 'USAGE');
    await ask('x'.repeat(8192), 1000);
    await ask('bell', 1);
  });

  it('INV-SEARCH-ATLEAST: refuses to answer from a head older than the one that was acknowledged', async () => {
    const world = await template();
    const vault = await world.open();
    const { size } = vault.session.ledger.head;
    const ask = (atLeast: number): Promise<unknown> =>
      vault.search({ caller: caller('ben'), query: 'bell', atLeast });
    await ask(size);
    await expectRejection(ask(size + 1), 'HEAD_STALE');
  });

  it('sees what another process has acknowledged', async () => {
    const world = await template();
    const reader = await world.open();
    expect(await finds(reader, 'ben', 'xylophone', 1)).not.toEqual(['news/music.md']);
    await world.write('news/music.md', '# Music\n\nThe xylophone stands in the hall.\n');
    const { logSize } = await world.ingest();
    const query = { caller: caller('ben'), query: 'xylophone', k: 1, atLeast: logSize };
    const { passages } = await reader.search(query);
    expect(passages.map(({ source }) => source.uri)).toEqual(['news/music.md']);
  });

  it('ends with ABORTED when its signal fires, before or during embedding', async () => {
    const world = await template();
    const vault = await world.open();
    const ask = { caller: caller('ben'), query: 'bell' };
    await expectRejection(vault.search({ ...ask, signal: AbortSignal.abort() }), 'ABORTED');
    const stop = new AbortController();
    const { embedder } = vault.session;
    const retriever = await retrieverOver(vault, {
      embedder: {
        ...embedder,
        embedQuery: (text) => {
          stop.abort();
          return embedder.embedQuery(text);
        },
      },
    });
    await expectRejection(retriever.search({ ...ask, signal: stop.signal }), 'ABORTED');
  });

  it('leaves a record of who was served and how he was known, without names', async () => {
    const vault = await (await template()).open();
    const events: AuditEvent[] = [];
    const audit = { record: (event: AuditEvent) => void events.push(event) };
    const retriever = await retrieverOver(vault, { audit });
    await retriever.search({ caller: caller('ben'), query: 'brass bell', k: 2 });
    await retriever.search({ caller: { id: 'ben', identity: 'token' }, query: 'brass bell', k: 1 });
    expect(events).toMatchObject([
      { event: 'search', outcome: 'ok', identity: 'impersonated', details: { passages: 2 } },
      { event: 'search', outcome: 'ok', identity: 'token', details: { passages: 1 } },
    ]);
    expect(events[0]?.actor).toBe(events[1]?.actor);
    expect(JSON.stringify(events)).not.toMatch(/ben|bell/);
  });

  it('INV-DECISION-SETTLED: refuses to decide while people and policy are behind the log', async () => {
    const vault = await (await template()).open();
    const ask = { caller: caller('ben'), query: 'bell' };
    const { passages } = await (await vault.session.retriever()).resolved(ask);
    const behind = await retrieverOver(vault, { isSettled: () => false });
    expectRefusal(() => behind.stillAllowed(ask, passages), 'HEAD_STALE');
    const settled = await retrieverOver(vault);
    expect(settled.stillAllowed(ask, passages)).toEqual(passages);
  });
});

describe('a vault without documents', () => {
  it('answers with nothing', async () => {
    const world = await VaultWorld.founded();
    const { passages } = await search(await world.open(), 'ada', 'anything');
    expect(passages).toEqual([]);
  });
});
