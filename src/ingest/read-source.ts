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
import type { SourceFile } from './discover.ts';
import { readSidecar } from './grants.ts';
import { readRegular } from './read-regular.ts';

/** Default limit of a file's size in bytes. */
const MAX_FILE_BYTES = 50 * 1024 * 1024;

/** A source file with what stands beside it. */
export interface SourceContent {
  readonly bytes: Uint8Array;
  /** The sidecar file's bytes; none when there is none. */
  readonly sidecar: Uint8Array;
  /** SHA-256 over both, by which an unchanged document is recognised. */
  readonly content: Uint8Array;
}

/**
 * Reads a file and its sidecar.
 * @throws {SOURCE_TOO_LARGE} {@link SOURCE_UNREADABLE} {@link SOURCE_OUTSIDE}
 */
export async function readSource(
  source: SourceFile,
  access: AccessFile,
  maxBytes: number = MAX_FILE_BYTES,
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
