// The table of the hot path: our search bare and at each level of verification against the unguarded graph, by the share
// of the corpus that the caller may read.
import { quantise } from '../../src/provenance/index.ts';
import type { Candidate, MemoryIndex } from '../../src/index/index.ts';
import type { Retriever, StatsSink } from '../../src/retrieve/index.ts';
import type { Graph } from './graph.ts';
import { type Answer, inRounds, mean, quantile, type Rounds, type Timed } from './rounds.ts';
import { exactly } from './vectors.ts';
import { callerOf, mayRead, rowNumbers, type Share, SHARES, type World } from './world.ts';
import { memoryStateOf } from '../../src/vault/inside.ts';

export const K = 10;
const WANTED_RECALL = 0.95;
/** Questions that are asked again and again when levels are timed: at L0 their passages are in memory. */
const WARM = 16;

/** The reference: the smallest breadth at which the graph finds 95 % of the ten nearest. */
export interface Reference {
  readonly ef: number;
  readonly recall: number;
}

export const LEVELS = ['L0', 'L1', 'L1 read', 'L2'] as const;
export type Level = (typeof LEVELS)[number];

/** Means of a query. */
export interface Calls {
  readonly documentsVerified: number;
  readonly chunksOpened: number;
  readonly plaintextHits: number;
}

/** What was found of the truth. */
export interface Quality {
  readonly recall: number;
  /** Share of queries of which less than half was found. */
  readonly poor: number;
}

/** One share of the corpus. */
export interface ShareResult extends Quality {
  readonly share: Share;
  readonly rows: number;
  readonly classes: number;
  readonly plan: string;
  /** Vectors compared, median. */
  readonly compared: number;
  /** Median of the reference, microseconds. */
  readonly reference: number;
  readonly times: Record<'bare' | 'exact' | Level, Timed>;
  readonly calls: Record<Level, Calls>;
}

export function qualityOf(
  found: readonly (readonly number[])[],
  truth: readonly ReadonlySet<number>[],
): Quality {
  const shares = found.map((rows, n) => {
    const wanted = truth[n]!;
    return wanted.size === 0 ? 1 : rows.filter((row) => wanted.has(row)).length / wanted.size;
  });
  return { recall: mean(shares), poor: mean(shares.map((share) => (share < 0.5 ? 1 : 0))) };
}

/** Finds the breadth of the reference and leaves the graph set to it. */
export function referenceOf(graph: Graph, world: World): Reference {
  const queries = world.queries.map(({ vector }) => vector);
  const truth = exactly(world.rows, queries, { k: K, may: [() => true] }).map(([all]) => all!);
  for (const ef of [10, 15, 20, 30, 40, 50, 60, 80, 100, 150, 200, 300, 400]) {
    graph.setEf(ef);
    const found = queries.map((query) => graph.searchKnn(Array.from(query), K).neighbors);
    const { recall } = qualityOf(found, truth);
    if (recall >= WANTED_RECALL) return { ef, recall };
  }
  throw new Error('the graph does not reach the wanted recall');
}

/** Measures all shares. The graph must be set to the breadth of the reference. */
export async function byShare(graph: Graph, world: World, rounds: Rounds): Promise<ShareResult[]> {
  const { index } = await memoryStateOf(world.vault.session);
  const retriever = await world.vault.session.retriever();
  const truth = exactly(
    world.rows,
    world.queries.map(({ vector }) => vector),
    { k: K, may: SHARES.map((share) => (row) => mayRead(share, world.folders[row]!)) },
  );
  const results: ShareResult[] = [];
  for (const [at, share] of SHARES.entries()) {
    const caller = { id: callerOf(share), identity: 'impersonated' } as const;
    const classes = retriever.authoriser.authorise(caller, 'read').classes;
    const search = searcher(index, classes, world);
    const retrieve: Retrieve = (n, onStats) =>
      retriever.search(
        { caller, query: cycled(world.queries, n).text, k: K, mode: 'vector' },
        onStats,
      );
    const found = world.queries.map((_, n) => search(n));
    const rowOf = rowNumbers(world.rows);
    const quality = qualityOf(
      found.map(({ candidates }) => candidates.map(rowOf)),
      truth.map((sets) => sets[at]!),
    );
    results.push({
      share,
      rows: index.counts(classes).rows,
      classes: classes.length,
      plan: found[0]!.plan,
      compared: quantile(
        found.map(({ compared }) => compared),
        0.5,
      ),
      ...quality,
      ...(await timesOf({ graph, world, search, retrieve, retriever }, rounds)),
      calls: await callsOf(retriever, retrieve),
    });
  }
  return results;
}

