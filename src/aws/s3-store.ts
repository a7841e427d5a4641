// SPDX-License-Identifier: Apache-2.0
import {
  type Clock,
  type ObjectInfo,
  type ObjectStore,
  type ObjectVersion,
  type StoredObject,
} from '../core/index.ts';
import { checkPrefix, isObjectPath } from '../store/index.ts';
import { S3Bucket } from './s3-bucket.ts';
import type { Retention, S3Place } from './s3-place.ts';

/** For how long full tiles of the log are kept from everybody (S3 Object Lock). */
export interface ObjectLock {
  /** COMPLIANCE: not even the account's owner can end it early. */
  readonly mode: Retention['mode'];
  readonly days: number;
}

/** A bucket for sealed objects and the log. */
export interface S3StoreOptions extends S3Place {
  /** Needs a bucket that was made with Object Lock. Default: nothing is locked. */
  readonly objectLock?: ObjectLock | undefined;
  readonly clock: Clock;
}

const DAY = 86_400_000;
/** Paths of the log that are written once and never again: full tiles and full entry bundles (C2SP tlog-tiles). */
const FULL_TILE = /^log\/[^/]+\/tile\/(?:[0-9]+|entries)\/(?:x[0-9]{3}\/)*[0-9]{3}$/;

/**
 * An object store in an S3 bucket. Writes carry their SHA-256 and a condition (`If-None-Match`, `If-Match`), so that one
 * of many concurrent writers wins; versions are ETags as the service gave them. `delete` removes every version of an
 * object. Needs `s3:ListBucket`: without it the service answers "denied" where nothing is.
 *
 * Every call throws {@link SERVICE_BUSY}, {@link SERVICE_UNREACHABLE}, {@link SERVICE_DENIED}, {@link CREDENTIALS_REFUSED},
 * {@link SERVICE_REGION}, {@link SERVICE_CLOCK}, {@link SERVICE_MISSING} or {@link SERVICE_FAILED}, and {@link ABORTED}
 * after the signal of its place.
 */
export class S3Store implements ObjectStore {
  readonly #bucket: S3Bucket;
  readonly #lock: ObjectLock | undefined;
  readonly #clock: Clock;

  constructor(options: S3StoreOptions) {
    this.#bucket = new S3Bucket(options);
    this.#lock = options.objectLock;
    this.#clock = options.clock;
  }

  putIfAbsent(path: string, bytes: Uint8Array): Promise<boolean> {
    return this.compareAndSwap(path, null, bytes);
  }

  async compareAndSwap(
    path: string,
    expected: ObjectVersion | null,
    bytes: Uint8Array,
  ): Promise<boolean> {
    const retention = this.#retention(path);
    return (await this.#bucket.put(path, bytes, { expected, retention })) !== null;
  }

  async get(path: string): Promise<StoredObject | null> {
    return this.#bucket.get(path);
  }

  async getRange(path: string, offset: number, length: number): Promise<Uint8Array | null> {
    if (length > 0) return this.#bucket.getRange(path, offset, length);
    return (await this.stat(path)) === null ? null : new Uint8Array(0);
  }

  async stat(path: string): Promise<ObjectInfo | null> {
    const found = await this.#bucket.head(path);
    return found === null ? null : { path, bytes: found.bytes, createdAt: found.createdAt };
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    checkPrefix(prefix);
    for await (const found of this.#bucket.list(prefix)) if (isObjectPath(found.path)) yield found;
  }

  /** Removes all versions, so that none is left to restore; what Object Lock still keeps is {@link SERVICE_DENIED}. */
  async delete(path: string): Promise<void> {
    await this.#bucket.removeAll(path);
  }

  /** Ends the connections. */
  close(): void {
    this.#bucket.close();
  }

  #retention(path: string): Retention | null {
    if (this.#lock === undefined || !FULL_TILE.test(path)) return null;
    const { mode, days } = this.#lock;
    return { mode, until: new Date(this.#clock.now() + days * DAY) };
  }
}
