// SPDX-License-Identifier: Apache-2.0
import { EngineIndexState } from './engine-index-state.ts';
import type { IndexState } from './index-state.ts';
import { type IndexStateOptions, MemoryIndexState } from './memory-index-state.ts';

/** The index of a session: in memory, or with the search engine that the home names. */
export async function openIndexState(options: IndexStateOptions): Promise<IndexState> {
  const { context, ledger, documents } = options;
  const { engine, ring } = context;
  if (engine === undefined || engine === null) return MemoryIndexState.open(options);
  const identity = ledger.view.state.vault?.embedder;
  const index = await engine.open({
    dims: identity?.dims ?? 1,
    space: identity?.space ?? '',
    tokenKey: ring.lookupKey('token'),
    logSize: () => ledger.head.size,
  });
  return EngineIndexState.open({ context, ledger, documents, index, writes: engine.writes });
}
