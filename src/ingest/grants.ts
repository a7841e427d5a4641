// SPDX-License-Identifier: Apache-2.0
// Permissions that come with a document: a sidecar file beside it, or the front matter in it.
import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { type AccessFile, type DocumentGrants, parseGrant } from '../access/index.ts';
import { fail, fromUtf8, isStrongroomError, jcs, need } from '../core/index.ts';
import { isWithin, look, SIDECAR_ENDING } from './discover.ts';
import type { ParsedDocument } from './parse/index.ts';
import { readRegular } from './read-regular.ts';
import type { SourceFile } from './source.ts';

/** No permissions of its own. */
export const NO_GRANTS: DocumentGrants = { sidecar: null, frontMatter: null };

/** A sidecar file is a few lines of YAML. */
export const MAX_SIDECAR_BYTES = 64 * 1024;

/**
 * The bytes of a file's sidecar, or none when there is none or sidecars are switched off. One that is there and cannot
 * be read keeps its document out: it may forbid something.
 * @throws {SOURCE_OUTSIDE} when it is a link out of the folder; {SOURCE_UNREADABLE} {SOURCE_TOO_LARGE}
 */
export async function readSidecar(source: SourceFile, access: AccessFile): Promise<Uint8Array> {
  if (!access.sidecars) return new Uint8Array(0);
  const file = path.join(source.root, `${source.uri}${SIDECAR_ENDING}`);
  if (await isAbsent(file)) return new Uint8Array(0);
  const found = await look(file);
  const isInside = found === null || isWithin(source.root, found.target);
  need(
    'INV-SIDECAR-INSIDE',
    isInside,
    'SOURCE_OUTSIDE',
    'a sidecar file is a link out of the folder',
  );
  if (found?.stats.isFile() !== true) throw unreadable();
  return readRegular(found.target, MAX_SIDECAR_BYTES).catch((error: unknown) => {
    throw isStrongroomError(error) ? error : unreadable(error);
  });
}

async function isAbsent(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return false;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A name that is too long for the file system cannot be there either.
    return code === 'ENOENT' || code === 'ENAMETOOLONG';
  }
}

function unreadable(cause?: unknown): Error {
  return fail('SOURCE_UNREADABLE', 'a sidecar file could not be read', {}, cause);
}

/**
 * Reads what sidecar and front matter grant, as far as the access file lets them.
 * @throws {ACCESS_INVALID} when one of them is malformed: its document is then not ingested
 */
export function readGrants(
  sidecar: Uint8Array,
  { frontMatter, correspondents = [] }: Pick<ParsedDocument, 'frontMatter' | 'correspondents'>,
  access: AccessFile,
): DocumentGrants {
  return {
    ...(correspondents.length > 0 && { correspondents }),
    sidecar: sidecar.length === 0 ? null : parseGrant(textOf(sidecar), 'sidecar', access),
    frontMatter:
      frontMatter === null || !access.frontMatter
        ? null
        : parseGrant(frontMatter, 'frontMatter', access),
  };
}

function textOf(sidecar: Uint8Array): string {
  try {
    return fromUtf8(sidecar);
  } catch (error) {
    throw fail('ACCESS_INVALID', 'a sidecar file is not in UTF-8', {}, error);
  }
}

/** Whether a document's own grants may count under an access file; where not, they need not be opened. */
export function countGrants({ sidecars, frontMatter, rules }: AccessFile): boolean {
  return sidecars || frontMatter || rules.some(({ readers }) => readers !== undefined);
}

/** How the sealed facts of a document keep its grants: canonical JSON, or null for none. */
export function encodeGrants(grants: DocumentGrants): string | null {
  const { sidecar, frontMatter, catalogue, correspondents } = grants;
  const own = [sidecar ?? undefined, frontMatter ?? undefined, catalogue, correspondents];
  return own.every((grant) => grant === undefined) ? null : jcs(grants);
}

/** Reads {@link encodeGrants} back; the text comes from a verified document. */
export function decodeGrants(text: string | null): DocumentGrants {
  return text === null ? NO_GRANTS : (JSON.parse(text) as DocumentGrants);
}
