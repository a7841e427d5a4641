// SPDX-License-Identifier: Apache-2.0
import type { Clock, ObjectInfo, ObjectStore, ObjectVersion, StoredObject } from '../core/index.ts';
import { checkPath, checkPrefix } from './paths.ts';

interface Slot {
  readonly bytes: Uint8Array;
  readonly version: number;
  readonly createdAt: number;
}

/** An object store in memory: for tests, simulations and throw-away vaults. Nothing is durable. */
export class MemoryStore implements ObjectStore {
  readonly #slots = new Map<string, Slot>();
  readonly #clock: Clock;
  #version = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  putIfAbsent(path: string, bytes: Uint8Array): Promise<boolean> {
    return this.compareAndSwap(path, null, bytes);
  }

  // Promises, so that a bad path rejects instead of throwing.
  // eslint-disable-next-line @typescript-eslint/require-await
  async compareAndSwap(
    path: string,
    expected: ObjectVersion | null,
    bytes: Uint8Array,
  ): Promise<boolean> {
    const present = this.#slot(path);
    const version = present === null ? null : String(present.version);
    if (version !== expected) return false;
    this.#version += 1;
    const createdAt = this.#clock.now();
    this.#slots.set(path, { bytes: new Uint8Array(bytes), version: this.#version, createdAt });
    return true;
  }

  // eslint-disable-next-line @typescript-eslint/require-await
  async get(path: string): Promise<StoredObject | null> {
    const slot = this.#slot(path);
    if (slot === null) return null;
    return { bytes: new Uint8Array(slot.bytes), version: String(slot.version) };
  }

  // eslint-disable-next-line @typescript-eslint/require-await
  async getRange(path: string, offset: number, length: number): Promise<Uint8Array | null> {
    return this.#slot(path)?.bytes.slice(offset, offset + length) ?? null;
  }

  // eslint-disable-next-line @typescript-eslint/require-await
  async stat(path: string): Promise<ObjectInfo | null> {
    const slot = this.#slot(path);
    return slot === null ? null : info(path, slot);
  }

  // An async generator is what the port asks for; memory has nothing to wait for.
  // eslint-disable-next-line @typescript-eslint/require-await
  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    checkPrefix(prefix);
    for (const [path, slot] of [...this.#slots]) {
      if (path.startsWith(prefix)) yield info(path, slot);
    }
  }

  // eslint-disable-next-line @typescript-eslint/require-await
  async delete(path: string): Promise<void> {
    checkPath(path);
    this.#slots.delete(path);
  }

  changeToken(path: string): ObjectVersion | null {
    const slot = this.#slot(path);
    return slot === null ? null : String(slot.version);
  }

  #slot(path: string): Slot | null {
    checkPath(path);
    return this.#slots.get(path) ?? null;
  }
}

function info(path: string, slot: Slot): ObjectInfo {
  return { path, bytes: slot.bytes.length, createdAt: slot.createdAt };
}