interface Found {
  readonly candidates: Candidate[];
  readonly plan: string;
  readonly compared: number;
}

type Search = (n: number, exact?: boolean) => Found;

/** Searches of the index alone, for one list of classes. */
export function searcher(index: MemoryIndex, classes: readonly number[], world: World): Search {
  const vectors = world.queries.map(({ vector }) => quantise(vector));
  return (n, exact = false) => {
    const vector = cycled(vectors, n);
    const cursor = index.search({ classes, text: '', vector, mode: 'vector', exact });
    const candidates = cursor.next(K);
    const { plan, rowsScanned } = cursor.explanation;
    return { candidates, plan, compared: rowsScanned };
  };
}

type Retrieve = (n: number, onStats?: StatsSink) => ReturnType<Retriever['search']>;

interface Setting {
  readonly graph: Graph;
  readonly world: World;
  readonly search: Search;
  readonly retrieve: Retrieve;
  readonly retriever: Retriever;
}

async function timesOf(
  { graph, world, search, retrieve, retriever }: Setting,
  rounds: Rounds,
): Promise<Pick<ShareResult, 'reference' | 'times'>> {
  const plain = world.queries.map(({ vector }) => Array.from(vector));
  const reference: Answer = (n) => graph.searchKnn(cycled(plain, n), K);
  const alone = await inRounds(
    new Map<string, Answer>([
      ['reference', reference],
      ['bare', (n) => search(n)],
      ['exact', (n) => search(n, true)],
    ]),
    rounds,
  );
  const whole = await inRounds(
    new Map<string, Answer>([
      ['reference', reference],
      ...LEVELS.map((level): [string, Answer] => [
        level,
        (n) => {
          prepare(retriever, level);
          return retrieve(n % WARM);
        },
      ]),
    ]),
    { rounds: rounds.rounds, block: 3 * WARM },
  );
  const times = { bare: alone.get('bare')!, exact: alone.get('exact')! };
  const levels = Object.fromEntries(LEVELS.map((level) => [level, whole.get(level)!]));
  return {
    reference: alone.get('reference')!.p50,
    times: { ...times, ...(levels as Record<Level, Timed>) },
  };
}

/** L0 leaves everything in memory, L1 forgets verified texts, `L1 read` sealed bytes too, L2 everything that was proven. */
function prepare(retriever: Retriever, level: Level): void {
  if (level === 'L1' || level === 'L1 read') retriever.forgetTexts();
  if (level === 'L1 read') retriever.documents.forgetSealed();
  if (level === 'L2') retriever.forget();
}

async function callsOf(retriever: Retriever, retrieve: Retrieve): Promise<Record<Level, Calls>> {
  const ofLevel = async (level: Level): Promise<Calls> => {
    const all: Calls[] = [];
    for (let n = 0; n < WARM; n++) {
      prepare(retriever, level);
      await retrieve(n, (stats) => all.push(stats));
    }
    return {
      documentsVerified: mean(all.map((stats) => stats.documentsVerified)),
      chunksOpened: mean(all.map((stats) => stats.chunksOpened)),
      plaintextHits: mean(all.map((stats) => stats.plaintextHits)),
    };
  };
  const L2 = await ofLevel('L2');
  for (let n = 0; n < WARM; n++) await retrieve(n);
  return {
    L0: await ofLevel('L0'),
    L1: await ofLevel('L1'),
    'L1 read': await ofLevel('L1 read'),
    L2,
  };
}

export function cycled<T>(all: readonly T[], n: number): T {
  return all[n % all.length]!;
}
