// SPDX-License-Identifier: Apache-2.0
// What a vault says when it cannot be opened, or not be written to.
import { mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { hashEmbedder } from '../../src/embed/index.ts';
import { openVault } from '../../src/vault/index.ts';
import { Child, sourceUrl } from '../support/child-process.ts';
import { expectRejection, flipBit } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { finds, VaultWorld, worldTemplate } from '../support/vault-world.ts';

const LOG = 'vault/store/log/default';
const world = worldTemplate();

/** Rewrites fields of strongroom.json; null removes one. */
async function configure(at: VaultWorld, fields: Record<string, unknown>): Promise<void> {
  await at.alter('vault/strongroom.json', (bytes) => {
    const config = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
    return Buffer.from(JSON.stringify({ ...config, ...fields }));
  });
}

describe('a vault is not opened', () => {
  it('where there is none', async () => {
    const at = await world();
    await expectRejection(at.open({ vault: temporaryFolder() }), 'VAULT_MISSING');
    await expectRejection(at.open({ vault: path.join(at.folder, 'absent') }), 'VAULT_MISSING');
  });

  it('by a machine that was never told which keys to trust', async () => {
    const at = await world();
    await expectRejection(at.open({ home: temporaryFolder() }), 'TRUST_UNKNOWN');
    await rm(path.join(at.home, 'trust'), { recursive: true });
    await expectRejection(at.open(), 'TRUST_UNKNOWN');
  });

  it('without its key ring', async () => {
    const at = await world();
    await rm(path.join(at.home, 'keyrings'), { recursive: true });
    await expectRejection(at.open(), 'KEYRING_MISSING');
  });

  it.each([
    ['a newer format', { format: 2 }, 'UPGRADE_REQUIRED'],
    ['an older format', { format: 0 }, 'UPGRADE_REQUIRED'],
    ['a format that is no number', { format: 'one' }, 'CONFIG_INVALID'],
    ['another version of its file', { v: 2 }, 'CONFIG_INVALID'],
    ['an unknown field', { plaintext: true }, 'CONFIG_INVALID'],
    ['a tenant whose name is a path', { tenantId: '../other' }, 'CONFIG_INVALID'],
    ['a vault id that is a path', { vaultId: '../../etc' }, 'CONFIG_INVALID'],
    ['a policy that is weaker', { policy: { default: 'owner' } }, 'CONFIG_INVALID'],
    ['the cache of plaintext switched on', { policy: { plaintextCache: true } }, 'CONFIG_INVALID'],
    ['too much concurrency', { ingest: { concurrency: 1000 } }, 'CONFIG_INVALID'],
    ['the id of another vault', { vaultId: 'ab'.repeat(16) }, 'TRUST_UNKNOWN'],
    ['the name of another tenant', { tenantId: 'other' }, 'KEY_UNAVAILABLE'],
  ] as const)('with %s', async (_, fields, code) => {
    const at = await world();
    await configure(at, fields);
    await expectRejection(at.open(), code);
  });

  it.each([
    ['is no JSON', (file: string) => writeFile(file, '{')],
    ['is empty', (file: string) => writeFile(file, '')],
    ['is no UTF-8', (file: string) => writeFile(file, Uint8Array.of(0xff, 0xfe, 0x7b))],
  ])('when strongroom.json %s', async (_, plant) => {
    const at = await world();
    await plant(path.join(at.vault, 'strongroom.json'));
    await expectRejection(at.open(), 'CONFIG_INVALID');
  });

  it('when strongroom.json is a directory, and no path of the machine is told', async () => {
    const at = await world();
    await rm(path.join(at.vault, 'strongroom.json'));
    await mkdir(path.join(at.vault, 'strongroom.json'));
    const refused = await at.open().catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'STORE_FAILED' });
    expect(String(refused)).not.toContain(at.folder);
  });

  it('INV-EMBEDDER: with another embedder than the one it was made for', async () => {
    const at = await world();
    const { identity, ...functions } = hashEmbedder();
    const others = [
      { ...identity, space: 'other' },
      { ...identity, dims: identity.dims / 2 },
      { ...identity, model: { ...identity.model, id: 'other' } },
      { ...identity, model: { ...identity.model, sha256: 'ab'.repeat(32) } },
    ];
    for (const other of others) {
      await expectRejection(
        at.open({ embedder: { ...functions, identity: other } }),
        'EMBEDDER_MISMATCH',
      );
    }
  });
});

describe('a vault whose key ring has a passphrase', () => {
  it('opens with it and with no other', async () => {
    const at = await VaultWorld.founded({ passphrase: 'correct horse' });
    await expectRejection(at.open({ passphrase: 'wrong horse' }), 'PASSPHRASE_WRONG');
    const { vault: folder, home, clock } = at.place;
    const without = openVault({ vault: folder, home, ...(clock && { clock }) });
    await expectRejection(without, 'PASSPHRASE_NEEDED');
    await at.use((vault) => vault.verifyAll());
  });
});

