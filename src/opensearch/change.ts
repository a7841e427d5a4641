// SPDX-License-Identifier: Apache-2.0
import { fail } from '../core/index.ts';
import { changed } from './answers.ts';
import type { SearchService } from './connection.ts';

/** Removing rows, or changing them by a script. */
export type ChangeKind = '_delete_by_query' | '_update_by_query';

const CONFLICTS = 5;
/** Milliseconds that a change of many rows may take. */
const LONG = 600_000;

/**
 * Changes the rows that a query finds; searches that begin afterwards see it.
 * @returns how many it found
 * @throws {INDEX_UNAVAILABLE} when others change the same rows again and again; the errors of {@link SearchService.call}
 */
export async function changeRows(
  service: SearchService,
  alias: string,
  { what, body }: { readonly what: ChangeKind; readonly body: object },
): Promise<number> {
  // Somebody else may write the same rows at that moment: what was passed over is found again.
  for (let attempt = 1; attempt <= CONFLICTS; attempt++) {
    const answer = await service.call({
      method: 'POST',
      path: `/${alias}/${what}`,
      query: { conflicts: 'proceed', refresh: true },
      body,
      timeout: LONG,
    });
    const { total, conflicts } = changed(answer.body);
    if (conflicts === 0) return total;
  }
  throw fail('INDEX_UNAVAILABLE', 'rows are being changed by others all the time');
}
