// SPDX-License-Identifier: Apache-2.0
import type { CommitOutcome } from '../provenance/index.ts';
import type { Census } from './census.ts';
import type { Committer } from './committer.ts';
import { signTombstone } from './tombstone.ts';
import type { IngestDependencies } from './types.ts';

/**
 * Deletes the live documents of a run's namespace that came from its folders and whose files are no longer there.
 * @param dryRun only count them
 * @returns how many
 */
export async function prune(
  deps: IngestDependencies,
  committer: Committer,
  { folders, namespace, met }: Pick<Census, 'folders' | 'namespace' | 'met'>,
  dryRun: boolean,
): Promise<number> {
  const { journal, ledger, stores, clock, signer } = deps;
  const gone = [...ledger.documents()].filter((doc) => {
    if (doc.status !== 'live' || doc.ns !== namespace || met.has(doc.docId)) return false;
    const version = { docId: doc.docId, leafHash: doc.entryLeafHash };
    return [...folders].some((folder) => journal.isFrom(folder, version));
  });
  if (dryRun) return gone.length;
  const every = { log: ledger.trust.log, time: Math.floor(clock.now() / 1000) };
  const outcomes: Promise<CommitOutcome>[] = [];
  for (const doc of gone) {
    const entry = await signTombstone(every, stores.ring.lookupKey('id'), doc, signer('ingest'));
    outcomes.push(committer.submit({ entry, keyRows: [] }));
  }
  await committer.flush();
  // One that was refused has been changed by somebody else at this moment.
  return (await Promise.all(outcomes)).filter(({ outcome }) => outcome === 'committed').length;
}
