// SPDX-License-Identifier: Apache-2.0
// One run after another: what is unchanged, updated, rebound, pruned, rehearsed; and what the report says of it.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { IngestProgress } from '../../src/ingest/index.ts';
import { expectRejection } from '../support/tampering.ts';
import { OFFICE, OFFICE_ACCESS, type VaultWorld, worldTemplate } from '../support/vault-world.ts';

const template = worldTemplate();
const DOCUMENTS = Object.keys(OFFICE).length;

/** Every stored file with a digest of its bytes. */
async function fingerprint(world: VaultWorld): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const file of await world.storedFiles()) {
    const bytes = await readFile(path.join(world.folder, file));
    found[file] = createHash('sha256').update(bytes).digest('hex');
  }
  return found;
}

/** Runs SQL on the journal that lies in the vault, as somebody who can write there may. */
function editJournal(world: VaultWorld, sql: string): void {
  const db = new DatabaseSync(path.join(world.vault, 'journal.sqlite'));
  db.exec(sql);
  db.close();
}

describe('files that did not change', () => {
  it('are recognised: nothing is embedded, nothing signed', async () => {
    const world = await template();
    const before = await world.use((vault) => Promise.resolve(vault.session.ledger.head.size));
    const report = await world.ingest();
    expect(report).toMatchObject({ files: DOCUMENTS, unchanged: DOCUMENTS, added: 0, updated: 0 });
    expect([world.embedder.passages, report.signatures, report.logSize]).toEqual([0, 0, before]);
  });

  it('are told from changed ones, which become new versions', async () => {
    const world = await template();
    await world.write('news/canteen.md', '# Canteen\n\nThe canteen is closed.\n');
    const report = await world.ingest();
    expect(report).toMatchObject({ unchanged: DOCUMENTS - 1, updated: 1, added: 0, chunks: 1 });
    const { version } = await world.use((vault) => vault.describe('news/canteen.md'));
    expect(version).toBe(2);
  });

  it('are ingested again when the journal is lost, edited, or that of another document', async () => {
    for (const sql of [
      'DELETE FROM source',
      "UPDATE source SET tag = zeroblob(32), root = 'x'",
      'UPDATE source SET tag = (SELECT tag FROM source AS other WHERE other.docId > source.docId OR true LIMIT 1)',
    ]) {
      const world = await template();
      editJournal(world, sql);
      const report = await world.ingest({ prune: true });
      expect(report.failures).toEqual([]);
      expect(report.updated).toBeGreaterThanOrEqual(DOCUMENTS - 1);
      expect(report.updated + report.unchanged).toBe(DOCUMENTS);
      expect(report.deleted).toBe(0);
      const { failures, documents } = await world.use((vault) => vault.verifyAll());
      expect([failures, documents]).toEqual([[], DOCUMENTS]);
    }
  });

  it('are not taken for current by an older journal', async () => {
    const world = await template();
    const journal = path.join(world.vault, 'journal.sqlite');
    editJournal(world, 'PRAGMA wal_checkpoint(TRUNCATE)');
    const older = await readFile(journal);
    const text = OFFICE['news/canteen.md'] ?? '';
    await world.write('news/canteen.md', '# Canteen\n\nThe canteen is closed.\n');
    await world.ingest();
    // The file is changed back, and whoever holds the vault puts back the journal that knew these bytes.
    await world.write('news/canteen.md', text);
    for (const end of ['-wal', '-shm']) await rm(`${journal}${end}`, { force: true });
    await writeFile(journal, older);
    const report = await world.ingest();
    expect(report).toMatchObject({ updated: 1, unchanged: DOCUMENTS - 1 });
    expect(await world.finds('dan', 'soup on Mondays', 1)).toEqual(['news/canteen.md']);
  });

  it('that cannot be a journal end the run with a typed error', async () => {
    const world = await template();
    const journal = path.join(world.vault, 'journal.sqlite');
    for (const end of ['', '-wal', '-shm']) await rm(`${journal}${end}`, { force: true });
    await writeFile(journal, 'this is no database, and long enough to be read as one. '.repeat(40));
    await expectRejection(world.ingest(), 'STORE_FAILED');
  });
});

