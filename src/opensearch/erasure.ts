// SPDX-License-Identifier: Apache-2.0
// Getting rid of what removed rows have left in the engine's files. Removing a row marks it; its words and vector stay in
// the segment until that is written anew, the old segment lives as long as a commit or a search refers to it, and copies
// are kept for a while so that a replica can catch up.
import type { SearchService } from './connection.ts';

interface Segment {
  readonly deleted_docs?: unknown;
  readonly committed?: unknown;
}

/** Time for the engine to write segments anew. */
const LONG = 600_000;

/**
 * Has every segment that holds a removed row written anew, and says what is still there. To be asked again while anything
 * is: engines keep removed rows for about half a minute. Rows that others change at the same time count too.
 * @throws {INDEX_UNAVAILABLE} when the cluster does not answer
 */
export async function residueOf(service: SearchService, alias: string): Promise<string[]> {
  const post = (what: string, query: Readonly<Record<string, string | boolean>> = {}) =>
    service.call({ method: 'POST', path: `/${alias}/${what}`, query, timeout: LONG });
  await post('_flush', { wait_if_ongoing: true });
  if ((await segmentsOf(service, alias)).some(isHolding)) {
    await post('_forcemerge', { only_expunge_deletes: true });
    await post('_refresh');
  }
  // The second commit lets the first one's files go.
  await post('_flush', { force: true, wait_if_ongoing: true });
  await post('_flush', { force: true, wait_if_ongoing: true });
  const segments = await segmentsOf(service, alias);
  const holding = segments.filter(isHolding).length;
  const open = await openSearches(service, alias);
  const pending: string[] = [];
  if (holding > 0) pending.push(`search engine: removed rows lie in ${holding} segments`);
  if (open > 0) pending.push(`search engine: ${open} searches under way keep former segments`);
  return pending;
}

/** A segment with removed rows, or one that the files on disk do not begin with yet. */
function isHolding({ deleted_docs, committed }: Segment): boolean {
  return deleted_docs !== 0 || committed !== true;
}

/** The segments of every copy of every shard. */
async function segmentsOf(service: SearchService, alias: string): Promise<Segment[]> {
  const { body } = await service.call({ method: 'GET', path: `/${alias}/_segments` });
  const { indices } = (body ?? {}) as {
    readonly indices?: Readonly<
      Record<
        string,
        {
          readonly shards?: Readonly<
            Record<string, readonly { readonly segments?: Readonly<Record<string, Segment>> }[]>
          >;
        }
      >
    >;
  };
  return Object.values(indices ?? {})
    .flatMap(({ shards }) => Object.values(shards ?? {}).flat())
    .flatMap(({ segments }) => Object.values(segments ?? {}));
}

async function openSearches(service: SearchService, alias: string): Promise<number> {
  const { body } = await service.call({ method: 'GET', path: `/${alias}/_stats/search` });
  const { _all: all } = (body ?? {}) as {
    readonly _all?: { readonly total?: { readonly search?: Readonly<Record<string, unknown>> } };
  };
  const search = all?.total?.search ?? {};
  const open = ['open_contexts', 'point_in_time_current', 'scroll_current'].map((name) =>
    Number(search[name] ?? 0),
  );
  return open.reduce((most, n) => Math.max(most, n), 0);
}
