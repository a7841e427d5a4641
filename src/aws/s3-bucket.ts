// SPDX-License-Identifier: Apache-2.0
// One bucket and a prefix in it: single requests, their conditions and what may go wrong with each.
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  base64,
  fail,
  hex,
  type ObjectInfo,
  sha256,
  type StoredObject,
  systemRandom,
} from '../core/index.ts';
import { checkPath } from '../store/index.ts';
import { awsCall, awsError, callFacts, isNamed, statusOf } from './aws-error.ts';
import { awsClient } from './connection.ts';
import { again, ATTEMPTS, bodyOf, nextPage, waitAfter } from './s3-answers.ts';
import { type Condition, putInParts } from './s3-multipart.ts';
import type { ObjectVersionId, PutOptions, S3Place } from './s3-place.ts';

const PART_BYTES = 16 * 2 ** 20;
/** Names a single write, so that a writer whose answer was lost can tell whether it was he who won. */
const WRITE_ID = 'strongroom-write';

/**
 * Single requests to a bucket. Paths are those of an `ObjectStore` and are checked; the prefix is added here. Every
 * call throws the typed errors of {@link awsError}.
 */
export class S3Bucket {
  readonly #client: S3Client;
  readonly #place: S3Place;
  readonly #prefix: string;

  /** @throws {CONFIG_INVALID} when the prefix is none */
  constructor(place: S3Place) {
    this.#prefix = place.prefix ?? '';
    if (this.#prefix !== '' && !this.#prefix.endsWith('/'))
      throw fail('CONFIG_INVALID', 'the prefix of a bucket must end in a slash');
    if (this.#prefix !== '') checkPath(this.#prefix.slice(0, -1));
    this.#place = place;
    this.#client = awsClient(S3Client, place, { forcePathStyle: place.endpoint !== undefined });
  }

  /** The client, for calls about the bucket as a whole. */
  get client(): S3Client {
    return this.#client;
  }

  /** What names the bucket in a request. */
  get address(): { readonly Bucket: string; readonly ExpectedBucketOwner?: string } {
    const { bucket, owner } = this.#place;
    return { Bucket: bucket, ...(owner !== undefined && { ExpectedBucketOwner: owner }) };
  }

  /** All bytes and the ETag, or null. An answer that ends in the middle is asked for again. */
  async get(path: string): Promise<StoredObject | null> {
    const at = this.#at(path);
    return again(this.#place.signal, async () => {
      const answer = await this.#present(() =>
        this.#client.send(new GetObjectCommand({ ...at, ChecksumMode: 'ENABLED' }), this.#options),
      );
      if (answer === null) return null;
      const bytes = await bodyOf(answer, Number.POSITIVE_INFINITY);
      return { bytes, version: answer.ETag ?? '' };
    });
  }

