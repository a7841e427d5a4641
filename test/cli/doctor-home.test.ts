// What `doctor` says of buckets, as real requests find them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bucketSettings } from '../../src/aws/index.ts';
import { bucketFindings } from '../../src/cli/doctor-home.ts';
import { testConnection } from '../support/aws/answering-server.ts';
import { FakeBucket } from '../support/aws/fake-s3-buckets.ts';
import { type FakeS3, startFakeS3 } from '../support/aws/fake-s3.ts';

let s3: FakeS3;
beforeAll(async () => {
  s3 = await startFakeS3();
});
afterAll(() => s3.close());

const BLOCKED = [
  'BlockPublicAcls',
  'BlockPublicPolicy',
  'IgnorePublicAcls',
  'RestrictPublicBuckets',
];

function bucketWith(
  algorithm: string | null,
  versions: FakeBucket['versioning'],
  isOpen = false,
): void {
  const bucket = new FakeBucket(false);
  bucket.versioning = versions;
  const block = BLOCKED.map((name, i) => `<${name}>${!(isOpen && i === 3)}</${name}>`);
  bucket.settings.set('publicAccessBlock', block.join(''));
  if (algorithm !== null) {
    const rule = `<SSEAlgorithm>${algorithm}</SSEAlgorithm>`;
    const content = `<ApplyServerSideEncryptionByDefault>${rule}</ApplyServerSideEncryptionByDefault>`;
    bucket.settings.set('encryption', `<Rule>${content}</Rule>`);
  }
  s3.buckets.set('b', bucket);
}

async function states(place: 'objects' | 'keyTable' | 'locks'): Promise<string[]> {
  const settings = await bucketSettings({ ...testConnection(s3.url), bucket: 'b' });
  return bucketFindings(place, 'b', settings).map(({ state, text }) => `${state} ${text}`);
}

describe('doctor on buckets', () => {
  it('finds a bucket well that is private, encrypted and keeps what it should', async () => {
    bucketWith('aws:kms', 'Enabled');
    expect(await states('objects')).toEqual(['ok b: private, encrypted by KMS, with versions']);
    bucketWith('aws:kms', null);
    expect(await states('keyTable')).toEqual(['ok b: private, encrypted by KMS, without versions']);
  });

  it.each([
    [
      'public access',
      'objects',
      () => bucketWith('aws:kms', 'Enabled', true),
      'problem b: public access',
    ],
    [
      'no encryption',
      'locks',
      () => bucketWith(null, 'Enabled'),
      'problem b: objects are not encrypted',
    ],
    [
      'encryption by a key of the service',
      'locks',
      () => bucketWith('AES256', 'Enabled'),
      'warning b: encrypted without',
    ],
    [
      'no versions of objects',
      'objects',
      () => bucketWith('aws:kms', null),
      'warning b: no versions',
    ],
    [
      'versions of keys',
      'keyTable',
      () => bucketWith('aws:kms', 'Enabled'),
      'problem b: versions are kept',
    ],
    [
      'former versions of keys',
      'keyTable',
      () => bucketWith('aws:kms', 'Suspended'),
      'problem b: versions are kept',
    ],
  ] as const)('tells of %s', async (_what, place, make, wanted) => {
    make();
    expect(await states(place)).toContainEqual(expect.stringContaining(wanted));
  });

  it('says what it was not allowed to look at', async () => {
    bucketWith('aws:kms', 'Enabled');
    s3.fault = ({ query }) =>
      query.has('encryption') ? { refuse: 403, code: 'AccessDenied' } : undefined;
    const found = await states('objects');
    s3.fault = null;
    expect(found).toEqual([
      'ok b: private, with versions',
      'warning b: not everything could be looked at: run doctor as administrator',
    ]);
  });
});
