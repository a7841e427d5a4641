// SPDX-License-Identifier: Apache-2.0
import path from 'node:path';
import { z } from 'zod';
import { fromUtf8, type Hex, utf8 } from '../core/index.ts';
import { privateDirectory, readIfPresent, writePrivateFile } from '../keys/index.ts';

const schema = z.array(z.string().regex(/^[0-9a-f]{64}$/));

/** Digests of index segments that need not be verified row by row again. */
export interface SegmentMemory {
  has(digest: Hex): boolean;
  /** Remembers exactly these digests from now on. */
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
    await privateDirectory(path.dirname(this.#file));
    await writePrivateFile(this.#file, utf8(JSON.stringify(digests)));
  }
}
