// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { S3LockStore } from '../../src/aws/index.ts';
import { INITIAL_LOCK } from '../../src/provenance/index.ts';
import { BUSY, DAMAGED_LOCKS, describeLockStore } from '../store/lock-conformance.ts';
import { testConnection } from '../support/aws/answering-server.ts';
import { FakeBucket } from '../support/aws/fake-s3-buckets.ts';
import { type FakeS3, startFakeS3 } from '../support/aws/fake-s3.ts';
import { expectRejection } from '../support/tampering.ts';

let s3: FakeS3;
let bucket: FakeBucket;
beforeAll(async () => {
  s3 = await startFakeS3();
});
afterAll(() => s3.close());
beforeEach(() => {
  s3.fault = null;
  bucket = new FakeBucket(false);
  s3.buckets.set('locks', bucket);
});

const open = (tenantId = 'acme'): S3LockStore =>
  new S3LockStore({ ...testConnection(s3.url), attempts: 3, bucket: 'locks' }, tenantId);

describeLockStore('in a bucket', () => ({ locks: open(), again: () => open() }));

describe('a lock record in a bucket', () => {
  it('is one for each tenant', async () => {
    await open('acme').swap(INITIAL_LOCK, BUSY);
    expect(await open('other').read()).toEqual(INITIAL_LOCK);
  });

  it('is won by who won it, also when the answer was lost', async () => {
    let isLost = false;
    s3.fault = ({ method }) => {
      if (method !== 'PUT' || isLost) return undefined;
      isLost = true;
      return 'lose the answer';
    };
    expect(await open().swap(INITIAL_LOCK, BUSY)).toBe(true);
    expect(await open().swap(INITIAL_LOCK, BUSY)).toBe(false);
  });

  it.each(DAMAGED_LOCKS)('is refused with %s', async (_, state) => {
    bucket.put('lock/acme', Buffer.from(state), {});
    await expectRejection(open().read(), 'STORE_FAILED');
    await expectRejection(open().swap(INITIAL_LOCK, BUSY), 'STORE_FAILED');
  });
});
