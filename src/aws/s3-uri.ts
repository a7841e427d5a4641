// SPDX-License-Identifier: Apache-2.0
// Names of documents in buckets: s3://BUCKET/KEY, the one name that listings and notifications agree on.
import { fail } from '../core/index.ts';
import { SIDECAR_ENDING } from '../ingest/index.ts';

/** An object, or the beginning of the keys of many. */
export interface S3Name {
  readonly bucket: string;
  readonly key: string;
}

/** True for an address of a bucket. */
export function isS3Uri(text: string): boolean {
  return text.startsWith('s3://');
}

/** The URI of an object. What would end a path in a URI is percent-encoded, and so is the percent sign. */
export function uriOfS3(bucket: string, key: string): string {
  return `s3://${bucket}/${key.replace(/[%?#]/g, encodeURIComponent)}`;
}

/**
 * Reads {@link uriOfS3}; the key may be empty.
 * @throws {USAGE} when it is none
 */
export function s3Uri(uri: string): S3Name {
  const [, bucket, path = ''] =
    /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/s.exec(uri) ?? [];
  // One form alone for each name: only these three are encoded.
  const key = /%(?!25|3F|23)|[?#]/.test(path) ? null : path.replace(/%../g, decodeURIComponent);
  if (bucket === undefined || key === null) {
    throw fail('USAGE', 'an address of S3 must be s3://BUCKET/PREFIX, with % ? # percent-encoded');
  }
  return { bucket, key };
}

/** The document that an object belongs to: itself, or the one that it stands beside as a sidecar. */
export function documentOf({ bucket, key }: S3Name): S3Name {
  return { bucket, key: key.endsWith(SIDECAR_ENDING) ? key.slice(0, -SIDECAR_ENDING.length) : key };
}
