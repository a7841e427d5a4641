// SPDX-License-Identifier: Apache-2.0
import type { AwsConnection } from './connection.ts';

/** A bucket, or the part of one below a prefix, and how it keeps what is written there. */
export interface S3Place extends AwsConnection {
  readonly bucket: string;
  /** Empty, or ends in `/`. */
  readonly prefix?: string | undefined;
  /** Account that owns the bucket, 12 digits: a bucket of this name in other hands is refused by the service. */
  readonly owner?: string | undefined;
  /** Key for SSE-KMS with a bucket key; default: the bucket's own encryption. */
  readonly kmsKeyId?: string | undefined;
  /** Larger objects are written in parts; default 16 MiB. At least 5 MiB. */
  readonly partBytes?: number;
  /** Ends every call, such as those of a vault that is closed. */
  readonly signal?: AbortSignal;
}

/** Until when nobody may delete or replace a written version (S3 Object Lock). */
export interface Retention {
  readonly mode: 'GOVERNANCE' | 'COMPLIANCE';
  readonly until: Date;
}

/** How an object is written. */
export interface PutOptions {
  /** The ETag that must stand there, or null for nothing. */
  readonly expected: string | null;
  readonly retention?: Retention | null;
}

/** One version of an object in a bucket, or the mark of a deletion. */
export interface ObjectVersionId {
  readonly path: string;
  readonly versionId: string;
}
