// SPDX-License-Identifier: Apache-2.0
// Errors of the file system name paths of the machine; the typed ones that they become do not.
import { fail, isStrongroomError } from '../core/index.ts';

/** The code of an error of the file system, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** The typed error that an error of the file system stands for; any other error as it is. */
export function typedFileError(error: unknown): unknown {
  const errno = codeOf(error);
  if (errno === undefined || isStrongroomError(error)) return error;
  return errno === 'ENOSPC' || errno === 'EDQUOT'
    ? fail('STORE_FULL', 'the disk is full', { errno }, error)
    : fail('STORE_FAILED', 'a file of the vault could not be read or written', { errno }, error);
}

/** Does work with files. @throws {STORE_FULL} {@link STORE_FAILED} */
export async function withFileErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw typedFileError(error);
  }
}
