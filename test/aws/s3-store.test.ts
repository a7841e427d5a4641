// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { S3Store, type S3StoreOptions } from '../../src/aws/index.ts';
import { systemClock, utf8 } from '../../src/core/index.ts';
import { describeObjectStore } from '../store/conformance.ts';
import { serve, testConnection } from '../support/aws/answering-server.ts';
import { type FakeS3, FAKE_OWNER, startFakeS3 } from '../support/aws/fake-s3.ts';
import { FakeBucket } from '../support/aws/fake-s3-buckets.ts';
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
function open(more: Partial<S3StoreOptions> = {}, bucket = newBucket()): S3Store {
  return new S3Store({ ...testConnection(s3.url), bucket, clock: systemClock, ...more });
}
function newBucket(versioning: FakeBucket['versioning'] = null, hasLock = false): string {
  const name = `bucket-${(made += 1)}`;
  const bucket = new FakeBucket(hasLock);
  if (versioning !== null) bucket.versioning = versioning;
  s3.buckets.set(name, bucket);
  return name;
}

describeObjectStore('a store in a bucket', () => {
  const bucket = newBucket();
  return { store: open({}, bucket), again: () => open({}, bucket) };
});

describeObjectStore('a store below a prefix of a bucket with versions', () => {
  const bucket = newBucket('Enabled');
  const more = { prefix: 'vaults/one/' };
  return { store: open(more, bucket), again: () => open(more, bucket) };
});

describe('writing to a bucket', () => {
  const digestOf = (bytes: Uint8Array): string =>
    createHash('sha256').update(bytes).digest('base64');

  it('sends the SHA-256 and, where configured, the key to encrypt with', async () => {
    const kmsKeyId = 'arn:aws:kms:us-east-1:000000000000:key/test';
    await open({ kmsKeyId, owner: FAKE_OWNER }).putIfAbsent('a', utf8('text'));
    const headers = s3.requests.find(({ method }) => method === 'PUT')?.headers;
    expect(headers).toMatchObject({
      'x-amz-checksum-sha256': digestOf(utf8('text')),
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': kmsKeyId,
      'x-amz-server-side-encryption-bucket-key-enabled': 'true',
      'x-amz-expected-bucket-owner': FAKE_OWNER,
      'if-none-match': '*',
    });
  });

  it('puts a large object together from parts, for one of several writers', async () => {
    const bucket = newBucket();
    const more = { partBytes: 5 * 2 ** 20, kmsKeyId: 'key' };
    const contents = [1, 2].map((n) => new Uint8Array(11 * 2 ** 20).fill(n));
    const won = await Promise.all(
      contents.map((each) => open(more, bucket).putIfAbsent('a', each)),
    );
    expect(won.filter(Boolean)).toHaveLength(1);
    const winner = contents[won.indexOf(true)] as Uint8Array;
    const stored = await open(more, bucket).get('a');
    expect(Buffer.compare(stored?.bytes ?? winner.subarray(1), winner)).toBe(0);
    const parts = s3.requests.filter(({ query }) => query.has('partNumber'));
    expect(parts.filter(({ headers }) => 'x-amz-checksum-sha256' in headers)).toHaveLength(6);
    expect(s3.buckets.get(bucket)?.uploads.size).toBe(0);
    const [object] = s3.buckets.get(bucket)?.objects.get('a') ?? [];
    expect(object?.headers['x-amz-server-side-encryption']).toBe('aws:kms');
  });

  it('gives up the parts of an upload that fails', async () => {
    const bucket = newBucket();
    s3.fault = ({ query }) =>
      query.get('partNumber') === '2' ? { refuse: 403, code: 'AccessDenied' } : undefined;
    const work = open({ partBytes: 5 * 2 ** 20 }, bucket).putIfAbsent('a', new Uint8Array(6e6));
    await expectRejection(work, 'SERVICE_DENIED');
    expect(s3.buckets.get(bucket)?.uploads.size).toBe(0);
  });

  it.each(['putIfAbsent', 'compareAndSwap'] as const)(
    'knows its own write in %s when the answer was lost',
    async (call) => {
      const store = open({ attempts: 3 });
      await store.putIfAbsent('a', utf8('old'));
      const { version = '' } = (await store.get('a')) ?? {};
      let isLost = false;
      s3.fault = ({ method }) => {
        if (method !== 'PUT' || isLost) return undefined;
        isLost = true;
        return 'lose the answer';
      };
      const won =
        call === 'putIfAbsent'
          ? store.putIfAbsent('b', utf8('new'))
          : store.compareAndSwap('a', version, utf8('new'));
      expect(await won).toBe(true);
      expect(isLost).toBe(true);
    },
  );

  it('loses, when the answer was lost and another writer was first', async () => {
    const bucket = newBucket();
    await open({}, bucket).putIfAbsent('a', utf8('same'));
    let faults = 0;
    s3.fault = ({ method }) => (method === 'PUT' && (faults += 1) === 1 ? 'cut' : undefined);
    expect(await open({ attempts: 3 }, bucket).putIfAbsent('a', utf8('same'))).toBe(false);
  });

  it('tries again where writers were in conflict', async () => {
    const store = open();
    let conflicts = 0;
    s3.fault = ({ method }) =>
      method === 'PUT' && (conflicts += 1) <= 2
        ? { refuse: 409, code: 'ConditionalRequestConflict' }
        : undefined;
    expect(await store.putIfAbsent('a', utf8('text'))).toBe(true);
    expect(await store.putIfAbsent('a', utf8('more'))).toBe(false);
  });

  it('keeps full tiles of the log from deletion, and nothing that is written again', async () => {
    const bucket = newBucket('Enabled', true);
    const store = open({ objectLock: { mode: 'COMPLIANCE', days: 30 } }, bucket);
    const kept = ['log/acme/tile/0/000', 'log/acme/tile/entries/x001/234', 'log/acme/tile/2/007'];
    const loose = [
      'log/acme/tile/0/000.p/17',
      'log/acme/checkpoint',
      'obj/doc/a/1-b',
      'tile/0/000',
    ];
    for (const path of [...kept, ...loose]) await store.putIfAbsent(path, utf8(path));
    for (const path of kept) await expectRejection(store.delete(path), 'SERVICE_DENIED');
    for (const path of loose) await store.delete(path);
    const left = await collect(store.list(''));
    expect(left.map(({ path }) => path).sort()).toEqual([...kept].sort());
  });
});

