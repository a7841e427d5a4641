// SPDX-License-Identifier: Apache-2.0
// Files that a command line names.
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { concat, fail } from '../core/index.ts';
import { MAX_RECEIPT_BYTES } from '../provenance/index.ts';
import type { Invocation } from './command.ts';

/** Nothing that is named on the command line is longer than the longest receipt. */
const MAX_NAMED_BYTES = MAX_RECEIPT_BYTES;

/**
 * Reads a file that was named, and of a longer one than any may be no more than shows it.
 * @throws {USAGE} saying what it was meant to be
 */
export async function readNamed(
  { world }: Invocation<unknown>,
  file: string,
  what: string,
): Promise<Uint8Array> {
  try {
    const parts: Uint8Array[] = [];
    const stream = createReadStream(path.resolve(world.cwd, file), { end: MAX_NAMED_BYTES });
    for await (const part of stream) parts.push(part as Uint8Array);
    return concat(...parts);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'does not exist' : 'could not be read';
    throw fail('USAGE', `the ${what} ${why}`, {}, error);
  }
}

/** Writes a result into a file that was named. @throws {STORE_FULL} {@link STORE_FAILED} */
export async function writeNamed(
  { world }: Invocation<unknown>,
  file: string,
  what: string,
  text: string,
): Promise<void> {
  await writeFile(path.resolve(world.cwd, file), text).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw fail('STORE_FULL', `the disk is full: the ${what} was not written`, {}, error);
    }
    const why = code === 'ENOENT' ? ': its folder does not exist' : '';
    throw fail('STORE_FAILED', `the ${what} could not be written${why}`, {}, error);
  });
}
