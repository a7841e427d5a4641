// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { fail, need } from '../core/index.ts';

// A path that was resolved has no link at its end; waiting for the other end of a pipe would never end.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Reads a regular file at a resolved path. Between finding a file and reading it somebody may put a link, a pipe or a
 * larger file in its place: what is opened is looked at again.
 * @throws {SOURCE_UNREADABLE} when it is no regular file any more; {SOURCE_TOO_LARGE} when it has more than `maxBytes`
 *   bytes; the error of the operating system when it cannot be opened, also because a link is in its place
 */
export async function readRegular(file: string, maxBytes: number): Promise<Uint8Array> {
  const handle = await open(file, FLAGS);
  try {
    const stats = await handle.stat();
    need('INV-SOURCE-REGULAR', stats.isFile(), 'SOURCE_UNREADABLE', 'a file is no regular file');
    if (stats.size > maxBytes) throw tooLarge(stats.size, maxBytes);
    return await readAll(handle, stats.size, maxBytes);
  } finally {
    await handle.close();
  }
}

/** Reads to the end of the file, which may move while it is read. */
async function readAll(
  handle: FileHandle,
  expected: number,
  maxBytes: number,
): Promise<Uint8Array> {
  let bytes = new Uint8Array(expected + 1);
  for (let length = 0; ;) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length);
    length += bytesRead;
    if (length > maxBytes) throw tooLarge(length, maxBytes);
    if (bytesRead === 0) return bytes.subarray(0, length);
    if (length === bytes.length) {
      const larger = new Uint8Array(Math.min(2 * length, maxBytes + 1));
      larger.set(bytes);
      bytes = larger;
    }
  }
}

function tooLarge(bytes: number, limit: number): Error {
  return fail('SOURCE_TOO_LARGE', 'a file is larger than the limit', { bytes, limit });
}