describe('reading from a bucket', () => {
  it('refuses what was altered on its way', async () => {
    const store = open();
    await store.putIfAbsent('a', utf8('text'));
    s3.fault = ({ method }) => (method === 'GET' ? 'flip a bit' : undefined);
    await expectRejection(store.get('a'), 'INTEGRITY');
  });

  it('asks again for an answer that ended in the middle', async () => {
    const store = open();
    await store.putIfAbsent('a', utf8('0123456789'));
    let cuts = 0;
    s3.fault = () => ((cuts += 1) % 3 === 0 ? undefined : 'cut the body');
    expect(Buffer.from((await store.get('a'))?.bytes ?? '').toString()).toBe('0123456789');
    expect(Buffer.from((await store.getRange('a', 2, 4)) ?? '').toString()).toBe('2345');
    s3.fault = () => 'cut the body';
    await expectRejection(store.get('a'), 'SERVICE_UNREACHABLE');
  });

  it('takes no more than was asked for from a server that knows no ranges', async () => {
    const server = await serve((_, response) => response.end('0123456789'));
    onTestFinished(() => server.close());
    const store = open(testConnection(server.url));
    expect(Buffer.from((await store.getRange('a', 2, 4)) ?? '').toString()).toBe('2345');
  });

  it('ends a listing that does not advance', async () => {
    const page = '<NextContinuationToken>t</NextContinuationToken><IsTruncated>true</IsTruncated>';
    const server = await serve((_, response) => {
      response.end(`<ListBucketResult>${page}</ListBucketResult>`);
    });
    onTestFinished(() => server.close());
    await expectRejection(collect(open(testConnection(server.url)).list('')), 'SERVICE_FAILED');
  });
});

describe('a bucket', () => {
  it('that is not there is an error, and not an empty store', async () => {
    const store = open({}, 'absent');
    await expectRejection(store.get('a'), 'SERVICE_MISSING');
    await expectRejection(store.putIfAbsent('a', utf8('a')), 'SERVICE_MISSING');
    await expectRejection(store.compareAndSwap('a', '"x"', utf8('a')), 'SERVICE_MISSING');
    await expectRejection(store.delete('a'), 'SERVICE_MISSING');
    await expectRejection(collect(store.list('')), 'SERVICE_MISSING');
  });

  it('of another owner is refused by the service', async () => {
    const store = open({ owner: '999999999999' });
    await expectRejection(store.putIfAbsent('a', utf8('a')), 'SERVICE_DENIED');
  });

  it('loses every version of what is deleted, and nothing else', async () => {
    const bucket = newBucket('Enabled');
    const store = open({}, bucket);
    for (const path of ['a', 'a/b', 'ab']) await store.putIfAbsent(path, utf8('1'));
    for (let i = 0; i < 5; i++) {
      const { version = '' } = (await store.get('a')) ?? {};
      await store.compareAndSwap('a', version, utf8(`${i} more`));
    }
    s3.buckets.get(bucket)?.delete('a', null);
    await store.delete('a');
    expect([...(s3.buckets.get(bucket)?.objects.keys() ?? [])]).toEqual(['a/b', 'ab']);
  });

  it('is left in the middle of a call when the signal says so', async () => {
    const controller = new AbortController();
    const store = open({ signal: controller.signal });
    s3.fault = () => {
      controller.abort();
      return undefined;
    };
    await expectRejection(store.get('a'), 'ABORTED');
    await expectRejection(store.putIfAbsent('a', utf8('a')), 'ABORTED');
  });

  it.each(['a', '../', 'a//', '/'])('takes no prefix like %j', (prefix) => {
    expect(() => open({ prefix })).toThrow();
  });
});
