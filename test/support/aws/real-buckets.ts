// SPDX-License-Identifier: Apache-2.0
// Buckets of an S3 server that runs for `npm run test:services`.
import { randomBytes } from 'node:crypto';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { awsClient, type AwsConnection, type S3Place } from '../../../src/aws/index.ts';
import type { AwsAccess, HomeConfig } from '../../../src/vault/index.ts';
import { homeAt } from './s3-home.ts';

/** A server and how it is called. */
export interface S3Server {
  readonly name: string;
  readonly endpoint: string;
  readonly access: AwsAccess;
}

/** The servers that run, by the variables that `tools/services` sets. */
export function s3Servers(): S3Server[] {
  const known = [
    ['MiniStack', 'STRONGROOM_TEST_MINISTACK', 'test', 'test'],
    ['versitygw', 'STRONGROOM_TEST_VERSITYGW', 'test-access', 'test-secret'],
  ] as const;
  return known.flatMap(([name, variable, accessKeyId, secretAccessKey]) => {
    const endpoint = process.env[variable];
    const access = { credentials: { accessKeyId, secretAccessKey }, attempts: 3 };
    return endpoint === undefined ? [] : [{ name, endpoint, access }];
  });
}

/** Makes buckets of one server and looks into them, past Strongroom. */
export class RealBuckets {
  readonly server: S3Server;
  readonly client: S3Client;

  constructor(server: S3Server) {
    this.server = server;
    this.client = awsClient(S3Client, this.connection, { forcePathStyle: true });
  }

  get connection(): AwsConnection {
    return { ...this.server.access, region: 'us-east-1', endpoint: this.server.endpoint };
  }

  /** A new bucket, as a place for an adapter. */
  async make(kind: 'plain' | 'versions' | 'object lock'): Promise<S3Place> {
    const bucket = `strongroom-${randomBytes(6).toString('hex')}`;
    const lock = kind === 'object lock' ? { ObjectLockEnabledForBucket: true } : {};
    await this.client.send(new CreateBucketCommand({ Bucket: bucket, ...lock }));
    if (kind === 'versions') {
      const VersioningConfiguration = { Status: 'Enabled' } as const;
      await this.client.send(
        new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }),
      );
    }
    return { ...this.connection, bucket };
  }

  /** The three buckets of a home. */
  async home(): Promise<HomeConfig> {
    const [objects, keys, locks] = await Promise.all([
      this.make('versions'),
      this.make('plain'),
      this.make('plain'),
    ]);
    const names = { objects: objects.bucket, keys: keys.bucket, locks: locks.bucket };
    return homeAt(this.server.endpoint, names);
  }

  /** Writes past every condition, as an attacker with write access does. */
  async put(bucket: string, key: string, bytes: Uint8Array): Promise<void> {
    await this.client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }));
  }

  /** Keys of every version below a prefix, deletion marks included. */
  async versions(bucket: string, prefix: string): Promise<{ key: string; versionId: string }[]> {
    const list = new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix });
    const { Versions = [], DeleteMarkers = [] } = await this.client.send(list);
    return [...Versions, ...DeleteMarkers].map(({ Key = '', VersionId = '' }) => ({
      key: Key,
      versionId: VersionId,
    }));
  }

  /** Removes one version past every rule but the server's. */
  async remove(bucket: string, key: string, versionId: string): Promise<void> {
    await this.client.send(
      new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }),
    );
  }
}
