// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { S3KeyTable } from '../../src/aws/index.ts';
import { describeKeyTable, A, get, row } from '../store/key-table-conformance.ts';
import { testConnection } from '../support/aws/answering-server.ts';
import { FakeBucket } from '../support/aws/fake-s3-buckets.ts';
import { type FakeS3, startFakeS3 } from '../support/aws/fake-s3.ts';
import { collect } from '../support/collect.ts';
import { expectRejection } from '../support/tampering.ts';

let s3: FakeS3;
beforeAll(async () => {
  s3 = await startFakeS3();
});
afterAll(() => s3.close());
beforeEach(() => {
  s3.fault = null;
  s3.requests.length = 0;
});

let made = 0;
function newBucket(hasObjectLock = false): { name: string; bucket: FakeBucket } {
  const name = `keys-${(made += 1)}`;
  const bucket = new FakeBucket(hasObjectLock);
  s3.buckets.set(name, bucket);
  return { name, bucket };
}
const open = (bucket: string): S3KeyTable =>
  new S3KeyTable({ ...testConnection(s3.url), bucket, prefix: 'vault/' });

describeKeyTable('a key table in a bucket', () => {
  const { name, bucket } = newBucket();
  return {
    table: open(name),
    again: () => open(name),
    tamper: ({ ref, objectDigest }, bytes) => {
      const place = `${ref.tenantId}/${ref.kind}/${ref.id}/${ref.no}-${objectDigest}`;
      bucket.put(`vault/dek/${place}`, Buffer.from(bytes), {});
    },
  };
});

describe('the bucket of a key table', () => {
  it.each<[string, (bucket: FakeBucket) => void, boolean]>([
    ['with versions', (bucket) => (bucket.versioning = 'Enabled'), false],
    ['that had versions once', (bucket) => (bucket.versioning = 'Suspended'), false],
    // As a server might say that knows locks without versions.
    ['with Object Lock', (bucket) => (bucket.versioning = null), true],
  ])('INV-KEYS-FORGOTTEN: is refused %s', async (_, prepare, hasObjectLock) => {
    const { name, bucket } = newBucket(hasObjectLock);
    prepare(bucket);
    const table = open(name);
    await expectRejection(table.putAll([row(A, 1)]), 'CONFIG_INVALID');
    await expectRejection(table.replaceAll([row(A, 1)]), 'CONFIG_INVALID');
    await expectRejection(table.purgeRows([row(A, 1)]), 'CONFIG_INVALID');
    expect(bucket.objects.size).toBe(0);
  });

  it('is looked at again after it could not be', async () => {
    const table = open(newBucket().name);
    const mine = row(A, 1);
    s3.fault = ({ query }) =>
      query.has('versioning') ? { refuse: 403, code: 'AccessDenied' } : undefined;
    await expectRejection(table.putAll([mine]), 'SERVICE_DENIED');
    s3.fault = null;
    await table.putAll([mine]);
    expect(await get(table, mine)).toEqual(mine.row);
  });

  it('holds nothing of a purged row, nor does the table itself', async () => {
    const { name, bucket } = newBucket();
    const table = open(name);
    const [mine, other] = [row(A, 1), row(A, 2)];
    await table.putAll([mine, other]);
    for (const each of [mine, other]) await get(table, each);
    await table.purgeRows(await table.namesOf('acme', 'doc', A));
    expect(bucket.objects.size).toBe(0);
    expect(await get(table, mine)).toBeNull();
    expect(await collect(table.list('acme'))).toEqual([]);
  });
});

describe('rows from a bucket', () => {
  it('are read once, in one request', async () => {
    const { name } = newBucket();
    const mine = row(A, 1);
    await open(name).putAll([mine]);
    s3.requests.length = 0;
    const table = open(name);
    const first = await get(table, mine);
    first?.fill(0);
    expect(await get(table, mine)).toEqual(mine.row);
    expect(s3.requests).toHaveLength(1);
  });

  it('that are purged while they are replaced do not come back', async () => {
    const { name, bucket } = newBucket();
    const table = open(name);
    const mine = row(A, 1);
    await table.putAll([mine]);
    s3.fault = ({ method }) => {
      if (method === 'PUT') bucket.objects.clear();
      return undefined;
    };
    await table.replaceAll([{ ...mine, row: row(A, 1).row }]);
    expect(await get(table, mine)).toBeNull();
  });
});
