// What a retrieval at L0 consists of, each part by itself.
import { quantise } from '../../src/provenance/index.ts';
import { type Answer, inRounds, type Rounds } from './rounds.ts';
import { cycled, K } from './search.ts';
import { callerOf, type World } from './world.ts';
import { memoryStateOf } from '../../src/vault/inside.ts';

/** Median microseconds of a part, and its share of the whole. */
export interface Part {
  readonly part: string;
  readonly p50: number;
  readonly ratioToWhole: number;
}

/** For a caller of a tenth of the corpus, whose answers are all in memory. */
export async function partsOf(world: World, rounds: Rounds): Promise<Part[]> {
  const { session } = world.vault;
  const retriever = await session.retriever();
  const { index } = await memoryStateOf(session);
  const caller = { id: callerOf(0.1), identity: 'impersonated' } as const;
  const { classes } = retriever.authoriser.authorise(caller, 'read');
  const questions = world.queries.slice(0, 16);
  const vectors = questions.map(({ vector }) => quantise(vector));
  const search = (n: number): ReturnType<ReturnType<typeof index.search>['next']> =>
    index.search({ classes, text: '', vector: cycled(vectors, n), mode: 'vector' }).next(K);
  const docIds = vectors.map((_, n) => search(n).map(({ docId }) => docId));
  const parts = new Map<string, Answer>([
    [
      'all of it',
      (n) => retriever.search({ caller, query: cycled(questions, n).text, k: K, mode: 'vector' }),
    ],
    ['follow the head: look whether it moved', () => session.follow()],
    [
      'decide: classes of the caller, twice',
      () => [1, 2].map(() => retriever.authoriser.authorise(caller, 'read')),
    ],
    ['quantise the question', (n) => quantise(cycled(questions, n).vector)],
    ['search the index', search],
    [
      'ledger: the document of ten passages, twice',
      (n) =>
        [1, 2].map(() => cycled(docIds, n).map((docId) => session.ledger.lookup('doc', docId))),
    ],
    ['audit record', () => retriever.audit('search', { caller }, K)],
  ]);
  const timed = await inRounds(parts, rounds);
  return [...timed].map(([part, { p50, ratio }]) => ({ part, p50, ratioToWhole: ratio }));
}
