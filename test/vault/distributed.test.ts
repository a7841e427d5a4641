// SPDX-License-Identifier: Apache-2.0
// A vault whose shared parts lie in buckets, used from several machines.
import { cp, mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { jcs, utf8 } from '../../src/core/index.ts';
import {
  parseReceipt,
  parseTrust,
  trustToShare,
  verifyReceipt,
} from '../../src/provenance/index.ts';
import { FileTrustStore } from '../../src/store/index.ts';
import { type HomeConfig, readConfig, recoverVault } from '../../src/vault/index.ts';
import type { FakeVersion } from '../support/aws/fake-s3-buckets.ts';
import { type FakeS3, startFakeS3 } from '../support/aws/fake-s3.ts';
import { homeAt, type HomeBuckets, newHomeBuckets, TEST_ACCESS } from '../support/aws/s3-home.ts';
import { TEST_CREDENTIALS } from '../support/aws/answering-server.ts';
import { CliWorld } from '../support/cli-world.ts';
import { Child, sourceUrl } from '../support/child-process.ts';
import { expectRejection } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { contextWithReceipt, finds, VaultWorld } from '../support/vault-world.ts';

let s3: FakeS3;
beforeAll(async () => {
  s3 = await startFakeS3();
});
afterAll(() => s3.close());
beforeEach(() => {
  s3.fault = null;
  s3.hold = null;
});

interface CloudWorld {
  readonly world: VaultWorld;
  readonly buckets: HomeBuckets;
  readonly services: HomeConfig;
}

async function inBuckets(): Promise<CloudWorld> {
  const buckets = newHomeBuckets(s3);
  const services = homeAt(s3.url, buckets);
  const world = await VaultWorld.ingested({ services, aws: TEST_ACCESS });
  return { world, buckets, services };
}

/** Another machine: it gets the configuration, the key ring and a trust file, and nothing else. */
async function secondMachine(first: VaultWorld): Promise<VaultWorld> {
  const second = first.elsewhere(temporaryFolder());
  const { vaultId } = await readConfig(first.vault);
  const { file } = await new FileTrustStore(first.home, vaultId).read();
  await mkdir(second.vault, { recursive: true, mode: 0o700 });
  await cp(path.join(first.vault, 'strongroom.json'), path.join(second.vault, 'strongroom.json'));
  await cp(path.join(first.home, 'keyrings'), path.join(second.home, 'keyrings'), {
    recursive: true,
  });
  const trust = parseTrust(utf8(trustToShare(file)));
  await new FileTrustStore(second.home, vaultId).write({ ...trust.file, origin: 'added' });
  return second;
}

describe('a vault in buckets', () => {
  it('serves each person what he may read, with receipts, and keeps nothing shared in its folder', async () => {
    const { world, buckets } = await inBuckets();
    expect(await world.finds('ben', 'thirty days of leave')).toContain('staff/leave.md');
    expect(await world.finds('dan', 'thirty days of leave')).not.toContain('staff/leave.md');
    await world.use(async (vault) => {
      const { receipt } = await contextWithReceipt(vault, 'ben', 'days of leave');
      const trust = await vault.session.context.trust.read();
      expect(verifyReceipt(parseReceipt(utf8(jcs(receipt ?? null))), trust)).toMatchObject({
        proved: true,
        attested: true,
      });
    });
    const files = await readdir(world.vault);
    expect(files.filter((name) => name === 'store' || name.startsWith('keys.'))).toEqual([]);
    const names = [buckets.objects, buckets.keys, buckets.locks];
    const counts = names.map((name) => s3.buckets.get(name)?.objects.size ?? 0);
    expect(counts.every((count) => count > 0)).toBe(true);
    expect(world.codes).toEqual([]);
  });

  it('is used from a second machine that got configuration, keys and trust', async () => {
    const { world } = await inBuckets();
    const second = await secondMachine(world);
    expect(await second.finds('ben', 'thirty days of leave')).toContain('staff/leave.md');
    await second.write('news/garden.md', '# Garden\n\nThe garden has a pond with seven frogs.\n');
    expect((await second.ingest()).failures).toEqual([]);
    expect(await world.finds('dan', 'how many frogs')).toContain('news/garden.md');
    expect([...world.codes, ...second.codes]).toEqual([]);
  });

  it('shows a reader who is open what another machine publishes and revokes', async () => {
    const { world } = await inBuckets();
    const second = await secondMachine(world);
    const reader = await second.open();
    expect(await finds(reader, 'ben', 'days of leave')).toContain('staff/leave.md');
    await world.use((vault) => vault.erase('staff/leave.md', 'request'));
    expect(await finds(reader, 'ben', 'days of leave')).not.toContain('staff/leave.md');
  });

  it('loses every version of what is erased, and its keys', async () => {
    const { world, buckets } = await inBuckets();
    const { docId } = await world.use((vault) => vault.describe('staff/leave.md'));
    const keysOf = (bucket: string): string[] =>
      [...(s3.buckets.get(bucket)?.objects.keys() ?? [])].filter((key) => key.includes(docId));
    expect([keysOf(buckets.objects).length, keysOf(buckets.keys).length]).toEqual([1, 1]);
    await world.use((vault) => vault.erase('staff/leave.md', 'request'));
    expect([...keysOf(buckets.objects), ...keysOf(buckets.keys)]).toEqual([]);
  });

  it('opens a document that it has not seen with one round trip: object and key are fetched together', async () => {
    const { world } = await inBuckets();
    const { docId } = await world.use((vault) => vault.describe('staff/leave.md'));
    const reader = await world.open();
    const { ledger, documents } = reader.session;
    const value = ledger.lookup('doc', docId);
    if (value === null) throw new Error('the document is in the ledger');
    await documents.statement(value);
    // Either request is answered only when the other one was sent.
    const seen = new Set<string>();
    let isBoth = (): void => undefined;
    const both = new Promise<void>((resolve) => (isBoth = resolve));
    const first = s3.requests.length;
    s3.hold = ({ key }) => {
      seen.add(key.split('/')[1] ?? '');
      if (seen.has('obj') && seen.has('dek')) isBoth();
      return both;
    };
    await documents.open(value);
    expect(s3.requests.slice(first).map(({ method }) => method)).toEqual(['GET', 'GET']);
    s3.hold = null;
    await documents.open(value);
    expect(s3.requests).toHaveLength(first + 2);
  });

  it('is made and used by the command line, with the credentials of the environment', async () => {
    const world = await CliWorld.prepared();
    await world.write('home.json', JSON.stringify(homeAt(s3.url, newHomeBuckets(s3))));
    vi.stubEnv('AWS_ACCESS_KEY_ID', TEST_CREDENTIALS.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', TEST_CREDENTIALS.secretAccessKey);
    onTestFinished(() => void vi.unstubAllEnvs());
    const access = ['--access', 'strongroom.access.yaml'];
    await world.ok('init', '--home', 'home.json', '--owner', 'ada', ...access);
    await world.ok('ingest', 'documents');
    expect(await world.finds('ben', 'thirty days of leave')).toContain('staff/leave.md');
    expect(await world.finds('dan', 'thirty days of leave')).not.toContain('staff/leave.md');
    const { code, stderr } = await world.run(['init', '--home', 'none.json', '--vault', 'other']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('description of the home')]);
  });

  it('is not founded where another one is', async () => {
    const { buckets, services } = await inBuckets();
    const before = s3.buckets.get(buckets.objects)?.objects.size;
    const again = VaultWorld.founded({ services, aws: TEST_ACCESS });
    await expectRejection(again, 'VAULT_EXISTS');
    // Nor where only the lock record of one is left.
    s3.buckets.get(buckets.objects)?.objects.clear();
    await expectRejection(VaultWorld.founded({ services, aws: TEST_ACCESS }), 'VAULT_EXISTS');
    expect(before).toBeGreaterThan(0);
  });

  it('names what a service refuses', async () => {
    const absent = homeAt(s3.url, { objects: 'no-such-1', keys: 'no-such-2', locks: 'no-such-3' });
    const founded = VaultWorld.founded({ services: absent, aws: TEST_ACCESS });
    await expectRejection(founded, 'SERVICE_MISSING');
    const { world } = await inBuckets();
    s3.fault = () => ({ refuse: 400, code: 'ExpiredToken' });
    await expectRejection(world.finds('ben', 'leave'), 'CREDENTIALS_REFUSED');
    s3.fault = () => ({ refuse: 503, code: 'SlowDown' });
    await expectRejection(world.finds('ben', 'leave'), 'SERVICE_BUSY');
  });
});

describe('an older copy of the buckets', () => {
  /** What a backup of objects and keys holds, and how it is put back. The locks lie elsewhere. */
  function backup({ buckets }: CloudWorld): () => void {
    const kept = [buckets.objects, buckets.keys].map((name) => {
      const bucket = s3.buckets.get(name);
      const objects = [...(bucket?.objects ?? [])].map(([key, versions]) => [key, [...versions]]);
      return { bucket, objects: objects as [string, FakeVersion[]][] };
    });
    return () => {
      for (const { bucket, objects } of kept) {
        bucket?.objects.clear();
        for (const [key, versions] of objects) bucket?.objects.set(key, [...versions]);
      }
    };
  }

  it('is refused as rolled back, to every reader and writer, until the root key says where the log goes on', async () => {
    const cloud = await inBuckets();
    const { world } = cloud;
    const second = await secondMachine(world);
    await second.finds('ben', 'leave');
    const restore = backup(cloud);
    await world.write('news/late.md', '# Late\n\nThe lift is out of order.\n');
    await world.ingest();
    expect(await second.finds('ben', 'lift')).toContain('news/late.md');
    restore();
    for (const machine of [world, second]) {
      await expectRejection(machine.finds('ben', 'leave'), 'ROLLBACK');
      await expectRejection(machine.ingest(), 'ROLLBACK');
      expect(machine.codes).toContain('ROLLBACK');
    }
    const options = { ...world.place, embedder: world.embedder };
    const plan = await recoverVault(options, 'the bucket was restored from a backup');
    expect(plan.new.size).toBeLessThan(plan.old.size);
    // Both go on: the second machine has seen exactly the head that was lost.
    for (const machine of [world, second]) {
      expect(await machine.finds('ben', 'thirty days of leave')).toContain('staff/leave.md');
    }
    expect((await world.ingest()).failures).toEqual([]);
    expect(await second.finds('ben', 'lift')).toContain('news/late.md');
  });

  it('is refused by the sequencer when only the lock record remembers', async () => {
    const cloud = await inBuckets();
    const { world } = cloud;
    const newcomer = await secondMachine(world);
    const restore = backup(cloud);
    await world.write('news/late.md', '# Late\n\nThe lift is out of order.\n');
    await world.ingest();
    restore();
    expect(await newcomer.finds('ben', 'leave')).toContain('staff/leave.md');
    await newcomer.write('news/own.md', '# Own\n\nThe newcomer writes.\n');
    await expectRejection(newcomer.ingest(), 'ROLLBACK');
  });
});

describe('a vault in files', () => {
  it('never loads the SDK of a cloud', async () => {
    const world = await VaultWorld.ingested();
    const child = new Child(`
      import { registerHooks } from 'node:module';
      const loaded = [];
      registerHooks({
        load(url, context, next) {
          if (/@aws-sdk|@smithy|@opensearch-project|src\\/(?:aws|opensearch)\\//.test(url)) loaded.push(url);
          return next(url, context);
        },
      });
      const { openVault } = await import('${sourceUrl('vault/index.ts')}');
      const { hashEmbedder } = await import('${sourceUrl('embed/index.ts')}');
      await import('${sourceUrl('index.ts')}');
      const vault = await openVault({
        vault: ${JSON.stringify(world.vault)}, home: ${JSON.stringify(world.home)},
        embedder: hashEmbedder(), clock: { now: () => ${world.clock.now()} },
      });
      const found = await vault.search({ caller: { id: 'ada', identity: 'impersonated' }, query: 'leave' });
      vault.close();
      console.log(JSON.stringify([found.passages.length > 0, loaded]));
    `);
    expect([await child.end(), child.stdout.trim()]).toEqual([0, '[true,[]]']);
  });
});
