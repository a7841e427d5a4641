// SPDX-License-Identifier: Apache-2.0
// A vault whose objects, keys and model are all with services: founded, filled, asked, rotated, erased.
import { cp, mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import * as K from '@aws-sdk/client-kms';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { utf8 } from '../../src/core/index.ts';
import { parseTrust, trustToShare } from '../../src/provenance/index.ts';
import { FileTrustStore } from '../../src/store/index.ts';
import { openVault, readConfig, rewrapKeys, rotateBranchKey } from '../../src/vault/index.ts';
import { TEST_CREDENTIALS } from '../support/aws/answering-server.ts';
import {
  cloudHome,
  type CloudServices,
  cloudSettings,
  CloudVault,
  kmsOf,
  startCloud,
} from '../support/aws/cloud-vault.ts';
import { ASYMMETRIC, SYMMETRIC } from '../support/aws/kms-world.ts';
import { CliWorld } from '../support/cli-world.ts';
import { expectRejection } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { finds, OFFICE } from '../support/vault-world.ts';

let cloud: CloudServices;
beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(() => cloud.close());
beforeEach(() => {
  cloud.models.calls.length = 0;
});

describe('a vault with all its parts in services', () => {
  it.each(['ECC_NIST_EDWARDS25519', 'ECC_NIST_P256', 'ML_DSA_44'] as const)(
    'whose root key is of %s is filled, asked and verified, and keeps no key at home',
    async (spec) => {
      const made = await CloudVault.ingested(cloud, { rootSpec: spec });
      const vault = await made.open();
      expect(await finds(vault, 'ben', 'thirty days of leave')).toContain('staff/leave.md');
      expect(await finds(vault, 'dan', 'thirty days of leave')).not.toContain('staff/leave.md');
      expect((await vault.verifyAll()).failures).toEqual([]);
      const problems = (await vault.fsck()).problems;
      expect(problems).toEqual([]);
      const home = await readdir(path.join(made.world.home, 'keyrings'));
      expect(home.filter((name) => !name.endsWith('.epoch'))).toEqual([]);
      expect(cloud.models.calls.length).toBeGreaterThan(Object.keys(OFFICE).length);
      expect(made.world.codes).toEqual([]);
    },
  );

  it('asks the key service nothing for a query, and little for documents', async () => {
    const made = await CloudVault.ingested(cloud);
    const vault = await made.open();
    await finds(vault, 'ben', 'thirty days of leave');
    const steady = cloud.kms.calls.length;
    for (const person of ['ada', 'ben', 'chloe', 'dan'])
      await finds(vault, person, 'soup on Mondays');
    expect(cloud.kms.calls.length).toBe(steady);
    for (let at = 0; at < 40; at++)
      await made.world.write(`news/note-${at}.md`, `# Note ${at}\n\nThe number is ${at * 7}.\n`);
    const { access, documents } = made.world;
    const before = cloud.kms.count(...SYMMETRIC);
    const asymmetric = cloud.kms.count(...ASYMMETRIC);
    await vault.ingest([documents], { access });
    // Each signing key is unwrapped once, however many documents there are; the branch key was.
    const first = cloud.kms.count(...SYMMETRIC) - before;
    expect(first).toBeLessThanOrEqual(5);
    for (let at = 0; at < 40; at++)
      await made.world.write(`news/note-${at}.md`, `# Note ${at}\n\nThe number is ${at * 9}.\n`);
    await vault.ingest([documents], { access });
    expect(cloud.kms.count(...SYMMETRIC) - before).toBe(first);
    expect(cloud.kms.count(...ASYMMETRIC)).toBe(asymmetric);
  });

  it('rotates, rewraps and forgets, and then opens with the new key alone', async () => {
    const made = await CloudVault.ingested(cloud);
    const [bucket] = [made.services.objects.s3.bucket];
    const branches = (): number =>
      [...(cloud.s3.buckets.get(bucket)?.objects.keys() ?? [])].filter((key) =>
        key.includes('/branch/'),
      ).length;
    await made.use(async ({ session }) => {
      await rotateBranchKey(session);
      expect(branches()).toBe(2);
      const { rows, forgotten } = await rewrapKeys(session, true);
      expect(rows).toBeGreaterThan(0);
      expect(forgotten).toHaveLength(1);
    });
    expect(branches()).toBe(1);
    const vault = await made.open();
    expect(await finds(vault, 'ben', 'thirty days of leave')).toContain('staff/leave.md');
    expect((await vault.verifyAll()).failures).toEqual([]);
  });

  it('erases a document for everybody', async () => {
    const made = await CloudVault.ingested(cloud);
    await made.use((vault) => vault.erase('staff/leave.md', 'request'));
    const vault = await made.open();
    expect(await finds(vault, 'ben', 'thirty days of leave')).not.toContain('staff/leave.md');
    expect(await finds(vault, 'ben', 'soup')).toContain('news/canteen.md');
  });

  it('is used from a second machine that got configuration and trust, and no key', async () => {
    const made = await CloudVault.ingested(cloud);
    const first = made.world;
    const world = first.elsewhere(temporaryFolder());
    const { vaultId } = await readConfig(first.vault);
    const { file } = await new FileTrustStore(first.home, vaultId).read();
    await mkdir(world.vault, { recursive: true, mode: 0o700 });
    await cp(path.join(first.vault, 'strongroom.json'), path.join(world.vault, 'strongroom.json'));
    const trust = parseTrust(utf8(trustToShare(file)));
    await new FileTrustStore(world.home, vaultId).write({ ...trust.file, origin: 'added' });
    const second = new CloudVault(world, made.services);
    const vault = await second.open();
    expect(await finds(vault, 'ben', 'thirty days of leave')).toContain('staff/leave.md');
    await world.write('news/garden.md', '# Garden\n\nThe garden has a pond with seven frogs.\n');
    const report = await vault.ingest([world.documents], { access: world.access });
    expect(report.failures).toEqual([]);
    const reader = await made.open();
    expect(await finds(reader, 'dan', 'how many frogs')).toContain('news/garden.md');
  });

  it('ends with its key being disabled, also while it is open', async () => {
    const made = await CloudVault.ingested(cloud);
    const vault = await made.open();
    await finds(vault, 'ben', 'thirty days of leave');
    const KeyId = made.keyId;
    await kmsOf(cloud).send(new K.DisableKeyCommand({ KeyId }));
    await expectRejection(openVault(made.world.place), 'KMS_KEY_DISABLED');
    await made.world.write('news/late.md', '# Late\n\nThis comes too late.\n');
    made.world.clock.seconds += 3600;
    const late = vault.ingest([made.world.documents], { access: made.world.access });
    const outcome = await late.then(
      ({ failures }) => failures.map(({ code }) => code),
      (error: unknown) => [(error as { code: string }).code],
    );
    expect(outcome).toContain('KMS_KEY_DISABLED');
    await kmsOf(cloud).send(new K.ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    await expectRejection(openVault(made.world.place), 'KMS_KEY_DELETION');
  });

  it('is made and used by the command line', async () => {
    const world = await CliWorld.prepared();
    await world.write('home.json', JSON.stringify(await cloudHome(cloud, 'ECC_NIST_P256')));
    await world.write('services.json', JSON.stringify(cloudSettings(cloud)));
    vi.stubEnv('AWS_ACCESS_KEY_ID', TEST_CREDENTIALS.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', TEST_CREDENTIALS.secretAccessKey);
    onTestFinished(() => void vi.unstubAllEnvs());
    const files = ['--home', 'home.json', '--services', 'services.json'];
    await world.ok('init', ...files, '--owner', 'ada', '--access', 'strongroom.access.yaml');
    await world.ok('ingest', 'documents');
    expect(await world.finds('ben', 'thirty days of leave')).toContain('staff/leave.md');
    expect(cloud.models.calls.length).toBeGreaterThan(0);
  });
});
