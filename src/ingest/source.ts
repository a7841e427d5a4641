// SPDX-License-Identifier: Apache-2.0
// Where documents come from.
import type { AccessFile, DocumentGrants } from '../access/index.ts';
import type { StrongroomError } from '../core/index.ts';

/** A document that was found in a source. */
export interface SourceFile {
  /** The document's name: with the namespace it makes the document's id, and rules of the access file match it. */
  readonly uri: string;
  /** Where it lies, in the source's own terms: a path, a key of a bucket. */
  readonly file: string;
  readonly bytes: number;
  /** What was ingested as a whole, a folder or a prefix: documents of one are pruned together. */
  readonly root: string;
  /**
   * Position among the changes of this document, decimal, or null: the log refuses a document whose position is lower than
   * the one that it knows.
   */
  readonly seq?: string | null;
  /** The revision that is meant; another one found when reading means that a newer change is on its way. */
  readonly revision?: string | null;
}

/** What discovery gives: a file, or why something is none. */
export type Discovered =
  | { readonly kind: 'file'; readonly source: SourceFile }
  | { readonly kind: 'skipped'; readonly uri: string; readonly reason: SkipReason }
  | { readonly kind: 'refused'; readonly uri: string; readonly error: StrongroomError }
  /** A root of which every part could be read: what did not come before is not in it. */
  | { readonly kind: 'folder'; readonly root: string };

/** Dot files; files that the globs leave out; linked folders, pipes, sockets and devices. */
export type SkipReason = 'hidden' | 'excluded' | 'unsupported';

/** Which files to take. */
export interface DiscoverOptions {
  /** Globs on the path below the folder; default: everything. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
}

/** A document with what stands beside it. */
export interface SourceContent {
  readonly bytes: Uint8Array;
  /** The sidecar file's bytes; none when there is none. */
  readonly sidecar: Uint8Array;
  /** SHA-256 over all of it, by which an unchanged document is recognised. */
  readonly content: Uint8Array;
  /** What a catalogue demands of the document's readers beside the access file: restrictions, never readers. */
  readonly restrictions?: DocumentGrants['catalogue'];
}

/**
 * A place that documents are ingested from. Its documents are found in a fixed order and read when their turn comes;
 * what is read must be the newest content at that moment, since it is published on the version that was current before.
 */
export interface DocumentSource {
  /** What the signed statement calls it: `file`, `s3` ... */
  readonly kind: string;
  /** Namespace of its documents, unless another is named. */
  readonly namespace: string;
  /** Whether all documents are found before the first is read, so that progress knows how many there are. */
  readonly isCountedFirst: boolean;
  /**
   * Finds documents.
   * @throws {SOURCE_MISSING} when there is no such place; {USAGE} for an empty glob
   */
  discover(options: DiscoverOptions): AsyncIterable<Discovered>;
  /**
   * Reads one.
   * @param maxBytes larger ones are refused
   * @throws {SOURCE_TOO_LARGE} {@link SOURCE_UNREADABLE} {@link SOURCE_OUTSIDE} {@link SOURCE_CHANGED}
   */
  read(source: SourceFile, access: AccessFile, maxBytes: number): Promise<SourceContent>;
}
