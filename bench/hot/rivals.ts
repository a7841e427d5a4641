// The same rows with permissions that follow topics, and the ways in which the graph can be made to respect them.
import { type Centroids, MemoryIndex, type PassageDocument } from '../../src/index/index.ts';
import { base32, hex, sha256, utf8 } from '../../src/core/index.ts';
import { encodeVector, quantise } from '../../src/provenance/index.ts';
import type { Graph } from './graph.ts';
import { inRounds, type Rounds } from './rounds.ts';
import { cycled, K, type Quality, qualityOf } from './search.ts';
import { exactly, TOPICS } from './vectors.ts';
import { mayRead, rowNumbers, type World } from './world.ts';

export interface Rival extends Quality {
  readonly engine: string;
  readonly p50: number;
  /** To the unfiltered graph. */
  readonly ratio: number;
}

export interface RivalResult {
  readonly permissions:
    'independent of topics' | 'by topic, asked outside' | 'by topic, asked inside';
  readonly share: number;
  readonly rivals: readonly Rival[];
  /** Time of the filter callback divided by ours. */
  readonly callbackToOurs: number;
}

/** An index over plain rows, one document each, in the classes given. */
export function indexOfRows(
  { rows }: Pick<World, 'rows'>,
  classOf: (row: number) => number,
  centroids?: Centroids,
): MemoryIndex {
  const { data, dims } = rows;
  const index = new MemoryIndex({ dims, space: 'bench', ...(centroids && { centroids }) });
  for (let row = 0; row < data.length / dims; row++) {
    const classNo = classOf(row);
    if (classNo >= 0)
      index.add(documentOfRow(data.subarray(row * dims, (row + 1) * dims), row, classNo));
  }
  return index;
}

function documentOfRow(vector: Float32Array, row: number, classNo: number): PassageDocument {
  const digest = sha256(utf8(`row ${row}`));
  return {
    docId: `d-${base32(digest).slice(0, 26)}`,
    leafHash: hex(digest),
    classNo,
    name: { sourceUri: `${row}`, title: null },
    rows: [
      {
        i: 0,
        vector: encodeVector(quantise(vector)),
        text: { title: null, headings: [], body: '' },
      },
    ],
  };
}

export async function againstFilters(
  graph: Graph,
  world: World,
  { ef, rounds }: { readonly ef: number; readonly rounds: Rounds },
): Promise<RivalResult[]> {
  const byTopic = indexOfRows(world, (row) => world.topics[row]!, world.centroids);
  const byFolder = indexOfRows(world, (row) => world.folders[row]! + 1, world.centroids);
  const results: RivalResult[] = [];
  for (const share of [0.1, 0.01] as const) {
    const classes = Array.from({ length: 101 }, (_, n) => n).filter((n) => mayRead(share, n - 1));
    const may = (row: number): boolean => mayRead(share, world.folders[row]!);
    const given = { graph, world, index: byFolder, classes, may, ef };
    results.push(await compare(given, { permissions: 'independent of topics', share, rounds }));
  }
  for (const share of [0.5, 0.1] as const) {
    const limit = share * TOPICS;
    const classes = Array.from({ length: limit }, (_, topic) => topic);
    const may = (row: number): boolean => world.topics[row]! < limit;
    for (const place of ['outside', 'inside'] as const) {
      const asked = world.queries.filter(({ topic }) => topic < limit === (place === 'inside'));
      const given = {
        graph,
        world: { ...world, queries: asked },
        index: byTopic,
        classes,
        may,
        ef,
      };
      results.push(
        await compare(given, { permissions: `by topic, asked ${place}`, share, rounds }),
      );
    }
  }
  graph.setEf(ef);
  return results;
}

interface Given {
  readonly graph: Graph;
  readonly world: World;
  readonly index: MemoryIndex;
  readonly classes: readonly number[];
  readonly may: (row: number) => boolean;
  readonly ef: number;
}

async function compare(
  { graph, world, index, classes, may, ef }: Given,
  { rounds, ...named }: Pick<RivalResult, 'permissions' | 'share'> & { readonly rounds: Rounds },
): Promise<RivalResult> {
  const queries = world.queries.slice(0, 60);
  const plain = queries.map(({ vector }) => Array.from(vector));
  const vectors = queries.map(({ vector }) => quantise(vector));
  const rowOf = rowNumbers(world.rows);
  const truth = exactly(
    world.rows,
    queries.map(({ vector }) => vector),
    { k: K, may: [may] },
  ).map(([only]) => only!);
  const knn = (
    n: number,
    breadth: number,
    k: number,
    filter?: (row: number) => boolean,
  ): number[] => {
    graph.setEf(breadth);
    return graph.searchKnn(cycled(plain, n), k, filter).neighbors;
  };
  const ours = (n: number, exact: boolean): number[] =>
    index
      .search({ classes, text: '', vector: cycled(vectors, n), mode: 'vector', exact })
      .next(K)
      .map(rowOf);
  const engines = new Map<string, (n: number) => number[]>([
    ['graph without permissions', (n) => knn(n, ef, K)],
    ['ours', (n) => ours(n, false)],
    ['ours, exact', (n) => ours(n, true)],
    ['graph with filter callback', (n) => knn(n, ef, K, may)],
    ['graph, 200 filtered afterwards', (n) => knn(n, 200, 200).filter(may).slice(0, K)],
  ]);
  const timed = await inRounds(engines, rounds);
  const rivals = [...engines].map(([engine, answer]) => {
    const found = queries.map((_, n) => answer(n).filter(may));
    const { p50, ratio } = timed.get(engine)!;
    return { engine, p50, ratio, ...qualityOf(found, truth) };
  });
  const callbackToOurs = rivals[3]!.p50 / rivals[1]!.p50;
  return { ...named, rivals, callbackToOurs };
}

/** Whether results, order, scores and counts are the same in an index that holds the caller's rows alone. */
export function withheldIdentical(world: World): boolean {
  const shares = [0.5, 0.1, 0.01] as const;
  const classOf = (row: number): number => world.folders[row]! + 1;
  const whole = indexOfRows(world, classOf, world.centroids);
  return shares.every((share) => {
    const own = indexOfRows(
      world,
      (row) => (mayRead(share, world.folders[row]!) ? classOf(row) : -1),
      world.centroids,
    );
    const classes = Array.from({ length: 101 }, (_, n) => n).filter((n) => mayRead(share, n - 1));
    return world.queries.every(({ vector }) =>
      [true, false].every((exact) => {
        const request = {
          classes,
          text: '',
          vector: quantise(vector),
          mode: 'vector',
          exact,
        } as const;
        const [all, mine] = [whole.search(request), own.search(request)];
        const same = JSON.stringify([all.next(K), all.explanation]);
        return same === JSON.stringify([mine.next(K), mine.explanation]);
      }),
    );
  });
}
