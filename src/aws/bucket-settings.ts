// SPDX-License-Identifier: Apache-2.0
import {
  GetBucketEncryptionCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
} from '@aws-sdk/client-s3';
import { isStrongroomError } from '../core/index.ts';
import { awsCall, isNamed } from './aws-error.ts';
import { S3Bucket } from './s3-bucket.ts';
import type { S3Place } from './s3-place.ts';

/** How a bucket is set up; null where these credentials may not ask. */
export interface BucketSettings {
  /** Whether all public access is blocked. */
  readonly isPrivate: boolean | null;
  /** How objects are encrypted that are written without a word on it. */
  readonly encryption: 'aws:kms' | 'AES256' | 'none' | null;
  readonly versions: 'on' | 'suspended' | 'never' | null;
}

/** Asks a bucket how it is set up. @throws the typed errors of services, but for what is denied */
export async function bucketSettings(place: S3Place): Promise<BucketSettings> {
  const bucket = new S3Bucket(place);
  const { client, address } = bucket;
  try {
    return {
      isPrivate: await asked(async () => {
        const answer = await client.send(new GetPublicAccessBlockCommand(address));
        const block = answer.PublicAccessBlockConfiguration;
        return (
          block?.BlockPublicAcls === true &&
          block.BlockPublicPolicy === true &&
          block.IgnorePublicAcls === true &&
          block.RestrictPublicBuckets === true
        );
      }, false),
      encryption: await asked(async () => {
        const answer = await client.send(new GetBucketEncryptionCommand(address));
        const [rule] = answer.ServerSideEncryptionConfiguration?.Rules ?? [];
        const algorithm = rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm;
        if (algorithm === undefined) return 'none';
        return algorithm.startsWith('aws:kms') ? 'aws:kms' : 'AES256';
      }, 'none'),
      versions: await asked(async () => {
        const { Status } = await client.send(new GetBucketVersioningCommand(address));
        if (Status === undefined) return 'never';
        return Status === 'Enabled' ? 'on' : 'suspended';
      }, 'never'),
    };
  } finally {
    bucket.close();
  }
}

/** The answer; `unset` where nothing was ever set, null where asking is denied. */
async function asked<T>(send: () => Promise<T>, unset: T): Promise<T | null> {
  try {
    return await awsCall('s3', async () => {
      try {
        return await send();
      } catch (error) {
        const isUnset = isNamed(
          error,
          'NoSuchPublicAccessBlockConfiguration',
          'ServerSideEncryptionConfigurationNotFoundError',
        );
        if (isUnset) return unset;
        throw error;
      }
    });
  } catch (error) {
    if (isStrongroomError(error, 'SERVICE_DENIED')) return null;
    throw error;
  }
}
