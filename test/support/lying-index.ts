// SPDX-License-Identifier: Apache-2.0
// A search engine that cannot be trusted: it answers through the port of the real index, and changes its answers.
import type { Candidate, SearchCursor, SearchIndex, SearchRequest } from '../../src/index/index.ts';
import { Retriever } from '../../src/retrieve/index.ts';
import type { Vault } from '../../src/vault/index.ts';

/** What the engine makes of each portion of an answer. */
export type Lie = (candidates: Candidate[], request: SearchRequest) => Candidate[];

/** A retriever of an open vault whose index lies. Everything else of it is real. */
export async function retrieverOverLies(vault: Vault, lie: Lie): Promise<Retriever> {
  const retrieval = await vault.session.retrieval();
  return new Retriever({ ...retrieval, index: lyingIndex(retrieval.index, lie) });
}

/** The index with lies in its answers. */
export function lyingIndex(index: SearchIndex, lie: Lie): SearchIndex {
  const search = (request: SearchRequest): SearchCursor => {
    const cursor = index.search(request);
    return {
      next: (n) => {
        const found = cursor.next(n);
        if (found instanceof Promise) return found.then((late) => lie(late, request));
        return lie(found, request);
      },
      get explanation() {
        return cursor.explanation;
      },
    };
  };
  return new Proxy(index, {
    get: (target, name) => {
      if (name === 'search') return search;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
