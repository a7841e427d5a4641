// SPDX-License-Identifier: Apache-2.0
import * as K from '@aws-sdk/client-kms';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awsClient, type AwsConnection } from '../../src/aws/index.ts';
import { EXPIRED, type FakeKms, ROOT_CREDENTIALS, startFakeKms } from '../support/aws/fake-kms.ts';
import { describeKms } from './kms-contract.ts';
import { MINISTACK_DEVIATIONS, MOTO_DEVIATIONS } from './kms-deviations.ts';

let kms: FakeKms;
beforeAll(async () => {
  kms = await startFakeKms();
});
afterAll(() => kms.close());

const connection = (more: Partial<AwsConnection> = {}): AwsConnection => ({
  region: 'us-east-1',
  endpoint: kms.url,
  credentials: ROOT_CREDENTIALS,
  attempts: 1,
  connectTimeout: 60_000,
  ...more,
});
const root = (more?: Partial<AwsConnection>): K.KMSClient =>
  awsClient(K.KMSClient, connection(more));

async function newKey(input: K.CreateKeyCommandInput = {}, client = root()): Promise<string> {
  return (await client.send(new K.CreateKeyCommand(input))).KeyMetadata?.Arn ?? '';
}

function encrypt(
  client: K.KMSClient,
  KeyId: string,
  EncryptionContext: Record<string, string> = {},
): Promise<K.EncryptCommandOutput> {
  const Plaintext = Buffer.from('x');
  return client.send(new K.EncryptCommand({ KeyId, Plaintext, EncryptionContext }));
}

const nameOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'no refusal',
    (error: unknown) => (error as Error).name,
  );

describeKms('the fake', () => Promise.resolve(connection()));

describe('grants of the fake', () => {
  it('give a principal what they name, under the contexts that they name, until revoked', async () => {
    const KeyId = await newKey();
    const { arn, credentials } = kms.principal('worker');
    const worker = root({ credentials });
    expect(await nameOf(encrypt(worker, KeyId, { vault: 'v' }))).toBe('AccessDeniedException');
    const grant = new K.CreateGrantCommand({
      KeyId,
      GranteePrincipal: arn,
      Operations: ['Encrypt'],
      Constraints: { EncryptionContextSubset: { vault: 'v' } },
    });
    const { GrantId } = await root().send(grant);
    const { CiphertextBlob } = await encrypt(worker, KeyId, { vault: 'v', more: 'm' });
    expect(await nameOf(encrypt(worker, KeyId, { vault: 'w' }))).toBe('AccessDeniedException');
    const decrypt = new K.DecryptCommand({ CiphertextBlob, EncryptionContext: { vault: 'v' } });
    expect(await nameOf(worker.send(decrypt))).toBe('AccessDeniedException');
    await root().send(new K.RevokeGrantCommand({ KeyId, GrantId }));
    expect(await nameOf(encrypt(worker, KeyId, { vault: 'v' }))).toBe('AccessDeniedException');
  });

  it('with an exact context give nothing under a larger one', async () => {
    const KeyId = await newKey();
    const { arn, credentials } = kms.principal('exact');
    const grant = new K.CreateGrantCommand({
      KeyId,
      GranteePrincipal: arn,
      Operations: ['Encrypt'],
      Constraints: { EncryptionContextEquals: { vault: 'v' } },
    });
    await root().send(grant);
    const client = root({ credentials });
    await encrypt(client, KeyId, { vault: 'v' });
    const larger = encrypt(client, KeyId, { vault: 'v', more: 'm' });
    expect(await nameOf(larger)).toBe('AccessDeniedException');
  });
});

describe('key policies of the fake', () => {
  it('may demand an encryption context', async () => {
    const { arn, credentials } = kms.principal('reader');
    const statement = { Effect: 'Allow', Resource: '*' };
    const owner = { Principal: { AWS: 'arn:aws:iam::123456789012:root' }, Action: 'kms:*' };
    const reader = { Principal: { AWS: arn }, Action: ['kms:Encrypt'] };
    const Condition = { StringEquals: { 'kms:EncryptionContext:vault': 'v' } };
    const Statement = [
      { ...statement, ...owner },
      { ...statement, ...reader, Condition },
    ];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    const KeyId = await newKey({ Policy });
    await encrypt(root({ credentials }), KeyId, { vault: 'v' });
    const without = encrypt(root({ credentials }), KeyId);
    expect(await nameOf(without)).toBe('AccessDeniedException');
  });
});

