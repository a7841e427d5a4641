// SPDX-License-Identifier: Apache-2.0
// Documents through their life: new, unchanged, changed, gone, back again.
import { rename } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openVault } from '../../src/vault/index.ts';
import { expectRejection } from '../support/tampering.ts';
import {
  finds,
  OFFICE,
  OFFICE_ACCESS,
  search,
  VaultWorld,
  worldTemplate,
} from '../support/vault-world.ts';

const LEAVE = 'staff/leave.md';
const world = worldTemplate();

describe('ingesting', () => {
  it('reports what was done, acknowledges it, and lets it be found at once', async () => {
    const at = await VaultWorld.founded();
    for (const [name, content] of Object.entries(OFFICE)) await at.write(name, content);
    const vault = await at.open();
    const report = await vault.ingest([at.documents], { access: at.access });
    expect(report).toMatchObject({
      files: 5,
      added: 5,
      updated: 0,
      unchanged: 0,
      deleted: 0,
      failures: [],
    });
    expect(report.chunks).toBe(at.embedder.passages);
    const { passages } = await vault.search({
      caller: { id: 'ada', identity: 'impersonated' },
      query: 'merger with Bluebird',
      atLeast: report.logSize,
    });
    expect(passages[0]).toMatchObject({ version: 1, source: { uri: 'board/merger.md' } });
  });

  it('skips unchanged files: nothing is embedded, signed or written', async () => {
    const at = await world();
    const before = await at.use((vault) => Promise.resolve(vault.session.ledger.head.size));
    expect(await at.ingest()).toMatchObject({ added: 0, updated: 0, unchanged: 5, signatures: 0 });
    expect(at.embedder.passages).toBe(0);
    expect(await at.use((vault) => Promise.resolve(vault.session.ledger.head.size))).toBe(before);
  });

  it('makes a changed file the next version, and the former one is found no more', async () => {
    const at = await world();
    await at.write(LEAVE, '# Leave\n\nEverybody may take thirty-five days of vacation.\n');
    expect(await at.ingest()).toMatchObject({ added: 0, updated: 1, unchanged: 4 });
    const vault = await at.open();
    expect(await vault.describe(LEAVE)).toMatchObject({ status: 'live', version: 2 });
    const { passages } = await search(
      vault,
      'ben',
      'how many days of leave or vacation, doctor, sickness',
    );
    const own = passages.filter(({ source }) => source.uri === LEAVE);
    expect(own.map(({ version }) => version)).toEqual([2]);
    expect(own[0]?.text).toContain('thirty-five');
    expect(passages.some(({ text }) => text.includes('doctor'))).toBe(false);
  });

  it('counts versions on when a file changes back', async () => {
    const at = await world();
    await at.write(LEAVE, '# Leave\n\nNo leave.\n');
    await at.ingest();
    await at.write(LEAVE, OFFICE[LEAVE] ?? '');
    await at.ingest();
    const described = await at.use((vault) => vault.describe(LEAVE));
    expect(described.version).toBe(3);
  });

  it('rehearses without a lock, a signature or a byte written', async () => {
    const at = await world();
    await at.write(LEAVE, '# Leave\n\nNo leave.\n');
    await at.write('news/new.md', '# New\n\nA new thing.\n');
    const vault = await at.open();
    const size = vault.session.ledger.head.size;
    const options = { access: at.access, dryRun: true };
    expect(await vault.ingest([at.documents], options)).toMatchObject({
      added: 1,
      updated: 1,
      unchanged: 4,
    });
    expect(vault.session.ledger.head.size).toBe(size);
    expect((await vault.describe(LEAVE)).version).toBe(1);
  });

  it('reports a file that cannot be read and goes on with the rest', async () => {
    const at = await world();
    await at.write('news/broken.json', '{"a": ');
    await at.write('news/good.md', '# Good\n\nThe lift works again.\n');
    const report = await at.ingest();
    expect(report).toMatchObject({ added: 1, unchanged: 5 });
    expect(report.failures.map(({ uri }) => uri)).toEqual(['news/broken.json']);
    expect(await at.finds('dan', 'lift works')).toContain('news/good.md');
  });

  it('refuses a source that is not there', async () => {
    const at = await world();
    const vault = await at.open();
    const { access } = at;
    await expectRejection(
      vault.ingest([path.join(at.folder, 'absent')], { access }),
      'SOURCE_MISSING',
    );
  });

  it('refuses one id declared twice, and goes on', async () => {
    const at = await world();
    await at.write('news/a/same.md', '# A\n\nOne of two.\n');
    await at.write('news/b/same.md', '# B\n\nTwo of two.\n');
    const vault = await at.open();
    const sources = ['a', 'b'].map((part) => path.join(at.documents, 'news', part));
    const access = at.setAccess({
      ...OFFICE_ACCESS,
      rules: [{ path: '**', allow: ['everyone'] }],
    });
    const report = await vault.ingest(sources, { access });
    expect(report.failures.map(({ code }) => code)).toContain('SOURCE_DUPLICATE');
    expect(report.added).toBeLessThan(2);
  });

  it('leaves a file undecided whose readers nobody names', async () => {
    const at = await world();
    await at.write('other/plan.md', '# Plan\n\nA plan for nobody.\n');
    expect((await at.ingest()).undecided).toEqual(['other/plan.md']);
    expect(await at.finds('ada', 'plan for nobody')).not.toContain('other/plan.md');
  });

  it('stops when it is told to, and keeps what was acknowledged', async () => {
    const at = await world();
    await at.write('news/new.md', '# New\n\nA new thing.\n');
    const vault = await at.open();
    const signal = AbortSignal.abort();
    await expectRejection(vault.ingest([at.documents], { access: at.access, signal }), 'ABORTED');
    expect(await finds(vault, 'dan', 'brass bell')).toContain('news/opening-hours.md');
  });
});