describe('access', () => {
  const withRule = (rule: object): object => ({
    ...OFFICE_ACCESS,
    rules: [rule, ...OFFICE_ACCESS.rules],
  });

  it('by globs follows the access file of the run, without a new version', async () => {
    const world = await template();
    expect(await world.finds('dan', 'canteen', 1)).toEqual(['news/canteen.md']);
    world.setAccess(withRule({ path: 'news/canteen.*', deny: ['dan'] }));
    const report = await world.ingest();
    expect(report).toMatchObject({ rebound: 1, unchanged: DOCUMENTS, updated: 0 });
    expect(world.embedder.passages).toBe(0);
    expect(await world.finds('dan', 'canteen')).not.toContain('news/canteen.md');
    expect(await world.finds('ben', 'canteen', 1)).toEqual(['news/canteen.md']);
    expect(await world.ingest()).toMatchObject({ rebound: 0 });
  });

  it('of a changed file is the new one, in the same run', async () => {
    const world = await template();
    world.setAccess(withRule({ path: 'news/canteen.*', deny: ['dan'] }));
    await world.write('news/canteen.md', '# Canteen\n\nThe canteen is closed to dan.\n');
    expect(await world.ingest()).toMatchObject({ updated: 1, rebound: 1 });
    expect(await world.finds('dan', 'canteen closed')).not.toContain('news/canteen.md');
  });

  it('that nothing names keeps a file out under `default: refuse`, and lists it', async () => {
    const world = await template();
    await world.write('notes/b.md', '# B\n\nNobody was named.\n');
    await world.write('notes/a.md', '# A\n\nNobody was named.\n');
    const report = await world.ingest();
    expect(report).toMatchObject({
      undecided: ['notes/a.md', 'notes/b.md'],
      added: 0,
      failures: [],
    });
    expect(await world.finds('ada', 'nobody was named')).not.toContain('notes/a.md');
    world.setAccess(withRule({ path: 'notes/**', allow: ['ada'] }));
    expect(await world.ingest()).toMatchObject({ undecided: [], added: 2 });
  });

  it('cannot be made laxer than the signed policy by the access file of a run', async () => {
    const world = await template();
    world.setAccess({ ...OFFICE_ACCESS, default: 'owner' });
    await world.write('notes/a.md', '# A\n\nNobody was named.\n');
    expect(await world.ingest()).toMatchObject({ undecided: ['notes/a.md'], added: 0 });
  });
});

describe('pruning', () => {
  // Copies of the template lie in a folder of their own; the first run in it makes it the documents' folder.
  it('deletes what is gone from the folders of the run, and nothing else', async () => {
    const world = await template();
    const other = path.join(world.folder, 'other');
    await mkdir(path.join(other, 'news'), { recursive: true });
    await writeFile(path.join(other, 'news/away.md'), '# Away\n\nIngested from elsewhere.\n');
    const { access } = world;
    await world.use((vault) => vault.ingest([other], { access }));
    await world.use((vault) => vault.ingest([other], { access, namespace: 'wiki' }));
    await world.ingest();
    await world.remove('news/canteen.md');
    expect(await world.ingest()).toMatchObject({ deleted: 0 });
    expect(await world.ingest({ prune: true })).toMatchObject({ deleted: 1 });
    expect(await world.finds('ada', 'canteen soup')).not.toContain('news/canteen.md');
    expect(await world.finds('ada', 'ingested from elsewhere', 1)).toEqual(['news/away.md']);
    expect(await world.ingest({ prune: true })).toMatchObject({ deleted: 0 });
  });

  it('spares what was excluded, and what a single file given by name says nothing of', async () => {
    const world = await template();
    const { access, documents } = world;
    await world.ingest();
    await world.remove('news/canteen.md');
    const excluded = await world.ingest({ prune: true, exclude: ['staff/**', 'board/**'] });
    expect(excluded).toMatchObject({ deleted: 1, skipped: { excluded: 2 } });
    await world.remove('news/opening-hours.md');
    const file = path.join(documents, 'staff/leave.md');
    const report = await world.use((vault) => vault.ingest([file], { access, prune: true }));
    expect(report.deleted).toBe(0);
  });

  it('brings a document back as a further version when its file is there again', async () => {
    const world = await template();
    await world.ingest();
    await world.remove('news/canteen.md');
    await world.ingest({ prune: true });
    await world.write('news/canteen.md', OFFICE['news/canteen.md'] ?? '');
    expect(await world.ingest()).toMatchObject({ updated: 1 });
    const { version } = await world.use((vault) => vault.describe('news/canteen.md'));
    expect(version).toBe(2);
  });
});

