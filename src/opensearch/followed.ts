// SPDX-License-Identifier: Apache-2.0
// One document that is no row: up to which size of the log the index was brought. Kept by the engine, so it is a hint.
import type { SearchService } from './connection.ts';

const ID = 'followed';

/** The size that was noted last; 0 when none was, or nothing that could be one. */
export async function readFollowed(service: SearchService, alias: string): Promise<number> {
  const path = `/${alias}/_doc/${ID}`;
  const { status, body } = await service.call({ method: 'GET', path, expected: [404] });
  const { _source: source } = (body ?? {}) as { readonly _source?: { readonly at?: unknown } };
  const at = source?.at;
  return status === 200 && Number.isSafeInteger(at) ? Math.max(0, at as number) : 0;
}

/** Notes a size. Of writers that are not equally far, the last one wins: the next start then looks at more documents. */
export async function writeFollowed(
  service: SearchService,
  alias: string,
  size: number,
): Promise<void> {
  const lines = [{ index: { _id: ID } }, { at: size }];
  const query = { require_alias: true };
  await service.call({ method: 'POST', path: `/${alias}/_bulk`, query, lines });
}
