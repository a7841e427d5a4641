// SPDX-License-Identifier: Apache-2.0
// Retrieval over a real vault with one part exchanged: an index that lies, an embedder that lets something happen.
import type { Awaitable, Candidate, SearchIndex, SearchRequest } from '../../src/index/index.ts';
import { quantise } from '../../src/provenance/index.ts';
import { type RetrievalOptions, Retriever } from '../../src/retrieve/index.ts';
import type { Vault } from '../../src/vault/index.ts';

/** A retriever of its own over an open vault, with parts replaced. */
export async function retrieverOver(
  vault: Vault,
  changes: Partial<RetrievalOptions> = {},
): Promise<Retriever> {
  return new Retriever({ ...(await vault.session.retrieval()), ...changes });
}

/** An index whose searches find what `change` makes of what the real one finds. */
export function tamperedIndex(
  real: SearchIndex,
  change: (found: Candidate[]) => Candidate[],
): SearchIndex {
  const search = (request: SearchRequest): ReturnType<SearchIndex['search']> => {
    const cursor = real.search(request);
    const waiting = change(atOnce(cursor.next(1000)));
    return {
      next: (n) => waiting.splice(0, n),
      get explanation() {
        return cursor.explanation;
      },
    };
  };
  return new Proxy(real, {
    get(target, name) {
      if (name === 'search') return search;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** What an index in this process answers. */
export function atOnce<T>(answer: Awaitable<T>): T {
  if (answer instanceof Promise) throw new Error('this index is expected to answer at once');
  return answer;
}

/** What the real index finds in all classes of a vault. */
export async function candidates(vault: Vault, text: string): Promise<Candidate[]> {
  const { index, embedder, ledger } = await vault.session.retrieval();
  const classes = [...ledger.classes()].map(({ classNo }) => classNo).sort((a, b) => a - b);
  const vector = quantise(await embedder.embedQuery(text));
  return index.search({ classes, text, vector }).next(1000);
}