  /** Up to `length` (at least 1) bytes from `offset`; empty behind the end; null when absent. */
  async getRange(path: string, offset: number, length: number): Promise<Uint8Array | null> {
    const at = { ...this.#at(path), Range: `bytes=${offset}-${offset + length - 1}` };
    return again(this.#place.signal, async () => {
      const send = (): Promise<GetObjectCommandOutput> =>
        this.#client.send(new GetObjectCommand(at), this.#options);
      const answer = await this.#present(send).catch((error: unknown) => {
        if (statusOf(error) === 416) return 'behind the end' as const;
        throw error;
      });
      if (answer === null) return null;
      if (answer === 'behind the end') return new Uint8Array(0);
      // A server that knows no ranges sends the whole object.
      const skipped = answer.ContentRange === undefined ? offset : 0;
      return (await bodyOf(answer, skipped + length)).subarray(skipped, skipped + length);
    });
  }

  /** Size, age and ETag, or null. */
  async head(path: string): Promise<(ObjectInfo & { readonly version: string }) | null> {
    const answer = await this.#head(path);
    if (answer === null) return null;
    const { ContentLength: bytes = 0, LastModified, ETag: version = '' } = answer;
    return { path, bytes, createdAt: LastModified?.getTime() ?? 0, version };
  }

  /**
   * Writes an object if what stands there is what is expected. Sent with its SHA-256, which the service verifies.
   * @returns the new ETag, or null when something else stands there (or, unlike expected, nothing)
   */
  async put(path: string, bytes: Uint8Array, options: PutOptions): Promise<string | null> {
    const writeId = hex(systemRandom.bytes(16));
    const target = { ...this.#at(path), ...this.#kept(options, writeId) };
    const condition: Condition =
      options.expected === null ? { IfNoneMatch: '*' } : { IfMatch: options.expected };
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#putOnce(target, condition, bytes);
      } catch (error) {
        const { attempts, status } = callFacts('s3', error);
        const isLost = status === 412 || isNamed(error, 'NoSuchUpload', 'NoSuchKey');
        if (isLost && attempts + attempt === 2) return null;
        // The answer to an attempt before this one may have been lost.
        if (isLost) return await this.#ownWrite(path, writeId);
        // A concurrent writer: who won shows at the next attempt.
        if (status !== 409 || attempt === ATTEMPTS) throw awsError('s3', error);
        await waitAfter(attempt, this.#place.signal);
      }
    }
  }

  /** Every object below a prefix of paths, page by page. */
  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    let token: string | undefined;
    do {
      const from = { ...this.address, Prefix: this.#prefix + prefix, ContinuationToken: token };
      const page = await awsCall('s3', () =>
        this.#client.send(new ListObjectsV2Command(from), this.#options),
      );
      for (const { Key = '', Size = 0, LastModified } of page.Contents ?? []) {
        const path = this.#pathOf(Key, prefix);
        if (path !== null) yield { path, bytes: Size, createdAt: LastModified?.getTime() ?? 0 };
      }
      token = nextPage(token, page.IsTruncated === true ? page.NextContinuationToken : undefined);
    } while (token !== undefined);
  }

  /** Every version and deletion mark below a prefix of paths. */
  async *versions(prefix: string): AsyncGenerator<ObjectVersionId> {
    let from: { KeyMarker?: string; VersionIdMarker?: string } = {};
    for (;;) {
      const asked = { ...this.address, Prefix: this.#prefix + prefix, ...from };
      const page = await awsCall('s3', () =>
        this.#client.send(new ListObjectVersionsCommand(asked), this.#options),
      );
      for (const { Key = '', VersionId = 'null' } of [
        ...(page.Versions ?? []),
        ...(page.DeleteMarkers ?? []),
      ]) {
        const path = this.#pathOf(Key, prefix);
        if (path !== null) yield { path, versionId: VersionId };
      }
      if (page.IsTruncated !== true) return;
      const { NextKeyMarker: key, NextVersionIdMarker: version } = page;
      nextPage(`${from.KeyMarker} ${from.VersionIdMarker}`, `${key} ${version}`);
      from = {
        ...(key !== undefined && { KeyMarker: key }),
        ...(version !== undefined && { VersionIdMarker: version }),
      };
    }
  }

  /**
   * Removes every version of an object. The current one goes last, so that an interrupted removal leaves an object that
   * can be found again. @returns versions removed, marks of former deletions included
   */
  async removeAll(path: string): Promise<number> {
    const at = this.#at(path);
    for (let removed = 0; ;) {
      const found: string[] = [];
      for await (const each of this.versions(path))
        if (each.path === path) found.push(each.versionId);
      if (found.length === 0) return removed;
      for (const VersionId of found.reverse()) {
        const version = new DeleteObjectCommand({ ...at, VersionId });
        await awsCall('s3', () => this.#client.send(version, this.#options));
      }
      removed += found.length;
    }
  }

  /** Ends the connections. */
  close(): void {
    this.#client.destroy();
  }

  get #options(): { abortSignal?: AbortSignal } {
    const { signal } = this.#place;
    return signal === undefined ? {} : { abortSignal: signal };
  }

  #at(path: string): { Bucket: string; ExpectedBucketOwner?: string; Key: string } {
    checkPath(path);
    return { ...this.address, Key: this.#prefix + path };
  }

  /** The path of a listed key, or null for what this store has not written and a server should not have listed. */
  #pathOf(key: string, prefix: string): string | null {
    return key.startsWith(this.#prefix + prefix) ? key.slice(this.#prefix.length) : null;
  }

  #kept({ retention = null }: PutOptions, writeId: string): object {
    const { kmsKeyId } = this.#place;
    return {
      Metadata: { [WRITE_ID]: writeId },
      ...(kmsKeyId !== undefined && {
        ServerSideEncryption: 'aws:kms',
        SSEKMSKeyId: kmsKeyId,
        BucketKeyEnabled: true,
      }),
      ...(retention !== null && {
        ObjectLockMode: retention.mode,
        ObjectLockRetainUntilDate: retention.until,
      }),
    };
  }

  async #putOnce(
    target: { readonly Bucket: string; readonly Key: string },
    condition: Condition,
    bytes: Uint8Array,
  ): Promise<string> {
    const partBytes = this.#place.partBytes ?? PART_BYTES;
    if (bytes.length > partBytes) {
      const sender = { client: this.#client, options: this.#options };
      return putInParts(sender, { ...target, condition, partBytes }, bytes);
    }
    const ChecksumSHA256 = base64(sha256(bytes));
    const put = new PutObjectCommand({ ...target, ...condition, Body: bytes, ChecksumSHA256 });
    return (await this.#client.send(put, this.#options)).ETag ?? '';
  }

  #head(path: string): Promise<HeadObjectCommandOutput | null> {
    const head = new HeadObjectCommand(this.#at(path));
    return awsCall('s3', () => this.#present(() => this.#client.send(head, this.#options)));
  }

  /** The ETag of what stands at a path if this very write put it there. */
  async #ownWrite(path: string, writeId: string): Promise<string | null> {
    const answer = await this.#head(path);
    return answer?.Metadata?.[WRITE_ID] === writeId ? (answer.ETag ?? '') : null;
  }

  /** Null where no object is. A bucket that is not there is an error, as far as the answer tells it. */
  async #present<T>(send: () => Promise<T>): Promise<T | null> {
    try {
      return await send();
    } catch (error) {
      if (isNamed(error, 'NoSuchKey', 'NotFound')) return null;
      throw error;
    }
  }
}
