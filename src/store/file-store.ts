// SPDX-License-Identifier: Apache-2.0
// Objects as files: written beside, synced, then linked or renamed into place, so that no reader sees half of one.
import { type BigIntStats, constants, type Stats, statSync } from 'node:fs';
import {
  type FileHandle,
  link,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import path from 'node:path';
import {
  hex,
  need,
  type ObjectInfo,
  type ObjectStore,
  type ObjectVersion,
  sha256,
  type StoredObject,
  systemRandom,
} from '../core/index.ts';
import { codeOf, syncDirectory, withFileErrors } from '../keys/index.ts';
import { checkPath, checkPrefix, isObjectPath } from './paths.ts';

/** Where bytes are written first; no object path reaches it. */
const TEMPORARY = '.incoming';
/** Opening a pipe for reading would wait for a writer. */
const READ = constants.O_RDONLY | (process.platform === 'win32' ? 0 : constants.O_NONBLOCK);

/**
 * Milliseconds after which two writes of a file have different times on every file system: until then its times tell
 * nothing, since a second write may leave the same ones, and an inode number may come back.
 */
const SETTLED_MILLISECONDS = 3000;

/** An object store in a directory of a local file system. Durable: files and directory entries are synced. */
export class FileStore implements ObjectStore {
  readonly #root: string;
  readonly #known = new Set<string>();
  #swaps: Promise<unknown> = Promise.resolve();

  /** @param root directory of the store; made on first write */
  constructor(root: string) {
    this.#root = root;
  }

  async putIfAbsent(objectPath: string, bytes: Uint8Array): Promise<boolean> {
    const file = this.#file(objectPath);
    return withFileErrors(async () => {
      await this.#makeDirectory(path.dirname(file));
      const temporary = await this.#writeTemporary(bytes);
      let isNew = true;
      try {
        await link(temporary, file);
      } catch (error) {
        // Something that is no file stands in the way: the caller must not take that for a stored object.
        if (codeOf(error) !== 'EEXIST' || (await fileStats(file)) === null) throw error;
        isNew = false;
      } finally {
        await rm(temporary, { force: true });
      }
      // Even when another writer was first: his name for it may not be durable yet.
      await syncDirectory(path.dirname(file));
      return isNew;
    });
  }

  /** Atomic among the users of this instance; between processes the vault's writer lock serialises. */
  compareAndSwap(
    objectPath: string,
    expected: ObjectVersion | null,
    bytes: Uint8Array,
  ): Promise<boolean> {
    if (expected === null) return this.putIfAbsent(objectPath, bytes);
    const run = this.#swaps.then(() => this.#swap(objectPath, expected, bytes));
    this.#swaps = run.catch(() => undefined);
    return run;
  }

  async get(objectPath: string): Promise<StoredObject | null> {
    return this.#read(objectPath, async (handle) => {
      const bytes = await handle.readFile();
      return { bytes, version: versionOf(bytes) };
    });
  }

  async getRange(objectPath: string, offset: number, length: number): Promise<Uint8Array | null> {
    return this.#read(objectPath, async (handle, size) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, offset);
      return bytes.subarray(0, bytesRead);
    });
  }

  async stat(objectPath: string): Promise<ObjectInfo | null> {
    const file = this.#file(objectPath);
    return withFileErrors(async () => {
      const stats = await fileStats(file);
      return stats === null ? null : infoOf(objectPath, stats);
    });
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    checkPrefix(prefix);
    const directories = [prefix.slice(0, prefix.lastIndexOf('/') + 1)];
    for (let at = directories.pop(); at !== undefined; at = directories.pop()) {
      const here = at;
      const directory = path.join(this.#root, here);
      const entries = await withFileErrors(async () => {
        const found = await absentAsNull(readdir(directory, { withFileTypes: true }));
        if (found !== null) await this.#requireOwn(directory);
        return found;
      });
      for (const entry of entries ?? []) {
        const child = here + entry.name;
        // Whatever else lies in the directory is no object.
        if (!isObjectPath(child)) continue;
        if (entry.isDirectory()) directories.push(`${child}/`);
        else if (entry.isFile() && child.startsWith(prefix)) {
          const found = await this.stat(child);
          if (found !== null) yield found;
        }
      }
    }
  }

  async delete(objectPath: string): Promise<void> {
    const file = this.#file(objectPath);
    await withFileErrors(async () => {
      await absentAsNull(this.#requireOwn(path.dirname(file)));
      await absentAsNull(rm(file));
      await absentAsNull(syncDirectory(path.dirname(file)));
    });
  }

  /**
   * Inode, size and times of the file, which every write changes; null for three seconds after the last one.
   * A network file system may tell what it remembers instead, for as long as it is mounted to.
   */
  changeToken(objectPath: string): ObjectVersion | null {
    const stats = statsNow(this.#file(objectPath));
    if (stats?.isFile() !== true) return null;
    const { ino, size, mtimeNs, ctimeNs, mtimeMs, ctimeMs } = stats;
    const written = Number(mtimeMs > ctimeMs ? mtimeMs : ctimeMs);
    if (Date.now() - written < SETTLED_MILLISECONDS) return null;
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  }

  async #swap(objectPath: string, expected: ObjectVersion, bytes: Uint8Array): Promise<boolean> {
    const file = this.#file(objectPath);
    const present = await this.get(objectPath);
    if (present?.version !== expected) return false;
    return withFileErrors(async () => {
      await this.#requireOwn(path.dirname(file));
      const temporary = await this.#writeTemporary(bytes);
      try {
        await rename(temporary, file);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
      await syncDirectory(path.dirname(file));
      return true;
    });
  }

  /** Reads a regular file: a pipe or a device that somebody put into the directory might never end. */
  async #read<T>(
    objectPath: string,
    work: (handle: FileHandle, size: number) => Promise<T>,
  ): Promise<T | null> {
    const file = this.#file(objectPath);
    return withFileErrors(async () => {
      const handle = await absentAsNull(open(file, READ));
      if (handle === null) return null;
      try {
        const stats = await handle.stat();
        return stats.isFile() ? await work(handle, stats.size) : null;
      } finally {
        await handle.close();
      }
    });
  }

  async #writeTemporary(bytes: Uint8Array): Promise<string> {
    const directory = path.join(this.#root, TEMPORARY);
    await this.#makeDirectory(directory);
    // Random, since other instances and processes write into the same directory.
    const file = path.join(directory, hex(systemRandom.bytes(16)));
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } catch (error) {
      await rm(file, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
    return file;
  }

  /** Makes a directory durable together with the names that lead to it. */
  async #makeDirectory(directory: string): Promise<void> {
    if (this.#known.has(directory)) return;
    const first = await mkdir(directory, { recursive: true, mode: 0o700 });
    if (first !== undefined) {
      for (let at = directory; at.length >= first.length; at = path.dirname(at)) {
        await syncDirectory(path.dirname(at));
      }
    }
    await this.#requireOwn(directory);
    this.#known.add(directory);
  }

  /** A directory that somebody replaced by a link would lead writing, listing and deleting to other people's files. */
  async #requireOwn(directory: string): Promise<void> {
    const inside = path.relative(this.#root, directory);
    const isOwn = (await realpath(directory)) === path.join(await realpath(this.#root), inside);
    need('INV-STORE-LINK', isOwn, 'STORE_FAILED', 'a directory of the store is a link');
  }

  #file(objectPath: string): string {
    checkPath(objectPath);
    return path.join(this.#root, ...objectPath.split('/'));
  }
}

function infoOf(objectPath: string, stats: Stats): ObjectInfo {
  return { path: objectPath, bytes: stats.size, createdAt: stats.mtimeMs };
}

function versionOf(bytes: Uint8Array): ObjectVersion {
  return hex(sha256(bytes));
}

/** Facts of a regular file, or null when there is none. */
async function fileStats(file: string): Promise<Stats | null> {
  const stats = await absentAsNull(stat(file));
  return stats?.isFile() === true ? stats : null;
}

/** Facts of what stands at a path; null when there is nothing, or when whoever reads it will hear why it cannot be. */
function statsNow(file: string): BigIntStats | null {
  try {
    return statSync(file, { bigint: true, throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}

/** Codes of a path at which there is no file. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ERR_FS_EISDIR', 'ENXIO']);

async function absentAsNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (ABSENT.has(codeOf(error) ?? '')) return null;
    throw error;
  }
}