describe('multi-Region keys of the fake', () => {
  it('open in one Region what another encrypted, each with a state of its own', async () => {
    const [here, there] = [root(), root({ region: 'eu-central-1' })];
    const KeyId = await newKey({ MultiRegion: true });
    expect(KeyId).toMatch(/:key\/mrk-[0-9a-f]{32}$/);
    const replicate = new K.ReplicateKeyCommand({ KeyId, ReplicaRegion: 'eu-central-1' });
    const replica = (await here.send(replicate)).ReplicaKeyMetadata?.Arn ?? '';
    expect(replica.split('/')[1]).toBe(KeyId.split('/')[1]);
    const { CiphertextBlob } = await encrypt(here, KeyId);
    await here.send(new K.DisableKeyCommand({ KeyId }));
    const opened = await there.send(new K.DecryptCommand({ CiphertextBlob, KeyId: replica }));
    expect(opened.KeyId).toBe(replica);
    const refusal = here.send(new K.DecryptCommand({ CiphertextBlob, KeyId }));
    expect(await nameOf(refusal)).toBe('DisabledException');
  });

  it('are the only ones: another key opens nothing elsewhere', async () => {
    const { CiphertextBlob } = await encrypt(root(), await newKey());
    const there = root({ region: 'eu-central-1' });
    const call = there.send(new K.DecryptCommand({ CiphertextBlob }));
    expect(await nameOf(call)).toBe('InvalidCiphertextException');
  });
});

describe('the wire of the fake', () => {
  it('takes no request without a signature, of a stranger, or after the session ended', async () => {
    const bare = await fetch(kms.url, { method: 'POST', body: '{}' });
    expect([bare.status, await bare.text()]).toEqual([
      400,
      '{"__type":"MissingAuthenticationTokenException","message":""}',
    ]);
    const stranger = { ...ROOT_CREDENTIALS, accessKeyId: 'AKIASTRANGER' };
    const list = (credentials: AwsConnection['credentials']): Promise<string> =>
      nameOf(root({ ...(credentials && { credentials }) }).send(new K.CreateKeyCommand({})));
    expect(await list(stranger)).toBe('UnrecognizedClientException');
    const expired = { ...ROOT_CREDENTIALS, sessionToken: EXPIRED };
    expect(await list(expired)).toBe('ExpiredTokenException');
  });

  it('knows no operation that it does not have', async () => {
    const call = root().send(new K.ListRetirableGrantsCommand({ RetiringPrincipal: 'arn:x' }));
    expect(await nameOf(call)).toBe('UnknownOperationException');
  });

  it('counts calls and fails as told', async () => {
    const KeyId = await newKey();
    const before = kms.count('Encrypt');
    kms.fault = ({ operation }) =>
      operation === 'Encrypt' ? { type: 'ThrottlingException', status: 400 } : null;
    expect(await nameOf(encrypt(root(), KeyId))).toBe('ThrottlingException');
    kms.fault = () => 'cut';
    expect(await nameOf(encrypt(root(), KeyId))).not.toBe('no refusal');
    kms.fault = () => null;
    await encrypt(root(), KeyId);
    expect(kms.count('Encrypt') - before).toBe(3);
  });
});

describe('the page about stand-ins', () => {
  it('says what the emulators do otherwise', () => {
    const page = readFileSync('docs/cloud-emulators.md', 'utf8');
    const known = [...new Set([...MOTO_DEVIATIONS, ...MINISTACK_DEVIATIONS])];
    const mark = (list: readonly string[], title: string): string =>
      list.includes(title) ? '**no**' : 'yes';
    const row = (title: string): string[] => [
      title,
      mark(MOTO_DEVIATIONS, title),
      mark(MINISTACK_DEVIATIONS, title),
    ];
    const rows = page.split('\n').filter((line) => /\| (yes|\*\*no\*\*)/.test(line));
    const told = rows.map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
    expect(told).toEqual(known.map(row));
  });
});
