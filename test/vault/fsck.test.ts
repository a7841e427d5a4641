// SPDX-License-Identifier: Apache-2.0
// fsck finds what is not as the log says, and nothing else.
import { copyFile, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { auditPath } from '../../src/store/index.ts';
import type { FsckReport } from '../../src/vault/index.ts';
import { flipBit } from '../support/tampering.ts';
import { OFFICE_ACCESS, VaultWorld, worldTemplate } from '../support/vault-world.ts';

const LEAVE = 'staff/leave.md';
const CANTEEN = 'news/canteen.md';
const world = worldTemplate();

const check = (at: VaultWorld, options = {}): Promise<FsckReport> =>
  at.use((vault) => vault.fsck(options));

/** The stored files below a folder of the object store. */
async function stored(at: VaultWorld, folder: string): Promise<string[]> {
  const files = await at.storedFiles();
  return files.filter((file) => file.startsWith(`vault/store/${folder}`));
}

async function onlyFile(at: VaultWorld, folder: string): Promise<string> {
  const [file, ...more] = await stored(at, folder);
  if (file === undefined || more.length > 0) throw new Error(`one file was expected in ${folder}`);
  return file;
}

async function flip(at: VaultWorld, file: string): Promise<void> {
  await at.alter(file, (bytes) => flipBit(bytes, Math.floor(bytes.length / 2) * 8));
}

function keys(at: VaultWorld, sql: string): void {
  const db = new DatabaseSync(path.join(at.vault, 'keys.sqlite'));
  db.exec(sql);
  db.close();
}

async function documentIds(at: VaultWorld): Promise<string[]> {
  return at.use((vault) =>
    Promise.resolve([...vault.session.ledger.documents()].map(({ docId }) => docId)),
  );
}

describe('fsck of a vault that is as it should be', () => {
  it('finds nothing, after everything that a vault can do', async () => {
    const at = await VaultWorld.ingested();
    await at.write(LEAVE, '# Leave\n\nAnother text.\n');
    await at.remove(CANTEEN);
    await at.ingest({ prune: true });
    await at.use(async (vault) => {
      await vault.setAccess(
        at.setAccess({ ...OFFICE_ACCESS, groups: {}, rules: [], people: OFFICE_ACCESS.people }),
      );
      await vault.erase('board/merger.md', 'test');
    });
    const report = await check(at, { orphanAge: 0 });
    expect(report).toMatchObject({ problems: [], voids: [], orphans: { objects: 0, keys: 0 } });
    expect(report.objects).toBeGreaterThan(6);
    expect(report.entries).toBe(
      await at.use((vault) => Promise.resolve(vault.session.ledger.head.size)),
    );
  });

  it('tells how far it is', async () => {
    const steps: number[] = [];
    const at = await world();
    await check(at, { onProgress: (done: number) => steps.push(done) });
    expect(steps).toEqual(Array.from({ length: steps.length }, (_, i) => i + 1));
    expect(steps.length).toBeGreaterThan(5);
  });
});

describe('fsck finds', () => {
  it('an altered, a missing and an exchanged object of a document', async () => {
    const at = await world();
    const [leave, canteen] = [await at.objectOf(LEAVE), await at.objectOf(CANTEEN)];
    const merger = await at.objectOf('board/merger.md');
    await flip(at, leave);
    await rm(path.join(at.folder, canteen));
    await copyFile(path.join(at.folder, leave), path.join(at.folder, merger));
    const { problems } = await check(at);
    const where = (file: string): string => file.replace('vault/store/', '');
    expect(problems.map(({ code, where: at_ }) => [code, at_]).sort()).toEqual(
      [leave, canteen, merger].map((file) => ['INTEGRITY', where(file)]).sort(),
    );
  });

  it.each(['obj/dir/', 'obj/policy/', 'obj/snap/', 'obj/pack/'])(
    'a missing object below %s',
    async (folder) => {
      const at = await world();
      // Opened before the damage: without people or policy a vault does not open.
      const report = await at.use(async (vault) => {
        for (const file of await stored(at, folder)) await rm(path.join(at.folder, file));
        return vault.fsck();
      });
      expect(report.problems.length).toBeGreaterThan(0);
      expect(report.problems.every(({ code }) => /INTEGRITY|POLICY_TAMPERED/.test(code))).toBe(
        true,
      );
    },
  );

  it('an altered class record', async () => {
    const at = await world();
    const [acl = ''] = await stored(at, 'obj/acl/');
    await flip(at, acl);
    expect((await check(at)).problems).toMatchObject([
      { code: 'INTEGRITY', where: acl.replace('vault/store/', '') },
    ]);
  });

  it('an altered index segment', async () => {
    const at = await world();
    await flip(at, await onlyFile(at, 'obj/pack/'));
    const { problems } = await check(at);
    expect(problems.length).toBeGreaterThan(0);
    for (const { code, where } of problems) {
      expect([code, where.startsWith('obj/pack/')]).toEqual(['INTEGRITY', true]);
    }
  });

  it('a data key that is missing, altered or of another branch key', async () => {
    const at = await world();
    const [first, second, third] = await documentIds(at);
    keys(at, `DELETE FROM dek WHERE id = '${first}'`);
    keys(at, `UPDATE dek SET row = randomblob(92) WHERE id = '${second}'`);
    const cut = `CAST(substr(row, 1, 91) || x'00' AS BLOB)`;
    keys(at, `UPDATE dek SET row = ${cut} WHERE id = '${third}'`);
    const { problems } = await check(at);
    const byId = (id = ''): string | undefined =>
      problems.find(({ where }) => where.includes(id))?.code;
    expect([byId(first), byId(second), byId(third)]).toEqual([
      'KEY_ROW_MISSING',
      'KEY_UNAVAILABLE',
      'KEY_ROW_INVALID',
    ]);
  });

  it('data keys of two documents that changed places', async () => {
    const at = await world();
    keys(
      at,
      `CREATE TEMP TABLE two AS SELECT id, row FROM dek WHERE kind = 'doc' ORDER BY id LIMIT 2;
       UPDATE dek SET row = (SELECT row FROM two WHERE two.id <> dek.id)
         WHERE kind = 'doc' AND id IN (SELECT id FROM two)`,
    );
    expect((await check(at)).problems.map(({ code }) => code)).toEqual([
      'KEY_ROW_INVALID',
      'KEY_ROW_INVALID',
    ]);
  });

  it('an altered or missing hash tile', async () => {
    const at = await world();
    const vault = await at.open();
    const tiles = await stored(at, 'log/default/tile/0/');
    const found = async (): Promise<string[]> =>
      (await vault.fsck()).problems.map(({ code, what }) => `${code}: ${what}`);
    for (const tile of tiles) await flip(at, tile);
    expect(await found()).toContain('LOG_TAMPERED: a hash tile is not the signed one');
    for (const tile of tiles) await rm(path.join(at.folder, tile));
    expect(await found()).toContain('LOG_TAMPERED: a hash tile is missing');
  });

  it('altered log entries that the ledger database hides from a start', async () => {
    const at = await world();
    for (const bundle of await stored(at, 'log/default/tile/entries/')) await flip(at, bundle);
    const { problems } = await check(at);
    expect(problems).toMatchObject([{ where: 'log entries' }]);
  });

  it('an audit trail that was edited', async () => {
    const at = await world();
    await at.finds('ada', 'leave');
    await at.finds('ben', 'leave');
    const trail = path.join(
      at.home,
      'audit',
      (await readdir(path.join(at.home, 'audit')))[0] ?? '',
    );
    const db = new DatabaseSync(trail);
    db.exec('DELETE FROM event WHERE seq = 0');
    db.close();
    const { problems } = await check(at);
    expect(problems).toMatchObject([{ code: 'INTEGRITY', where: 'audit event 0' }]);
  });

  it('an audit trail whose end is missing, by a head that was kept', async () => {
    const at = await world();
    await at.finds('ada', 'leave');
    await at.finds('ben', 'leave');
    const auditHead = await at.use((vault) => Promise.resolve(vault.session.context.trail.head()));
    expect((await check(at, { auditHead })).problems).toEqual([]);
    const { vaultId } = await at.use((vault) => Promise.resolve(vault.session.context.config));
    const db = new DatabaseSync(auditPath(at.home, vaultId));
    db.exec('DELETE FROM event WHERE seq > 0');
    db.close();
    expect((await check(at)).problems).toEqual([]);
    expect((await check(at, { auditHead })).problems).toMatchObject([
      { code: 'INTEGRITY', where: 'audit event 1' },
    ]);
  });
});

describe('what a crash leaves behind', () => {
  /** An object and a key that no entry of the log names. */
  async function litter(at: VaultWorld): Promise<void> {
    const object = path.join(at.folder, await at.objectOf(LEAVE));
    await copyFile(object, object.replace(/[^/]*$/, `9-${'a'.repeat(32)}`));
    keys(
      at,
      `INSERT INTO dek SELECT tenant, kind, id, 9, '${'a'.repeat(64)}', row FROM dek WHERE kind = 'doc' LIMIT 1`,
    );
  }

  it('is no problem, is told, and is removed when one asks for it', async () => {
    const at = await world();
    await litter(at);
    // The tests' clock stands still, while files have the time of the machine.
    const orphanAge = -(2 ** 50);
    expect(await check(at, { orphanAge })).toMatchObject({
      problems: [],
      orphans: { objects: 1, keys: 1 },
      repaired: false,
    });
    expect(await check(at, { orphanAge, repair: true })).toMatchObject({ repaired: true });
    expect(await check(at, { orphanAge })).toMatchObject({ orphans: { objects: 0, keys: 0 } });
    expect(await at.use((vault) => vault.verifyAll())).toMatchObject({
      documents: 5,
      failures: [],
    });
  });

  it('is left alone while it may belong to a write that is under way', async () => {
    const at = await world();
    await litter(at);
    expect((await check(at, { orphanAge: 2 ** 50 })).orphans.objects).toBe(0);
  });

  it('of the index is left alone when its table does not open', async () => {
    const at = await world();
    await flip(at, await onlyFile(at, 'obj/snap/'));
    const report = await check(at, { orphanAge: -(2 ** 50) });
    expect(report.problems.length).toBeGreaterThan(0);
    expect(report.orphans).toEqual({ objects: 0, keys: 0 });
  });
});
