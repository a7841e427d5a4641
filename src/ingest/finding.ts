// SPDX-License-Identifier: Apache-2.0
import type { Census } from './census.ts';
import type { DiscoverOptions, DocumentSource, SourceFile } from './source.ts';
import type { IngestTally } from './tally.ts';

/** Where a run notes what it finds. */
export interface Notes {
  readonly tally: IngestTally;
  readonly census: Census;
  /** Throws when the run was cancelled. */
  readonly check: () => void;
}

/** What is to be ingested: found first where it is to be counted, else while it is ingested. */
export async function* findSources(
  from: DocumentSource,
  options: DiscoverOptions,
  notes: Notes,
): AsyncGenerator<SourceFile> {
  if (!from.isCountedFirst) {
    yield* found(from, options, notes);
    return;
  }
  const sources: SourceFile[] = [];
  for await (const source of found(from, options, notes)) sources.push(source);
  yield* sources;
}

async function* found(
  from: DocumentSource,
  options: DiscoverOptions,
  { tally, census, check }: Notes,
): AsyncGenerator<SourceFile> {
  for await (const one of from.discover(options)) {
    check();
    if (one.kind === 'file') {
      tally.files += 1;
      yield one.source;
    } else if (one.kind === 'folder') census.folders.add(one.root);
    else {
      // What is there but not taken is not gone: pruning leaves it alone.
      census.meet(one.uri);
      if (one.kind === 'refused') tally.fail(one.uri, one.error);
      else tally[one.reason] += 1;
    }
  }
}
