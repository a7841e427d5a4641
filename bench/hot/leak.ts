// What a caller can tell of chunks that he may not read: the same probes in two worlds that differ only in where 200
// unreadable chunks lie, on the probed topic or elsewhere. Graphs and lists are built for each world by itself.
import { trainCentroids } from '../../src/index/index.ts';
import { quantise } from '../../src/provenance/index.ts';
import { type Graph, graphOf, type Rows } from './graph.ts';
import { indexOfRows } from './rivals.ts';
import { mean } from './rounds.ts';
import { Mixture, normalised, Numbers } from './vectors.ts';

const DIMS = 64;
const K = 10;
const OVER_FETCH = 200;
const EF = 64;

/** Signals of one engine by the probability to tell the worlds apart; 0.5 is chance. */
export interface LeakResult {
  readonly engine: string;
  readonly signal: string;
  /** Area under the curve of one probe. */
  readonly single: number;
  /** Of the mean of many probes of a topic. */
  readonly averaged: number;
}

export interface LeakSize {
  readonly rows: number;
  readonly topics: number;
  readonly probes: number;
}

type Observation = Readonly<Record<string, number>>;
/** Observations of each engine in one world, probe by probe. */
type Probing = (query: Float32Array) => Map<string, Observation>;

export function leaks({ rows, topics, probes }: LeakSize): LeakResult[] {
  const mixture = new Mixture(DIMS, 41);
  const numbers = new Numbers(43);
  const base = Array.from({ length: rows }, () => mixture.point().vector);
  const readable = base.map(() => numbers.uniform() < 0.03);
  const sample = Array.from({ length: 4000 }, () => quantise(mixture.point().vector));
  const seen = new Map<string, { on: number[]; off: number[]; means: [number[], number[]] }>();
  for (let topic = 0; topic < topics; topic++) {
    const [here, elsewhere] = [mixture.point().vector, mixture.point().vector];
    const worlds = [here, elsewhere].map((centre) => {
      const hidden = Array.from({ length: 200 }, () => near(centre, numbers));
      return probing([...base, ...hidden], [...readable, ...hidden.map(() => false)], sample);
    });
    for (let probe = 0; probe < probes; probe++) {
      const query = near(here, numbers);
      const first = numbers.uniform() < 0.5 ? 0 : 1;
      const observed: Map<string, Observation>[] = [];
      for (const at of [first, 1 - first]) observed[at] = worlds[at]!(query);
      note(seen, observed, probe === 0);
    }
  }
  return [...seen].map(([name, { on, off, means }]) => {
    const [engine = '', signal = ''] = name.split(': ');
    const averaged = auc(
      means[0].map((sum) => sum / probes),
      means[1].map((sum) => sum / probes),
    );
    return { engine, signal, single: auc(on, off), averaged };
  });
}

function note(
  seen: Map<string, { on: number[]; off: number[]; means: [number[], number[]] }>,
  [on, off]: readonly Map<string, Observation>[],
  isNewTopic: boolean,
): void {
  for (const [engine, observation] of on!) {
    for (const [signal, value] of Object.entries(observation)) {
      const name = `${engine}: ${signal}`;
      const held = seen.get(name) ?? { on: [], off: [], means: [[], []] };
      seen.set(name, held);
      const other = off!.get(engine)![signal]!;
      held.on.push(value);
      held.off.push(other);
      for (const [at, part] of [value, other].entries()) {
        const sums = held.means[at as 0 | 1];
        if (isNewTopic) sums.push(part);
        else sums[sums.length - 1]! += part;
      }
    }
  }
}

/** A world, ready to be probed by each engine. */
function probing(
  vectors: readonly Float32Array[],
  readable: readonly boolean[],
  sample: Parameters<typeof trainCentroids>[0],
): Probing {
  const rows: Rows = { data: new Float32Array(vectors.length * DIMS), dims: DIMS };
  vectors.forEach((vector, row) => rows.data.set(vector, row * DIMS));
  const graph = graphOf(rows, 64);
  graph.setEf(EF);
  const centroids = trainCentroids(sample, { lists: 64 });
  const index = indexOfRows({ rows }, (row) => (readable[row] === true ? 1 : 2), centroids);
  const ours = (query: Float32Array): Observation => {
    const vector = quantise(query);
    const start = performance.now();
    const cursor = index.search({ classes: [1], text: '', vector, mode: 'vector' });
    const results = cursor.next(K).length;
    const time = performance.now() - start;
    return { time, results, 'vectors compared': cursor.explanation.rowsScanned };
  };
  return (query) =>
    new Map([
      ['ours', ours(query)],
      ['graph with filter callback', filtered(graph, readable, Array.from(query))],
      ['graph filtered afterwards', afterwards(graph, readable, Array.from(query))],
    ]);
}

function filtered(graph: Graph, readable: readonly boolean[], query: number[]): Observation {
  let asked = 0;
  const start = performance.now();
  const { neighbors } = graph.searchKnn(query, K, (row) => {
    asked++;
    return readable[row]!;
  });
  return { time: performance.now() - start, results: neighbors.length, 'vectors compared': asked };
}

function afterwards(graph: Graph, readable: readonly boolean[], query: number[]): Observation {
  const start = performance.now();
  const { neighbors } = graph.searchKnn(query, OVER_FETCH);
  const results = neighbors.filter((row) => readable[row]).length;
  return { time: performance.now() - start, results: Math.min(K, results) };
}

function near(centre: Float32Array, numbers: Numbers): Float32Array {
  return normalised(centre.map((x) => x + 0.05 * numbers.normal()));
}

/** Probability that a value of one world is larger than one of the other, ties counted half; at least 0.5. */
function auc(a: readonly number[], b: readonly number[]): number {
  const wins = mean(a.map((x) => mean(b.map((y) => (x > y ? 1 : x === y ? 0.5 : 0)))));
  return Math.max(wins, 1 - wins);
}
