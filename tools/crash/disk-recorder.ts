// SPDX-License-Identifier: Apache-2.0
// The states that a folder goes through while a process works on it: before each call, with its last write torn, and as a
// power failure leaves it.
import { createHash } from 'node:crypto';
import {
  type BigIntStats,
  chmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

/** A file as it was read. */
interface Seen {
  readonly bytes: Buffer;
  readonly mode: number;
  /** Tells one file from another one under the same number. */
  readonly id: string;
  readonly stamp: string;
}

type Files = ReadonlyMap<string, Seen>;

/** A folder that a process may have left behind. */
export interface DiskState {
  /**
   * - `stop`: everything that was written is there
   * - `torn`: of the last write only half is there
   * - `power`: what was never synced is gone: bytes of files, and names in folders
   */
  readonly fault: 'stop' | 'torn' | 'power';
  /** The call before which it was so. */
  readonly at: string;
  readonly files: ReadonlyMap<string, Pick<Seen, 'bytes' | 'mode'>>;
  /** Folders, which are always there. */
  readonly folders: ReadonlyMap<string, number>;
}

const SYNCS = ['FileHandle.sync', 'FileHandle.datasync', 'fsyncSync', 'fdatasyncSync'];
const SQLITE = /\.sqlite(-wal)?$/;
/** Databases whose last transactions SQLite does not sync (`synchronous: NORMAL`): power takes their write-ahead log. */
const UNSYNCED = /^(vault\/(ledger|journal)|home\/audit\/[^/]+)\.sqlite-wal$/;

/** Records one folder. */
export class DiskRecorder {
  readonly states: DiskState[] = [];
  readonly #root: string;
  readonly #known = new Set<string>();
  #last: Files;
  #folders = new Map<string, number>();
  /** Bytes of files as they were synced, by id. */
  readonly #synced = new Map<string, Buffer>();
  /** Names as their folders were synced: path to id. */
  readonly #names = new Map<string, string>();

  constructor(root: string) {
    this.#root = root;
    this.#last = this.#look(new Map());
    for (const [file, { id, bytes }] of this.#last) {
      this.#synced.set(id, bytes);
      this.#names.set(file, id);
    }
  }

  /** Told of each call before it is made, and once after the last. */
  before(name: string, fd: number | null): void {
    const files = this.#look(this.#last);
    const torn = tornFiles(this.#last, files);
    if (torn !== null) this.#keep('torn', name, torn);
    this.#last = files;
    this.#keep('stop', name, files);
    this.#keep('power', name, this.#afterPowerFailure(files));
    if (fd !== null && SYNCS.includes(name)) this.#sync(fd, files);
  }

  /** What was kept before may be kept again: something has been promised since. */
  forget(): void {
    this.#known.clear();
  }

  #keep(fault: DiskState['fault'], at: string, files: DiskState['files']): void {
    const hash = createHash('sha256').update(`${fault === 'torn'}`);
    for (const [file, { bytes }] of [...files].sort(byName)) hash.update(file).update(bytes);
    const digest = hash.digest('hex');
    if (this.#known.has(digest)) return;
    this.#known.add(digest);
    this.states.push({ fault, at, files, folders: new Map(this.#folders) });
  }

  #sync(fd: number, files: Files): void {
    const stats = fstatSync(fd, { bigint: true });
    if (!stats.isDirectory()) {
      const file = [...files.values()].find(({ id }) => id === idOf(stats));
      if (file !== undefined) this.#synced.set(file.id, file.bytes);
      return;
    }
    const folder = [...this.#folders.keys()].find(
      (one) => lstatSync(path.join(this.#root, one), { bigint: true }).ino === stats.ino,
    );
    const isIn = (file: string): boolean => path.dirname(file) === folder;
    for (const file of [...this.#names.keys()]) if (isIn(file)) this.#names.delete(file);
    for (const [file, { id }] of files) if (isIn(file)) this.#names.set(file, id);
  }

  /** SQLite syncs by itself what it promises to keep. */
  #afterPowerFailure(files: Files): DiskState['files'] {
    const left = new Map<string, Pick<Seen, 'bytes' | 'mode'>>();
    for (const [file, seen] of files) {
      if (SQLITE.test(file) && !UNSYNCED.test(file)) left.set(file, seen);
    }
    const modes = new Map([...files.values()].map(({ id, mode }) => [id, mode]));
    for (const [file, id] of this.#names) {
      if (SQLITE.test(file)) continue;
      left.set(file, {
        bytes: this.#synced.get(id) ?? Buffer.alloc(0),
        mode: modes.get(id) ?? 0o600,
      });
    }
    return left;
  }

  #look(before: Files): Files {
    const files = new Map<string, Seen>();
    this.#folders = new Map();
    const visit = (folder: string): void => {
      const at = path.join(this.#root, folder);
      this.#folders.set(folder, lstatSync(at).mode & 0o777);
      for (const entry of readdirSync(at, { withFileTypes: true })) {
        const name = path.join(folder, entry.name);
        if (entry.isDirectory()) visit(name);
        // Readers of the write-ahead log share this one; it is made anew by the first of them.
        else if (!name.endsWith('-shm')) files.set(name, this.#read(name, before.get(name)));
      }
    };
    visit('.');
    return files;
  }

  #read(name: string, before: Seen | undefined): Seen {
    const file = path.join(this.#root, name);
    const stats = lstatSync(file, { bigint: true });
    const [id, stamp] = [idOf(stats), `${stats.mtimeNs} ${stats.size}`];
    if (before?.id === id && before.stamp === stamp) return before;
    return { bytes: readFileSync(file), mode: Number(stats.mode) & 0o777, id, stamp };
  }
}

/** Writes a state into an empty folder. */
export function lay(state: DiskState, root: string): void {
  for (const [folder, mode] of [...state.folders].sort(byName)) {
    mkdirSync(path.join(root, folder), { recursive: true });
    chmodSync(path.join(root, folder), mode);
  }
  for (const [file, { bytes, mode }] of state.files) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), bytes, { mode });
  }
}

/** The files with half of what the last call wrote, or null when it wrote nothing: renaming is not writing. */
function tornFiles(before: Files, after: Files): Files | null {
  const ids = new Set([...before.values()].map(({ id }) => id));
  const torn = new Map(after);
  for (const [name, seen] of after) {
    const old = before.get(name);
    if (old === seen || (old?.id !== seen.id && ids.has(seen.id))) continue;
    // SQLite writes into a database only what its log already holds.
    if (SQLITE.test(name) && !isGrownLog(name, before, after)) continue;
    const kept = old?.id === seen.id ? sharedBytes(old.bytes, seen.bytes) : 0;
    const end = kept + ((seen.bytes.length - kept) >> 1);
    if (end === seen.bytes.length) continue;
    // What was there behind it, stays.
    const rest = old?.id === seen.id ? old.bytes.subarray(end) : Buffer.alloc(0);
    torn.set(name, { ...seen, bytes: Buffer.concat([seen.bytes.subarray(0, end), rest]) });
  }
  return [...torn].some(([name, seen]) => after.get(name) !== seen) ? torn : null;
}

function isGrownLog(name: string, before: Files, after: Files): boolean {
  const database = name.replace(/-wal$/, '');
  return database !== name && before.get(database) === after.get(database);
}

function sharedBytes(a: Buffer, b: Buffer): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at += 1;
  return at;
}

function idOf(stats: BigIntStats): string {
  return `${stats.ino} ${stats.birthtimeNs}`;
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
