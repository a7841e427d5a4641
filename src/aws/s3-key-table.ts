// SPDX-License-Identifier: Apache-2.0
// Wrapped data keys as objects of a bucket, which must be one in which deleting deletes.
import { GetBucketVersioningCommand, GetObjectLockConfigurationCommand } from '@aws-sdk/client-s3';
import { LRUCache } from 'lru-cache';
import { type Hex, need } from '../core/index.ts';
import { type KeyRef, ROW_BYTES, type SealKind } from '../keys/index.ts';
import { checkedRow, type KeyRow, type KeyRowName, type KeyTable } from '../store/index.ts';
import { awsCall, isNamed } from './aws-error.ts';
import { S3Bucket } from './s3-bucket.ts';
import type { S3Place } from './s3-place.ts';

const PATH = /^dek\/([a-z0-9-]+)\/([a-z]+)\/([A-Za-z0-9_-]+)\/([0-9]+)-([0-9a-f]{64})$/;
/** Requests at the same time. */
const PARALLEL = 16;
/** Rows that were read before; what is erased leaves them at once here, and elsewhere when they are this old. */
const CACHE = { max: 10_000, ttl: 300_000 };

/**
 * The key table in an S3 bucket: one object for each row, so that workers do not wait for each other and an erasure
 * touches nothing else. The bucket must never have had versions and must not lock objects: this is verified before the
 * first row is written or purged. Replication, backups and `kmsKeyId` are the operator's: a copy elsewhere is a key that
 * was not erased.
 *
 * `putAll` and `replaceAll` are not one step here: after a failure some rows may stand. Rows without an object are
 * harmless and found by `fsck`; either call may be repeated. Reads go to the bucket once and are then remembered.
 */
export class S3KeyTable implements KeyTable {
  readonly #bucket: S3Bucket;
  readonly #rows = new LRUCache<string, Uint8Array>(CACHE);
  #checked: Promise<void> | null = null;

  constructor(place: S3Place) {
    this.#bucket = new S3Bucket(place);
  }

  async putAll(rows: readonly KeyRow[]): Promise<void> {
    for (const { row } of rows) checkedRow(row);
    await this.#requireForgetful();
    await inParallel(rows, async ({ row, ...name }) => {
      await this.#bucket.put(pathOf(name), row, { expected: null });
    });
  }

  async get(ref: KeyRef, objectDigest: Hex): Promise<Uint8Array | null> {
    const path = pathOf({ ref, objectDigest });
    const known = this.#rows.get(path);
    if (known !== undefined) return Uint8Array.from(known);
    // One byte more than is right shows a row that is too long.
    const found = await this.#bucket.getRange(path, 0, ROW_BYTES + 1);
    if (found === null) return null;
    this.#rows.set(path, Uint8Array.from(checkedRow(found)));
    return found;
  }

  async replaceAll(rows: readonly KeyRow[]): Promise<void> {
    for (const { row } of rows) checkedRow(row);
    await this.#requireForgetful();
    await inParallel(rows, async ({ row, ...name }) => {
      const path = pathOf(name);
      // Against the version that is there, so that a row which is purged meanwhile does not come back.
      for (let isOpen = true; isOpen;) {
        const present = await this.#bucket.head(path);
        isOpen =
          present !== null &&
          (await this.#bucket.put(path, row, { expected: present.version })) === null;
      }
      this.#rows.delete(path);
    });
  }

  async purgeRows(rows: readonly KeyRowName[]): Promise<number> {
    await this.#requireForgetful();
    let removed = 0;
    await inParallel(rows.map(pathOf), async (path) => {
      this.#rows.delete(path);
      const versions = await this.#bucket.removeAll(path);
      removed += versions;
    });
    return removed;
  }

  async namesOf(tenantId: string, kind: SealKind, id: string): Promise<readonly KeyRowName[]> {
    const names = new Map<string, KeyRowName>();
    for await (const { path } of this.#bucket.list(`dek/${tenantId}/${kind}/${id}/`)) {
      const name = nameOf(path);
      if (name !== null) names.set(path, name);
    }
    return [...names.values()];
  }

  async *list(tenantId: string): AsyncGenerator<KeyRow> {
    let some: KeyRowName[] = [];
    for await (const { path } of this.#bucket.list(`dek/${tenantId}/`)) {
      const name = nameOf(path);
      if (name !== null) some.push(name);
      if (some.length < PARALLEL) continue;
      yield* await this.#present(some);
      some = [];
    }
    yield* await this.#present(some);
  }

  /** Ends the connections. */
  close(): void {
    this.#bucket.close();
  }

  async #present(names: readonly KeyRowName[]): Promise<KeyRow[]> {
    const read = async (name: KeyRowName): Promise<KeyRow[]> => {
      const row = await this.get(name.ref, name.objectDigest);
      return row === null ? [] : [{ ...name, row }];
    };
    return (await Promise.all(names.map(read))).flat();
  }

  /** @throws {CONFIG_INVALID} for a bucket that keeps what is deleted */
  #requireForgetful(): Promise<void> {
    this.#checked ??= this.#inspect().catch((error: unknown) => {
      this.#checked = null;
      throw error;
    });
    return this.#checked;
  }

  async #inspect(): Promise<void> {
    const { client, address } = this.#bucket;
    const { Status } = await awsCall('s3', () =>
      client.send(new GetBucketVersioningCommand(address)),
    );
    const isLocked = await awsCall('s3', async () => {
      try {
        const answer = await client.send(new GetObjectLockConfigurationCommand(address));
        return answer.ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled';
      } catch (error) {
        if (isNamed(error, 'ObjectLockConfigurationNotFoundError')) return false;
        throw error;
      }
    });
    // Suspended is no better: versions of former days stay.
    const isForgetful = Status === undefined && !isLocked;
    const message = 'the bucket of the key table keeps versions, so that no key could be erased';
    need('INV-KEYS-FORGOTTEN', isForgetful, 'CONFIG_INVALID', message);
  }
}

function pathOf({ ref, objectDigest }: KeyRowName): string {
  return `dek/${ref.tenantId}/${ref.kind}/${ref.id}/${ref.no}-${objectDigest}`;
}

function nameOf(path: string): KeyRowName | null {
  const [, tenantId, kind, id, no, objectDigest] = PATH.exec(path) ?? [];
  if (tenantId === undefined || kind === undefined || id === undefined) return null;
  if (no === undefined || objectDigest === undefined) return null;
  return { ref: { tenantId, kind: kind as SealKind, id, no: Number(no) }, objectDigest };
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += PARALLEL) {
    await Promise.all(items.slice(at, at + PARALLEL).map(work));
  }
}
