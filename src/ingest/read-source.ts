// SPDX-License-Identifier: Apache-2.0
import type { AccessFile } from '../access/index.ts';
import {
  concat,
  fail,
  isStrongroomError,
  lp,
  sha256,
  type StrongroomError,
} from '../core/index.ts';
import { readSidecar } from './grants.ts';
import { readRegular } from './read-regular.ts';
import type { SourceContent, SourceFile } from './source.ts';

/**
 * Reads a file and its sidecar.
 * @throws {SOURCE_TOO_LARGE} {@link SOURCE_UNREADABLE} {@link SOURCE_OUTSIDE}
 */
export async function readSource(
  source: SourceFile,
  access: AccessFile,
  maxBytes: number,
): Promise<SourceContent> {
  const bytes = await readRegular(source.file, maxBytes).catch((error: unknown) => {
    if (isStrongroomError(error)) throw error;
    throw fail('SOURCE_UNREADABLE', 'the file could not be read', {}, error);
  });
  const sidecar = await readSidecar(source, access);
  return { bytes, sidecar, content: sha256(concat(lp(bytes), lp(sidecar))) };
}

/** True for errors that concern one file and leave the others alone. */
export function isOwnFault(error: unknown): error is StrongroomError {
  if (!isStrongroomError(error)) return false;
  return (
    error.area === 'ingest' || error.code === 'ACCESS_INVALID' || error.code === 'VECTOR_INVALID'
  );
}
