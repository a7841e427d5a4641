// SPDX-License-Identifier: Apache-2.0
// Evidence: two heads of one log that cannot both be true, as they were signed.
import path from 'node:path';
import { hex, type Hex, jcsBytes, sha256 } from '../core/index.ts';
import {
  privateDirectory,
  readIfPresent,
  withFileErrors,
  writePrivateFile,
} from '../keys/index.ts';
import type { Checkpoint } from '../provenance/index.ts';

/** A head seen before and one found now that does not continue it. */
export interface HeadConflict {
  /** `note` is the signed checkpoint of the head seen before, if it was kept. */
  readonly seen: { readonly size: number; readonly root: Hex; readonly note: string | null };
  readonly found: Checkpoint;
}

/** Directory of the evidence that a machine has gathered of one vault. */
export function evidenceDirectory(home: string, vaultId: string): string {
  return path.join(home, 'evidence', vaultId);
}

/**
 * Writes a conflict into a private directory under a name made of its content, so that one conflict is kept once.
 * @returns the file
 */
export async function keepConflict(
  directory: string,
  { seen, found }: HeadConflict,
): Promise<string> {
  const bytes = jcsBytes({
    v: 'sr/evidence/v1',
    origin: found.origin,
    seen: { ...seen },
    found: { size: found.size, root: hex(found.root), note: found.note },
  });
  const file = path.join(directory, `${hex(sha256(bytes)).slice(0, 32)}.json`);
  await withFileErrors(async () => {
    await privateDirectory(directory);
    if ((await readIfPresent(file)) === null) await writePrivateFile(file, bytes);
  });
  return file;
}
