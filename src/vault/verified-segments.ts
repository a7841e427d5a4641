// SPDX-License-Identifier: Apache-2.0
import path from 'node:path';
import { z } from 'zod';
import { fail, fromUtf8, type Hex, isStrongroomError, utf8 } from '../core/index.ts';
import { privateDirectory, readIfPresent, writePrivateFile } from '../keys/index.ts';
import type { VaultContext } from './context.ts';
import type { SegmentEntry } from './segment-table.ts';

const schema = z.array(z.string().regex(/^[0-9a-f]{64}$/));

/** Digests of index segments that need not be verified row by row again. */
export interface SegmentMemory {
  has(digest: Hex): boolean;
  /**
   * Remembers exactly these digests from now on.
   * @throws {STORE_FAILED} when they are not kept: they will be verified again
   */
  keep(digests: readonly Hex[]): Promise<void>;
}

/**
 * Digests of index segments whose every vector this machine has compared with the signed commitments. Kept in the home
 * directory: a segment's bytes cannot change without changing its digest, so the comparison need not be repeated.
 */
export class VerifiedSegments implements SegmentMemory {
  readonly #file: string;
  readonly #digests: Set<Hex>;

  private constructor(file: string, digests: Set<Hex>) {
    this.#file = file;
    this.#digests = digests;
  }

  /** Reads the digests; a missing or damaged file means that everything is verified again. */
  static async open(file: string): Promise<VerifiedSegments> {
    const bytes = await readIfPresent(file);
    try {
      const digests = bytes === null ? [] : schema.parse(JSON.parse(fromUtf8(bytes)));
      return new VerifiedSegments(file, new Set(digests));
    } catch {
      return new VerifiedSegments(file, new Set());
    }
  }

  has(digest: Hex): boolean {
    return this.#digests.has(digest);
  }

  async keep(digests: readonly Hex[]): Promise<void> {
    if (digests.length === this.#digests.size && digests.every((d) => this.#digests.has(d))) return;
    this.#digests.clear();
    for (const digest of digests) this.#digests.add(digest);
    try {
      await privateDirectory(path.dirname(this.#file));
      await writePrivateFile(this.#file, utf8(JSON.stringify(digests)));
    } catch (error) {
      throw fail('STORE_FAILED', 'the memory of verified segments is not writable', {}, error);
    }
  }
}

/** Remembers segments if that is possible. Whatever depends on it is only slower without, so nothing else may fail for it. */
export async function rememberSegments(
  { openSegmentMemory, onAlarm }: Pick<VaultContext, 'openSegmentMemory' | 'onAlarm'>,
  table: readonly SegmentEntry[],
): Promise<void> {
  try {
    await (await openSegmentMemory()).keep(table.map((entry) => entry.sha256));
  } catch (error) {
    if (!isStrongroomError(error)) throw error;
    onAlarm({ code: error.code, message: 'verified index segments will be verified again' });
  }
}
