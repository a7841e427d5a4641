// SPDX-License-Identifier: Apache-2.0
// The wrapped-key table as whoever may write its place sees it: rows of a SQLite file, or objects of a bucket.
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { IN_BUCKETS } from './aws/file-s3.ts';
import type { VaultWorld } from './vault-world.ts';

/** A stored row. */
export interface StoredKey {
  readonly id: string;
  readonly row: Uint8Array;
}

const FILES = IN_BUCKETS ? ['keys'] : ['', '-wal', '-shm'].map((suffix) => `keys.sqlite${suffix}`);

/** Rows of documents, by id. */
export async function documentKeys(world: VaultWorld): Promise<StoredKey[]> {
  if (!IN_BUCKETS) {
    const sql = "SELECT id, row FROM dek WHERE kind = 'doc' ORDER BY id";
    return edit(world, (db) => db.prepare(sql).all() as unknown as StoredKey[]);
  }
  const found: StoredKey[] = [];
  for (const file of await rowFiles(world)) {
    found.push({ id: path.basename(path.dirname(file)), row: await readFile(file) });
  }
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Puts a row in the place of every row of a document. */
export async function replaceDocumentKey(
  world: VaultWorld,
  id: string,
  row: Uint8Array,
): Promise<void> {
  if (!IN_BUCKETS) {
    const sql = "UPDATE dek SET row = ? WHERE kind = 'doc' AND id = ?";
    edit(world, (db) => db.prepare(sql).run(row, id));
    return;
  }
  for (const file of await rowFiles(world)) {
    if (path.basename(path.dirname(file)) === id) await writeFile(file, row);
  }
}

/** Removes the whole table. */
export async function removeKeyTable(world: VaultWorld): Promise<void> {
  for (const file of FILES) {
    await rm(path.join(world.vault, file), { recursive: true, force: true });
  }
}

/** Puts the table of another world in the place of this one's. */
export async function restoreKeyTable(world: VaultWorld, from: VaultWorld): Promise<void> {
  await removeKeyTable(world);
  const [file = ''] = FILES;
  await cp(path.join(from.vault, file), path.join(world.vault, file), { recursive: true });
}

async function rowFiles(world: VaultWorld): Promise<string[]> {
  const folder = path.join(world.vault, 'keys', 'dek');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\/doc\/[^/]+$/.test(entry.parentPath))
    .map((entry) => path.join(entry.parentPath, entry.name));
}

function edit<T>(world: VaultWorld, work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(path.join(world.vault, 'keys.sqlite'));
  try {
    return work(db);
  } finally {
    db.close();
  }
}
