// SPDX-License-Identifier: Apache-2.0
// The store as everybody sees it: what was written, with the adversary's lies laid over it. The truth stays known.
import type { ObjectInfo, ObjectStore, ObjectVersion, StoredObject } from '../../src/core/index.ts';

const LIE = 'a lie';

/** An object store that lies where it is told to. A write to a path ends the lie about it. */
export class HostileStore implements ObjectStore {
  readonly truth: ObjectStore;
  /** What is shown instead of the truth; null: nothing is there. */
  readonly lies = new Map<string, Uint8Array | null>();
  /** Told after each successful replacement of an object. */
  onSwap: (path: string, bytes: Uint8Array) => Promise<void> = () => Promise.resolve();

  constructor(truth: ObjectStore) {
    this.truth = truth;
  }

  async putIfAbsent(path: string, bytes: Uint8Array): Promise<boolean> {
    const lie = this.lies.get(path);
    if (lie === undefined) return this.truth.putIfAbsent(path, bytes);
    if (lie !== null) return false;
    this.lies.delete(path);
    await this.truth.delete(path);
    return this.truth.putIfAbsent(path, bytes);
  }

  async compareAndSwap(
    path: string,
    expected: ObjectVersion | null,
    bytes: Uint8Array,
  ): Promise<boolean> {
    const lie = this.lies.get(path);
    let version = expected;
    if (lie !== undefined) {
      if (expected !== (lie === null ? null : LIE)) return false;
      this.lies.delete(path);
      version = (await this.truth.get(path))?.version ?? null;
    }
    const isSwapped = await this.truth.compareAndSwap(path, version, bytes);
    if (isSwapped) await this.onSwap(path, bytes);
    return isSwapped;
  }

  async get(path: string): Promise<StoredObject | null> {
    const lie = this.lies.get(path);
    if (lie === undefined) return this.truth.get(path);
    return lie === null ? null : { bytes: Uint8Array.from(lie), version: LIE };
  }

  async getRange(path: string, offset: number, length: number): Promise<Uint8Array | null> {
    const lie = this.lies.get(path);
    if (lie === undefined) return this.truth.getRange(path, offset, length);
    return lie === null ? null : lie.slice(offset, offset + length);
  }

  async stat(path: string): Promise<ObjectInfo | null> {
    const lie = this.lies.get(path);
    if (lie === undefined) return this.truth.stat(path);
    return lie === null ? null : { path, bytes: lie.length, createdAt: 0 };
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    for await (const info of this.truth.list(prefix)) {
      if (this.lies.get(info.path) !== null) yield info;
    }
  }

  async delete(path: string): Promise<void> {
    this.lies.delete(path);
    await this.truth.delete(path);
  }
}
