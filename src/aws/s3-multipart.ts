// SPDX-License-Identifier: Apache-2.0
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { base64, sha256 } from '../core/index.ts';

/** What must stand at a key for a write to take place. */
export type Condition = { readonly IfNoneMatch: '*' } | { readonly IfMatch: string };

interface Sender {
  readonly client: S3Client;
  readonly options: { readonly abortSignal?: AbortSignal };
}

interface Target {
  readonly Bucket: string;
  readonly Key: string;
  readonly ExpectedBucketOwner?: string;
  readonly condition: Condition;
  readonly partBytes: number;
}

const PARALLEL = 4;

/**
 * Writes a large object in parts, each with its SHA-256; the condition is decided when the parts are put together. What
 * was uploaded is given up when anything fails.
 * @returns the ETag; throws what the SDK throws
 */
export async function putInParts(
  { client, options }: Sender,
  { condition, partBytes, ...target }: Target,
  bytes: Uint8Array,
): Promise<string> {
  const { Bucket, Key, ExpectedBucketOwner } = target;
  const at = { Bucket, Key, ...(ExpectedBucketOwner !== undefined && { ExpectedBucketOwner }) };
  const create = new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm: 'SHA256' });
  const { UploadId } = await client.send(create, options);
  const upload = async (no: number): Promise<CompletedPart> => {
    const Body = bytes.subarray((no - 1) * partBytes, no * partBytes);
    const ChecksumSHA256 = base64(sha256(Body));
    const part = { ...at, UploadId, PartNumber: no, Body, ChecksumSHA256 };
    const { ETag } = await client.send(new UploadPartCommand(part), options);
    return { PartNumber: no, ETag, ChecksumSHA256 };
  };
  try {
    const count = Math.ceil(bytes.length / partBytes);
    const Parts: CompletedPart[] = [];
    for (let from = 1; from <= count; from += PARALLEL) {
      const length = Math.min(PARALLEL, count - from + 1);
      Parts.push(...(await Promise.all(Array.from({ length }, (_, i) => upload(from + i)))));
    }
    const done = { ...at, UploadId, MultipartUpload: { Parts }, ...condition };
    return (await client.send(new CompleteMultipartUploadCommand(done), options)).ETag ?? '';
  } catch (error) {
    // Without the caller's signal, which may be why this is given up.
    await client.send(new AbortMultipartUploadCommand({ ...at, UploadId })).catch(() => undefined);
    throw error;
  }
}
