// SPDX-License-Identifier: Apache-2.0
import { fromUtf8, jcs, utf8 } from '../core/index.ts';
import { INITIAL_LOCK, type LockState, type LockStore } from '../provenance/index.ts';
import { parseLock } from '../store/index.ts';
import { S3Bucket } from './s3-bucket.ts';
import type { S3Place } from './s3-place.ts';

/**
 * The sequencer's lock record as one object that is swapped by its ETag. It lies in a bucket of its own that sequencers
 * alone may write: whoever can put an older record there can have the log key sign an older log.
 */
export class S3LockStore implements LockStore {
  readonly #bucket: S3Bucket;
  readonly #path: string;

  constructor(place: S3Place, tenantId: string) {
    this.#bucket = new S3Bucket(place);
    this.#path = `lock/${tenantId}`;
  }

  async read(): Promise<LockState> {
    return (await this.#read()).state;
  }

  async swap(expected: LockState, next: LockState): Promise<boolean> {
    const { state, version } = await this.#read();
    if (jcs(state) !== jcs(expected)) return false;
    const swapped = await this.#bucket.put(this.#path, utf8(jcs(next)), { expected: version });
    return swapped !== null;
  }

  close(): void {
    this.#bucket.close();
  }

  async #read(): Promise<{ readonly state: LockState; readonly version: string | null }> {
    const stored = await this.#bucket.get(this.#path);
    if (stored === null) return { state: INITIAL_LOCK, version: null };
    return { state: parseLock(fromUtf8(stored.bytes)), version: stored.version };
  }
}
