// SPDX-License-Identifier: Apache-2.0
// Small private files: mode 0600, replaced atomically, durable on return.
import { constants } from 'node:fs';
import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { codeOf, withFileErrors } from './file-errors.ts';

/**
 * Creates a directory that only its owner may enter, and tightens it when it exists.
 * @throws {STORE_FULL} {@link STORE_FAILED}
 */
export function privateDirectory(directory: string): Promise<void> {
  return withFileErrors(async () => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await chmod(directory, 0o700);
  });
}

/**
 * Replaces a private file atomically. A crash leaves the old or the new content.
 * @throws {STORE_FULL} {@link STORE_FAILED}
 */
export function writePrivateFile(file: string, bytes: Uint8Array): Promise<void> {
  return withFileErrors(() => replace(file, bytes));
}

async function replace(file: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  await rm(temporary, { force: true });
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  await syncDirectory(path.dirname(file));
}

/**
 * Bytes of a file, or null when it does not exist.
 * @throws {STORE_FAILED} when something else bears its name, or it may not be read
 */
export function readIfPresent(file: string): Promise<Uint8Array | null> {
  return withFileErrors(async () => {
    try {
      return await readFile(file);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null;
      throw error;
    }
  });
}

/**
 * True when group or others may read or write the file (always false where modes mean nothing).
 * @throws {STORE_FAILED} when it is not there
 */
export function isExposed(file: string): Promise<boolean> {
  return withFileErrors(
    async () => process.platform !== 'win32' && ((await stat(file)).mode & 0o077) !== 0,
  );
}

/** Makes a rename or unlink in a directory durable. The system's errors pass as they are: callers look at their codes. */
export async function syncDirectory(directory: string): Promise<void> {
  // Windows cannot open directories; renames are journalled there.
  if (process.platform === 'win32') return;
  const handle = await open(directory, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
