// SPDX-License-Identifier: Apache-2.0
// An older copy of a vault, restored on purpose; and documents that come back after a key was revoked.
import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyReceipt } from '../../src/provenance/index.ts';
import { FileTrustStore } from '../../src/store/index.ts';
import {
  endorseDocuments,
  planRecovery,
  readConfig,
  recoverVault,
  revokeKey,
} from '../../src/vault/index.ts';
import { expectRejection } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { VaultWorld } from '../support/vault-world.ts';

/** A vault of which the last ingestion was lost with its disk; the home directory has seen it. */
async function lost(): Promise<VaultWorld> {
  const world = await VaultWorld.ingested();
  const backup = path.join(temporaryFolder(), 'vault');
  await cp(world.vault, backup, { recursive: true });
  await world.write(
    'news/pond.md',
    '# Pond\n\nThe pond is closed for frogs until further notice.\n',
  );
  await world.ingest();
  await rm(world.vault, { recursive: true });
  await cp(backup, world.vault, { recursive: true });
  return world;
}

const options = (world: VaultWorld): Parameters<typeof recoverVault>[0] => ({
  ...world.place,
  embedder: world.embedder,
});

describe('recovering a vault', () => {
  it('goes on from the older copy, names both heads, and works', async () => {
    const world = await lost();
    await expectRejection(world.finds('ada', 'frogs'), 'ROLLBACK');
    const plan = await planRecovery(options(world));
    expect(plan.new.size).toBeLessThan(plan.old.size);
    await expectRejection(world.finds('ada', 'frogs'), 'ROLLBACK');
    expect(await recoverVault(options(world), 'disk lost')).toEqual(plan);
    expect(await world.finds('ada', 'soup on Mondays')).toContain('news/canteen.md');
    const report = await world.ingest();
    expect(report.failures).toEqual([]);
    expect(await world.finds('ada', 'frogs')).toContain('news/pond.md');
    const fsck = await world.use((vault) => vault.fsck());
    expect(fsck.problems).toEqual([]);
  });

  it('is accepted by another machine that has seen the lost head', async () => {
    const world = await VaultWorld.ingested();
    const backup = await world.copy();
    await world.write('news/pond.md', '# Pond\n\nFrogs.\n');
    await world.ingest();
    const elsewhere = await world.copy();
    await rm(world.vault, { recursive: true });
    await cp(backup.vault, world.vault, { recursive: true });
    await recoverVault(options(world), 'disk lost');
    await rm(elsewhere.vault, { recursive: true });
    await cp(world.vault, elsewhere.vault, { recursive: true });
    expect(await elsewhere.finds('ada', 'soup on Mondays')).toContain('news/canteen.md');
    expect(elsewhere.codes).toContain('ROLLBACK');
  });

  it('is named with both heads by every receipt from there on', async () => {
    const world = await lost();
    const seen = await new FileTrustStore(
      world.home,
      (await readConfig(world.vault)).vaultId,
    ).read();
    const plan = await recoverVault(options(world), 'disk lost');
    await world.use(async (vault) => {
      const caller = { id: 'ada', identity: 'impersonated' } as const;
      const { receipt } = await vault.context({
        caller,
        query: 'soup on Mondays',
        budget: 400,
        receipt: true,
      });
      const verdict = verifyReceipt(receipt!, seen);
      expect(verdict.recoveries).toMatchObject([
        { ...plan, index: plan.new.size, reason: 'disk lost' },
      ]);
      expect(verdict.headCompared).toBe('recovered');
    });
  });

  it('is refused while nothing was lost', async () => {
    const world = await VaultWorld.ingested();
    await expectRejection(planRecovery(options(world)), 'USAGE');
    await expectRejection(recoverVault(options(world), 'no reason'), 'USAGE');
    expect(await world.finds('ada', 'soup on Mondays')).toContain('news/canteen.md');
  });
});

describe('a key that was revoked from a day in the past', () => {
  it('takes its documents with it until the root key endorses them', async () => {
    const world = await VaultWorld.ingested();
    await world.use(async (vault) => {
      const { session } = vault;
      const { docId, provenance } = await vault.describe('news/canteen.md');
      const key = [...session.ledger.view.state.keys.values()].find((k) => k.role === 'ingest');
      const { distrusted } = await revokeKey(session, key?.keyid ?? '', 'compromised', 0);
      expect(distrusted).toBe(5);
      expect(await finds(vault)).toEqual([]);
      await expectRejection(endorseDocuments(session, ['d-nothing']), 'NOT_FOUND');
      expect(await endorseDocuments(session, [docId])).toEqual({ endorsed: 1, failed: [] });
      expect(await finds(vault)).toEqual(['news/canteen.md']);
      expect((await vault.describe(docId)).provenance.entry).toBe(provenance.entry);
      expect(await endorseDocuments(session)).toEqual({ endorsed: 4, failed: [] });
      expect(await endorseDocuments(session)).toEqual({ endorsed: 0, failed: [] });
    });
  });

  it('keeps a document distrusted whose bytes do not hold', async () => {
    const world = await VaultWorld.ingested();
    const object = await world.objectOf('news/canteen.md');
    await rm(path.join(world.folder, object));
    await world.use(async (vault) => {
      const { session } = vault;
      const { docId } = await vault.describe('news/opening-hours.md');
      const key = [...session.ledger.view.state.keys.values()].find((k) => k.role === 'ingest');
      await revokeKey(session, key?.keyid ?? '', 'compromised', 0);
      const report = await endorseDocuments(session);
      expect(report.endorsed).toBe(4);
      expect(report.failed.length).toBe(1);
      expect(report.failed).not.toContain(docId);
    });
  });

  async function finds(vault: Parameters<Parameters<VaultWorld['use']>[0]>[0]): Promise<string[]> {
    const caller = { id: 'ada', identity: 'impersonated' } as const;
    const { passages } = await vault.search({ caller, query: 'soup on Mondays', k: 1 });
    return passages.map(({ source }) => source.uri);
  }
});