// Pruning looks at the folder that a document came from, which copies of a world do not share.
describe('files that are gone', () => {
  it('stay until they are pruned, and then get a tombstone', async () => {
    const at = await VaultWorld.ingested();
    await at.remove(LEAVE);
    expect(await at.ingest()).toMatchObject({ unchanged: 4, deleted: 0 });
    expect(await at.finds('ben', 'sick leave')).toContain(LEAVE);
    expect(await at.ingest({ prune: true })).toMatchObject({ unchanged: 4, deleted: 1 });
    expect(await at.finds('ben', 'sick leave')).not.toContain(LEAVE);
    expect(await at.use((vault) => vault.describe(LEAVE))).toMatchObject({
      status: 'tombstone',
      content: null,
    });
  });

  it('are not pruned when they came from another folder', async () => {
    const at = await VaultWorld.ingested();
    const other = path.join(at.folder, 'elsewhere', 'news');
    await at.write('../elsewhere/news/guest.md', '# Guest\n\nA guest of the news.\n');
    await at.use((vault) => vault.ingest([path.dirname(other)], { access: at.access }));
    expect(await at.ingest({ prune: true })).toMatchObject({ unchanged: 5, deleted: 0 });
    expect(await at.finds('dan', 'guest')).toContain('news/guest.md');
  });

  it('come back as the next version, with the permissions of their rule', async () => {
    const at = await VaultWorld.ingested();
    const file = path.join(at.documents, LEAVE);
    await rename(file, path.join(at.folder, 'aside.md'));
    await at.ingest({ prune: true });
    await rename(path.join(at.folder, 'aside.md'), file);
    await at.ingest();
    expect(await at.use((vault) => vault.describe(LEAVE))).toMatchObject({
      status: 'live',
      version: 2,
    });
    expect(await at.finds('ben', 'sick leave')).toContain(LEAVE);
    expect(await at.finds('dan', 'sick leave')).not.toContain(LEAVE);
  });
});

describe('deleting', () => {
  it('hides a document from everybody, now and after a start without caches', async () => {
    const at = await world();
    const vault = await at.open();
    expect(await vault.delete([LEAVE, LEAVE])).toBe(1);
    expect(await finds(vault, 'ben', 'sick leave')).not.toContain(LEAVE);
    await expectRejection(vault.delete([LEAVE]), 'NOT_FOUND');
    await expectRejection(vault.delete(['news/absent.md']), 'NOT_FOUND');
    vault.close();
    expect(await at.finds('ben', 'sick leave')).not.toContain(LEAVE);
    expect((await at.use((again) => again.verifyAll())).documents).toBe(4);
  });

  it('deletes nothing when one of the names is unknown', async () => {
    const at = await world();
    const vault = await at.open();
    await expectRejection(vault.delete([LEAVE, 'news/absent.md']), 'NOT_FOUND');
    expect(await finds(vault, 'ben', 'sick leave')).toContain(LEAVE);
  });
});

describe('tenants and namespaces', () => {
  it('are kept apart: one path in two namespaces is two documents', async () => {
    const at = await VaultWorld.founded({ tenantId: 'acme', access: OFFICE_ACCESS });
    await at.write('news/a.md', '# A\n\nThe heron stands in the pond.\n');
    await at.ingest();
    await at.ingest({ namespace: 'wiki' });
    const vault = await openVault({ ...at.place, embedder: at.embedder });
    const [files, wiki] = [
      await vault.describe('news/a.md'),
      await vault.describe('news/a.md', 'wiki'),
    ];
    vault.close();
    expect(files.docId).not.toBe(wiki.docId);
    expect([files.namespace, wiki.namespace]).toEqual(['files', 'wiki']);
  });
});
