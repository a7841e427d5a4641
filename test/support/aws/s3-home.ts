// SPDX-License-Identifier: Apache-2.0
// A distributed home on the S3 of tests: the services of a vault, and the buckets that they are.
import type { AwsAccess, HomeConfig } from '../../../src/vault/index.ts';
import { TEST_CREDENTIALS } from './answering-server.ts';
import { FakeBucket } from './fake-s3-buckets.ts';
import type { FakeS3 } from './fake-s3.ts';

/** How tests call services: fake credentials and no second attempt. */
export const TEST_ACCESS: AwsAccess = { credentials: TEST_CREDENTIALS, attempts: 1 };

/** Bucket names of a home. */
export interface HomeBuckets {
  readonly objects: string;
  readonly keys: string;
  readonly locks: string;
}

/** The configuration of a home whose buckets are at an address. */
export function homeAt(endpoint: string, buckets: HomeBuckets, prefix = 'office/'): HomeConfig {
  const place = (bucket: string) => ({ s3: { bucket, prefix, region: 'us-east-1', endpoint } });
  return {
    objects: place(buckets.objects),
    keyTable: place(buckets.keys),
    locks: place(buckets.locks),
  };
}

let made = 0;

/** New buckets as a home needs them: versions where objects lie, none where keys do. */
export function newHomeBuckets(s3: FakeS3): HomeBuckets {
  made += 1;
  const names = { objects: `objects-${made}`, keys: `keys-${made}`, locks: `locks-${made}` };
  for (const name of Object.values(names)) s3.buckets.set(name, new FakeBucket(false));
  (s3.buckets.get(names.objects) as FakeBucket).versioning = 'Enabled';
  return names;
}
