// SPDX-License-Identifier: Apache-2.0
import { decodeSource } from './decode.ts';
import type { ParseOptions, Source } from './document.ts';
import { Draft } from './draft.ts';
import { Pace } from './pace.ts';

/** A text file under way into a document. */
export interface Reading {
  /** The decoded file. */
  readonly text: string;
  readonly draft: Draft;
  readonly pace: Pace;
}

/**
 * Begins to read a file of text.
 * @throws {ABORTED} when the signal was aborted; the errors of {@link decodeSource}
 */
export function beginReading(source: Source, { maxBytes, signal }: ParseOptions): Reading {
  const pace = new Pace(signal);
  pace.check();
  const decoded = decodeSource(source.bytes, maxBytes);
  return { text: decoded.text, draft: new Draft(decoded, maxBytes), pace };
}
