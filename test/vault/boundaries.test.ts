// SPDX-License-Identifier: Apache-2.0
// Which models a vault may use and where its connections may go.
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { utf8 } from '../../src/core/index.ts';
import { hashEmbedder } from '../../src/embed/index.ts';
import {
  boundariesPath,
  createVault,
  openVault,
  parseSettings,
  type ServiceSettings,
} from '../../src/vault/index.ts';
import {
  CLOUD_REGION,
  cloudHome,
  type CloudServices,
  cloudSettings,
  CloudVault,
  startCloud,
  TITAN,
  TITAN_ARN,
} from '../support/aws/cloud-vault.ts';
import { TEST_ACCESS } from '../support/aws/s3-home.ts';
import { expectRefusal, expectRejection } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { finds, VaultWorld } from '../support/vault-world.ts';

let cloud: CloudServices;
beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(() => cloud.close());
beforeEach(() => {
  cloud.models.calls.length = 0;
});

describe('the boundaries of a vault', () => {
  it('are not lifted by whoever writes strongroom.json: those of the home directory hold', async () => {
    const made = await CloudVault.ingested(cloud);
    const { home, vault } = made.world;
    const config = path.join(vault, 'strongroom.json');
    const lifted = JSON.parse(await readFile(config, 'utf8')) as Record<string, unknown>;
    delete lifted['network'];
    delete lifted['models'];
    await writeFile(config, JSON.stringify(lifted));
    await made.open();
    const own = async (boundaries: unknown): Promise<void> => {
      await rm(boundariesPath(home), { force: true });
      await writeFile(boundariesPath(home), JSON.stringify(boundaries), { mode: 0o600 });
    };
    await own({ network: { mode: 'vpc-only', endpoints: ['*.amazonaws.com'] } });
    await expectRejection(openVault(made.world.place), 'NETWORK_REFUSED');
    await own({ models: [`${TITAN_ARN}9`] });
    await expectRejection(openVault(made.world.place), 'MODEL_REFUSED');
    await writeFile(config, JSON.stringify({ ...lifted, models: [TITAN_ARN] }));
    await expectRejection(openVault(made.world.place), 'MODEL_REFUSED');
    await own({ models: [TITAN_ARN], network: { mode: 'vpc-only', endpoints: ['127.0.0.1'] } });
    await made.open();
    await own({ models: TITAN_ARN });
    await expectRejection(openVault(made.world.place), 'CONFIG_INVALID');
  });

  it.runIf(process.platform !== 'win32')(
    'INV-BOUNDARIES-MODE: are read from a file that nobody else can write',
    async () => {
      const made = await CloudVault.founded(cloud);
      const file = boundariesPath(made.world.home);
      await writeFile(file, '{}', { mode: 0o600 });
      await made.open();
      await chmod(file, 0o622);
      await expectRejection(openVault(made.world.place), 'CONFIG_INVALID');
    },
  );

  it('refuse a control that cannot be enforced, and a model or host outside, before anything is made', async () => {
    const { embedder, ...none } = cloudSettings(cloud);
    await expectRejection(CloudVault.founded(cloud, { settings: none }), 'CONFIG_INVALID');
    await expectRejection(
      CloudVault.founded(cloud, { settings: cloudSettings(cloud, { models: [] }) }),
      'MODEL_REFUSED',
    );
    const network = { mode: 'vpc-only' as const, endpoints: ['*.vpce.test'] };
    const outside = cloudSettings(cloud, { network });
    await expectRejection(CloudVault.founded(cloud, { settings: outside }), 'NETWORK_REFUSED');
    const services = await cloudHome(cloud, 'ECC_NIST_P256');
    const world = new VaultWorld(temporaryFolder(), { services, aws: TEST_ACCESS });
    const { place, access } = world;
    const given = { ...place, services, access, settings: cloudSettings(cloud) };
    await expectRejection(createVault({ ...given, embedder: hashEmbedder() }), 'USAGE');
    expect(embedder).toBeDefined();
  });

  it('hold for the model and for the store when a name leads outside while the vault is open', async () => {
    const at = (url: string): string =>
      url.replace('127.0.0.1', 'models.vpce.test').replace('http:', 'https:');
    const hosts = { mode: 'vpc-only' as const, endpoints: ['*.vpce.test', '127.0.0.1'] };
    const model = { region: CLOUD_REGION, model: TITAN, dims: 256, endpoint: at(cloud.models.url) };
    const own = cloudSettings(cloud, { network: hosts, embedder: { bedrock: model } });
    const made = await CloudVault.founded(cloud, { settings: own });
    const vault = await made.open({
      resolver: (_, options, done) => {
        if (options.all === true) done(null, [{ address: '203.0.113.9', family: 4 }]);
        else done(null, '203.0.113.9', 4);
      },
    });
    await expectRejection(finds(vault, 'ben', 'leave'), 'NETWORK_REFUSED');
    expect(cloud.models.calls).toEqual([]);
  });
});

describe('the settings of services', () => {
  const parsed = (value: unknown): ServiceSettings => parseSettings(utf8(JSON.stringify(value)));

  it('are taken as they are', () => {
    const whole = {
      ...cloudSettings(cloud),
      network: { mode: 'vpc-only', endpoints: ['*.vpce.test'] },
    };
    expect(parsed(whole)).toEqual(whole);
    const endpoint = `arn:aws:sagemaker:${CLOUD_REGION}:123456789012:endpoint/e5`;
    const payload = { constant: { a: [1] }, texts: '$.inputs', vectors: '$[*]' };
    const sagemaker = { arn: endpoint, model: 'e5', dims: 384, payload };
    expect(parsed({ embedder: { sagemaker } })).toEqual({ embedder: { sagemaker } });
  });

  it.each<unknown>([
    { network: 'public' },
    { network: { mode: 'vpc-only', endpoints: [] } },
    { network: { mode: 'vpc-only', endpoints: ['http://a'] } },
    { models: ['*'] },
    { models: TITAN_ARN },
    { embedder: { bedrock: { region: CLOUD_REGION } } },
    { embedder: { bedrock: { region: 'nowhere', model: TITAN } } },
    {
      embedder: { bedrock: { region: CLOUD_REGION, model: TITAN, endpoint: 'http://example.org' } },
    },
    { embedder: { bedrock: { region: CLOUD_REGION, model: TITAN, secretAccessKey: 'x' } } },
    { embedder: { openai: {} } },
    { other: 1 },
    [],
  ])('are refused as %j', (value) => {
    expectRefusal(() => parsed(value), 'CONFIG_INVALID');
  });
});
