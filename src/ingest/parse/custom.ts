// SPDX-License-Identifier: Apache-2.0
// Loaders that users of the library bring for formats of their own.
import { fail, isStrongroomError } from '../../core/index.ts';
import type { BlockKind, Loader, ParseOptions, Source } from './document.ts';
import { Draft } from './draft.ts';
import { NOWHERE, withoutPlaces } from './foreign-draft.ts';
import { loaderFor } from './loaders.ts';

/** A piece of a document that belongs together. */
export interface LoadedBlock {
  /** Default `paragraph`. */
  readonly kind?: BlockKind;
  /** As a reader sees it; blank blocks are left out. */
  readonly text: string;
  /** 1 to 6; of headings only, and then the text is the heading. */
  readonly level?: number;
  /** From 1; of paged formats only. */
  readonly page?: number;
}

/** What a file is, read. */
export interface LoadedDocument {
  readonly title?: string | null;
  readonly mediaType: string;
  readonly blocks: readonly LoadedBlock[];
}

/**
 * Reads files of one format. It is the caller's code and runs in the caller's process: it is trusted with the file and nothing
 * guards against it. What it gives is screened for hidden text, cut, sealed and signed like everything else.
 */
export interface CustomLoader {
  /**
   * Name and version, such as `acme-wiki@2`, up to 64 characters; it stands in the signed statement. Files are ingested again
   * when it changes.
   */
  readonly id: string;
  /** True for a lower-case extension without dot, or a media type without parameters, that the loader reads. */
  matches(name: string): boolean;
  /** Reads a file. What it throws makes the file be reported as malformed, with the rest of the run going on. */
  load(source: Source, options: Pick<ParseOptions, 'signal'>): Promise<LoadedDocument>;
}

const ID = /^[a-z0-9][a-z0-9.-]{0,47}@[a-z0-9.-]{1,15}$/;

/**
 * Finds the loader of a file: the first of the caller's that takes it, else a built-in one.
 * @throws {USAGE} for an id that is not `name@version`, or that is given twice
 */
export function loadersWith(custom: readonly CustomLoader[]): (source: Source) => Loader | null {
  const ids = custom.map(({ id }) => id);
  if (!ids.every((id) => ID.test(id)) || new Set(ids).size < ids.length) {
    throw fail('USAGE', 'the id of a loader must be NAME@VERSION, and no other loader may have it');
  }
  const own = custom.map(loaderOf);
  return (source) => loaderFor(source, own);
}

function loaderOf(custom: CustomLoader): Loader {
  return {
    id: custom.id,
    matches: (name) => custom.matches(name),
    async parse(source, options = {}) {
      const { title = null, mediaType, blocks } = await loaded(custom, source, options);
      const draft = new Draft(NOWHERE, options.maxBytes);
      for (const { kind = 'paragraph', text, level, page } of blocks) {
        draft.open(level === undefined ? kind : 'heading', level, page);
        draft.whole(text.toWellFormed(), 0, 0);
        draft.close(level === undefined ? undefined : text);
      }
      return withoutPlaces(draft.finish({ parser: custom.id, mediaType, title }));
    },
  };
}

async function loaded(
  custom: CustomLoader,
  source: Source,
  { signal }: ParseOptions,
): Promise<LoadedDocument> {
  try {
    const document = await custom.load(source, signal === undefined ? {} : { signal });
    if (isSound(document)) return document;
  } catch (error) {
    if (isStrongroomError(error)) throw error;
    // What foreign code says of a file may quote it: the cause stays out of what is printed.
    throw fail('SOURCE_MALFORMED', 'the loader of this type of file gave up', {}, error);
  }
  throw fail('SOURCE_MALFORMED', 'the loader of this type of file gave no sound document');
}

function isSound({ mediaType, blocks }: LoadedDocument): boolean {
  const isLevel = (n: number | undefined): boolean =>
    n === undefined || (Number.isInteger(n) && n >= 1 && n <= 6);
  const isPage = (n: number | undefined): boolean =>
    n === undefined || (Number.isSafeInteger(n) && n >= 1);
  return (
    typeof mediaType === 'string' &&
    /^[\x21-\x7e]{1,127}$/.test(mediaType) &&
    blocks.every(
      ({ text, level, page }) => typeof text === 'string' && isLevel(level) && isPage(page),
    )
  );
}