describe('a rehearsal', () => {
  it('tells what a run would do, and writes nothing', async () => {
    const world = await template();
    await world.ingest();
    await world.write('news/new.md', '# New\n\nA new document.\n');
    await world.write('news/canteen.md', '# Canteen\n\nThe canteen is closed.\n');
    await world.remove('staff/leave.md');
    world.setAccess({
      ...OFFICE_ACCESS,
      rules: [{ path: 'news/opening*', deny: ['dan'] }, ...OFFICE_ACCESS.rules],
    });
    const options = { prune: true, dryRun: true } as const;
    const before = await fingerprint(world);
    const rehearsed = await world.ingest(options);
    expect(await fingerprint(world)).toEqual(before);
    const done = await world.ingest({ prune: true });
    const counts = { added: 1, updated: 1, rebound: 1, deleted: 1, failures: [], chunks: 2 };
    expect(rehearsed).toMatchObject({ ...counts, signatures: 0, sealedBytes: 0 });
    expect(done).toMatchObject(counts);
    expect(rehearsed.logSize).toBeLessThan(done.logSize);
  });
});

describe('the report', () => {
  it('counts what happened, and progress reaches the end', async () => {
    const world = await template();
    await world.write('news/one.txt', 'One passage.\n');
    await world.write('news/hidden.txt', 'A pass\u200bage with a hidden\u202e character.\n');
    await world.write('news/empty.md', '');
    const steps: IngestProgress[] = [];
    const report = await world.ingest({ onProgress: (progress) => void steps.push(progress) });
    expect(report).toMatchObject({
      files: DOCUMENTS + 3,
      added: 2,
      unchanged: DOCUMENTS,
      skipped: { empty: 1 },
      flagged: 1,
      findings: { 'bidi-control': 1, 'zero-width': 1 },
      chunks: 2,
      signatures: 2,
    });
    expect(report.sourceBytes).toBe(
      13 + Buffer.byteLength('A pass\u200bage with a hidden\u202e character.\n'),
    );
    expect(report.sealedBytes).toBeGreaterThan(report.sourceBytes);
    expect(steps.map(({ done }) => done)).toEqual(
      Array.from({ length: DOCUMENTS + 3 }, (_, n) => n + 1),
    );
    expect(new Set(steps.map(({ total }) => total))).toEqual(new Set([DOCUMENTS + 3]));
    expect(steps.at(-1)?.chunks).toBe(2);
  });

  it('holds the acknowledged log size, at which the documents can be read', async () => {
    const world = await template();
    await world.write('news/one.txt', 'One passage about walruses.\n');
    await world.use(async (vault) => {
      const { access, documents } = world;
      const { logSize } = await vault.ingest([documents], { access });
      const request = {
        caller: { id: 'dan', identity: 'impersonated' as const },
        query: 'walruses',
      };
      const { passages } = await vault.search({ ...request, k: 1, atLeast: logSize });
      expect(passages.map(({ source }) => source.uri)).toEqual(['news/one.txt']);
    });
  });

  it('is not begun with a concurrency or a limit that is none', async () => {
    const world = await template();
    for (const maxFileBytes of [0, -1, NaN, Infinity]) {
      await expectRejection(world.ingest({ maxFileBytes }), 'USAGE');
    }
    for (const concurrency of [0, -1, 1.5, NaN, 65]) {
      await expectRejection(world.ingest({ concurrency }), 'USAGE');
    }
  });
});
