// SPDX-License-Identifier: Apache-2.0
// A disk that fills up while documents come in: a typed error, nothing half-written, and the rest when there is room.
import { describe, expect, it } from 'vitest';
import { fail, type ObjectStore } from '../../src/core/index.ts';
import { FileStore } from '../../src/store/index.ts';
import { sourceUrl } from '../support/child-process.ts';
import { HAS_SMALL_DISKS, onSmallDisk, REASON_WITHOUT } from '../support/small-disk.ts';
import { codeRejectedBy } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { finds, worldTemplate } from '../support/vault-world.ts';

const world = worldTemplate();

/** A store whose disk has room for so many more writes. */
function withRoomFor(writes: number, store: ObjectStore): ObjectStore & { room: number } {
  const write = (): void => {
    if (full.room <= 0) throw fail('STORE_FULL', 'the disk is full');
    full.room -= 1;
  };
  const full = {
    room: writes,
    async putIfAbsent(path: string, bytes: Uint8Array): Promise<boolean> {
      write();
      return store.putIfAbsent(path, bytes);
    },
    async compareAndSwap(
      path: string,
      expected: string | null,
      bytes: Uint8Array,
    ): Promise<boolean> {
      write();
      return store.compareAndSwap(path, expected, bytes);
    },
    get: store.get.bind(store),
    getRange: store.getRange.bind(store),
    stat: store.stat.bind(store),
    list: store.list.bind(store),
    delete: store.delete.bind(store),
  };
  return full;
}

describe('an object store that fills up', () => {
  it.each([0, 1, 2, 3, 5, 8])(
    'after %d writes ends an ingestion with STORE_FULL; old documents stay, new ones come when there is room',
    async (writes) => {
      const at = await world();
      for (let i = 0; i < 6; i++)
        await at.write(`news/n${i}.md`, `# N\n\nNote ${i} on the harbour.\n`);
      const objects = withRoomFor(writes, new FileStore(`${at.vault}/store`));
      const { access } = at;
      const code = await codeRejectedBy(
        at.use((vault) => vault.ingest([at.documents], { access }), { objects }),
      );
      expect(code).toBe('STORE_FULL');
      const vault = await at.open();
      expect(await finds(vault, 'dan', 'brass bell')).toContain('news/opening-hours.md');
      expect((await vault.verifyAll()).failures).toEqual([]);
      const report = await vault.ingest([at.documents], { access });
      expect(report).toMatchObject({ files: 11, failures: [] });
      expect(report.added + report.updated + report.unchanged).toBe(11);
      expect(await vault.verifyAll()).toMatchObject({ documents: 11, failures: [] });
      expect((await vault.fsck()).problems).toEqual([]);
    },
  );
});

describe.skipIf(!HAS_SMALL_DISKS)(`a vault on a disk that is full${REASON_WITHOUT}`, () => {
  it('still answers, refuses to write with STORE_FULL, and goes on when there is room', async () => {
    const folder = temporaryFolder();
    const child = onSmallDisk(folder, 8192, CODE.replace('FOLDER', JSON.stringify(folder)));
    expect([await child.end(), child.stderr.replaceAll(/.*Warning.*\n/g, '')]).toEqual([0, '']);
    expect(JSON.parse(child.stdout)).toEqual({
      full: 'STORE_FULL',
      found: ['a.md'],
      later: { added: 2, unchanged: 1 },
      failures: [],
      problems: [],
    });
  });
});

/** Runs on the small disk: a vault with one document, a disk that fills up, a second document. */
const CODE = `
  import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
  import { createVault, hashEmbedder, openVault, parseAccessFile } from '${sourceUrl('index.ts')}';
  const disk = FOLDER;
  const place = { vault: disk + '/vault', home: disk + '/home' };
  const access = parseAccessFile(JSON.stringify({ v: 1, default: 'owner', owner: 'ada', people: { ada: {} } }));
  const embedder = hashEmbedder();
  const documents = disk + '/documents';
  mkdirSync(documents);
  const write = (name) => writeFileSync(documents + '/' + name, '# Note\\n\\nA note on the harbour in ' + name + '\\n');
  write('a.md');
  await createVault({ ...place, access, embedder });
  const vault = await openVault({ ...place, embedder });
  await vault.ingest([documents], { access });
  write('b.md');
  write('c.md');
  for (const size of [65536, 4096, 1]) {
    try { for (;;) writeFileSync(disk + '/filler', new Uint8Array(size), { flag: 'a' }); } catch {}
  }
  const full = await vault.ingest([documents], { access }).then(
    (report) => report.failures.map((failure) => failure.code).join(' '),
    (error) => error.code,
  );
  const caller = { id: 'ada', identity: 'impersonated' };
  const { passages } = await vault.search({ caller, query: 'harbour' });
  const found = passages.map((passage) => passage.source.uri);
  rmSync(disk + '/filler');
  const { added, unchanged } = await vault.ingest([documents], { access });
  const { failures } = await vault.verifyAll();
  const { problems } = await vault.fsck();
  console.log(JSON.stringify({ full, found, later: { added, unchanged }, failures, problems }));
  vault.close();
`;
