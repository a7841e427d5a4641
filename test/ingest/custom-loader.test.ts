// SPDX-License-Identifier: Apache-2.0
// Loaders of one's own: what they give is screened, cut, sealed and signed like everything else.
import { describe, expect, it } from 'vitest';
import type { CustomLoader, LoadedDocument } from '../../src/ingest/index.ts';
import { expectRejection } from '../support/tampering.ts';
import { VaultWorld } from '../support/vault-world.ts';

const ACCESS = { v: 1, default: 'owner', owner: 'ada', people: { ada: { actions: 'all' } } };

/** A wiki of lines: `= heading`, all else a paragraph. */
const wiki: CustomLoader = {
  id: 'test-wiki@1',
  matches: (name) => name === 'wiki',
  load({ bytes }): Promise<LoadedDocument> {
    const lines = new TextDecoder().decode(bytes).split('\n');
    const blocks = lines.map((line) =>
      line.startsWith('= ') ? { text: line.slice(2), level: 1 } : { text: line },
    );
    return Promise.resolve({ mediaType: 'text/x-wiki', blocks });
  },
};

const founded = (files: Readonly<Record<string, string>>): Promise<VaultWorld> =>
  VaultWorld.founded({ access: ACCESS }).then(async (world) => {
    for (const [name, text] of Object.entries(files)) await world.write(name, text);
    return world;
  });

describe("a loader of one's own", () => {
  it('reads what no other does, and its name is signed', async () => {
    const world = await founded({
      'a.wiki': '= Walrus\nThe walrus sings.',
      'b.md': '# B\n\nText.',
    });
    expect(await world.ingest()).toMatchObject({ added: 1, skipped: { unsupported: 1 } });
    expect(await world.ingest({ loaders: [wiki] })).toMatchObject({ added: 1, unchanged: 1 });
    const described = await world.use((vault) => vault.describe('a.wiki'));
    expect(described.content).toMatchObject({
      title: 'Walrus',
      parser: 'test-wiki@1',
      mediaType: 'text/x-wiki',
    });
    expect(await world.finds('ada', 'what does the walrus sing')).toContain('a.wiki');
    expect(await world.ingest({ loaders: [wiki] })).toMatchObject({ unchanged: 2 });
    const newer = { ...wiki, id: 'test-wiki@2' };
    expect(await world.ingest({ loaders: [newer] })).toMatchObject({ unchanged: 1, updated: 1 });
  });

  it('is asked before the built-in ones', async () => {
    const world = await founded({ 'a.md': '= Walrus\nThe walrus sings.' });
    await world.ingest({ loaders: [{ ...wiki, matches: (name) => name === 'md' }] });
    const described = await world.use((vault) => vault.describe('a.md'));
    expect(described.content?.parser).toBe('test-wiki@1');
  });

  it('does not get round the screening of hidden text', async () => {
    const world = await founded({ 'a.wiki': 'The wal\u200brus sings.' });
    expect(await world.ingest({ loaders: [wiki] })).toMatchObject({ flagged: 1 });
  });

  it.each<[string, () => unknown]>([
    ['throws', () => Promise.reject(new Error('secret-word'))],
    [
      'throws at once',
      () => {
        throw new Error('secret-word');
      },
    ],
    ['gives a level that is none', () => ({ mediaType: 'a/b', blocks: [{ text: 'x', level: 9 }] })],
    ['gives no text', () => ({ mediaType: 'a/b', blocks: [{ text: 5 }] })],
    ['gives a media type that is none', () => ({ mediaType: 'a b\n', blocks: [{ text: 'x' }] })],
    ['gives nothing at all', () => undefined],
  ])('that %s is reported, and the run goes on', async (_, load) => {
    const world = await founded({ 'a.wiki': 'x', 'b.md': '# B\n\nText.' });
    const bad = { ...wiki, load: load as CustomLoader['load'] };
    const report = await world.ingest({ loaders: [bad] });
    expect(report).toMatchObject({ added: 1 });
    expect(report.failures.map(({ uri, code }) => [uri, code])).toEqual([
      ['a.wiki', 'SOURCE_MALFORMED'],
    ]);
    expect(JSON.stringify(report)).not.toContain('secret-word');
  });

  it('must have a name of its own', async () => {
    const world = await founded({});
    await expectRejection(world.ingest({ loaders: [{ ...wiki, id: 'wiki' }] }), 'USAGE');
    await expectRejection(world.ingest({ loaders: [wiki, wiki] }), 'USAGE');
  });
});