describe('a log that is not what this machine has seen', () => {
  it('is refused when it is gone', async () => {
    const at = await world();
    await rm(path.join(at.folder, LOG), { recursive: true });
    await expectRejection(at.open(), 'LOG_TRUNCATED');
  });

  it('is refused when it is an older one', async () => {
    const at = await world();
    const old = await at.copy();
    await at.write('news/late.md', '# Late\n\nThe office closes late on Thursdays.\n');
    await at.ingest();
    await rm(path.join(at.folder, LOG), { recursive: true });
    await rename(path.join(old.folder, LOG), path.join(at.folder, LOG));
    await expectRejection(at.open(), 'ROLLBACK');
  });

  it('is refused when its checkpoint is gone or cut short', async () => {
    const at = await world();
    await at.alter(`${LOG}/checkpoint`, (bytes) => bytes.subarray(0, -10));
    await expectRejection(at.open(), 'FORMAT_INVALID');
    await rm(path.join(at.folder, LOG, 'checkpoint'));
    await expectRejection(at.open(), 'LOG_TRUNCATED');
  });

  it('is replayed without the ledger database, and refused when entries are missing or altered', async () => {
    const at = await world();
    await rm(path.join(at.vault, 'ledger.sqlite'));
    expect(await at.finds('dan', 'brass bell')).toContain('news/opening-hours.md');
    const bundles = (await at.storedFiles()).filter((file) => file.includes('tile/entries/'));
    expect(bundles.length).toBeGreaterThan(0);
    await rm(path.join(at.vault, 'ledger.sqlite'));
    for (const bundle of bundles) await at.alter(bundle, (bytes) => flipBit(bytes, 800));
    await expectRejection(at.open(), 'PROOF_INVALID');
    for (const bundle of bundles) await at.alter(bundle, (bytes) => bytes.subarray(0, -1));
    await expectRejection(at.open(), 'LOG_TRUNCATED');
    for (const bundle of bundles) await rm(path.join(at.folder, bundle));
    await expectRejection(at.open(), 'LOG_TRUNCATED');
  });
});

describe('a second writer', () => {
  it('is refused by name while the first one writes, and both may read', async () => {
    const at = await world();
    const child = new Child(`
      import { openVault } from '${sourceUrl('index.ts')}';
      const clock = { now: () => ${at.clock.now()} };
      const place = ${JSON.stringify({ vault: at.vault, home: at.home })};
      const vault = await openVault({ ...place, clock });
      await vault.session.writer();
      console.log('writing');
      setInterval(() => {}, 1000);
    `);
    await child.line('writing');
    const vault = await at.open();
    const { access } = at;
    const refused = await vault.ingest([at.documents], { access }).catch((e: unknown) => e);
    expect(refused).toMatchObject({ code: 'VAULT_LOCKED', details: { pid: child.process.pid } });
    for (const attempt of [
      () => vault.setAccess(access),
      () => vault.delete(['news/canteen.md']),
      () => vault.erase('news/canteen.md', 'test'),
      () => vault.fsck({ repair: true }),
    ]) {
      await expectRejection(attempt(), 'VAULT_LOCKED');
    }
    expect(await finds(vault, 'dan', 'dumplings')).toContain('news/canteen.md');
    expect((await vault.ingest([at.documents], { access, dryRun: true })).unchanged).toBe(5);
    await child.crash();
    expect((await vault.ingest([at.documents], { access })).unchanged).toBe(5);
  });
});

describe('founding a vault', () => {
  it('is refused where one is already, where other files lie, or where a file is', async () => {
    const at = await VaultWorld.founded();
    await expectRejection(VaultWorld.founded({}, at.folder), 'VAULT_EXISTS');
    await rm(at.vault, { recursive: true });
    await mkdir(at.vault);
    await writeFile(path.join(at.vault, 'notes.txt'), 'mine');
    await expectRejection(VaultWorld.founded({}, at.folder), 'USAGE');
    await rm(at.vault, { recursive: true });
    await writeFile(at.vault, 'a file');
    await expectRejection(VaultWorld.founded({}, at.folder), 'USAGE');
  });

  it('leaves no vault when it fails half way', async () => {
    const folder = temporaryFolder();
    await mkdir(path.join(folder, 'home'));
    await symlink('/dev/null', path.join(folder, 'home', 'sequencer'));
    await expectRejection(VaultWorld.founded({}, folder), 'STORE_FAILED');
    expect(await readdir(path.join(folder, 'vault'))).not.toContain('strongroom.json');
  });
});
