// SPDX-License-Identifier: Apache-2.0
// Which permissions a call of the SDK needs (service authorization reference), and of what resource.
import type { AwsCall } from '../../../src/aws/index.ts';
import type { Request } from '../iam-world.ts';

type Input = Readonly<Record<string, string | undefined>>;

/** Actions by operation; of S3 those that depend on nothing else. */
const S3: Readonly<Record<string, string>> = {
  HeadObject: 'GetObject',
  CreateMultipartUpload: 'PutObject',
  UploadPart: 'PutObject',
  CompleteMultipartUpload: 'PutObject',
  AbortMultipartUpload: 'AbortMultipartUpload',
  ListObjectsV2: 'ListBucket',
  ListObjectVersions: 'ListBucketVersions',
  GetBucketVersioning: 'GetBucketVersioning',
  GetObjectLockConfiguration: 'GetBucketObjectLockConfiguration',
};
const SQS: Readonly<Record<string, string>> = {
  DeleteMessageBatch: 'DeleteMessage',
  ChangeMessageVisibilityBatch: 'ChangeMessageVisibility',
};

/** The requests for permission that a call makes. @param queueArn the resource of calls of SQS, by queue URL */
export function permissionsOf(
  { service, operation, input }: AwsCall,
  queueArn: (url: string) => string,
): Request[] {
  const given = input as Input;
  if (service === 'SQS') {
    const resource = queueArn(given['QueueUrl'] ?? '');
    return [{ action: `sqs:${SQS[operation] ?? operation}`, resource }];
  }
  if (service !== 'S3') throw new Error(`permissions of ${service} are not known here`);
  const { Bucket = '', Key, Prefix, VersionId } = given;
  const resource = `arn:aws:s3:::${Bucket}${Key === undefined ? '' : `/${Key}`}`;
  const versioned = VersionId === undefined ? '' : 'Version';
  switch (operation) {
    case 'GetObject':
    case 'DeleteObject':
      return [{ action: `s3:${operation}${versioned}`, resource }];
    case 'PutObject':
      return [
        { action: 's3:PutObject', resource, context: encryptionOf(given) },
        ...(given['ObjectLockMode'] === undefined
          ? []
          : [{ action: 's3:PutObjectRetention', resource }]),
      ];
    default: {
      const action = `s3:${S3[operation] ?? operation}`;
      return [
        { action, resource, ...(Prefix !== undefined && { context: { 's3:prefix': Prefix } }) },
      ];
    }
  }
}

/** What a write says of encryption; nothing where it says nothing. */
function encryptionOf({
  ServerSideEncryption = '',
  SSEKMSKeyId = '',
}: Input): Record<string, string> {
  return {
    's3:x-amz-server-side-encryption': ServerSideEncryption,
    's3:x-amz-server-side-encryption-aws-kms-key-id': SSEKMSKeyId,
  };
}
