// The reference: hnswlib-node as it comes, without any security. Built in a thread of its own.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import hnswlib from 'hnswlib-node';

/** M of the graph and its breadth while it is built: the usual values. */
export const M = 16;
export const EF_CONSTRUCTION = 200;

export type Graph = hnswlib.HierarchicalNSW;

export interface Rows {
  readonly data: Float32Array;
  readonly dims: number;
}

export interface BuiltGraph {
  readonly graph: Graph;
  readonly seconds: number;
}

/** Adds all rows, in this thread. */
export function graphOf({ data, dims }: Rows, efConstruction = EF_CONSTRUCTION): Graph {
  const n = data.length / dims;
  const graph = new hnswlib.HierarchicalNSW('ip', dims);
  graph.initIndex(n, M, efConstruction, 100);
  for (let row = 0; row < n; row++) {
    graph.addPoint(Array.from(data.subarray(row * dims, (row + 1) * dims)), row);
  }
  return graph;
}

/** Builds a graph in a worker and loads it here. `data` should be shared memory. The vectors are synthetic. */
export async function buildGraph(rows: Rows): Promise<BuiltGraph> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strongroom-graph-'));
  try {
    const file = path.join(folder, 'graph');
    const seconds = await new Promise<number>((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { rows, file } });
      worker.once('message', resolve).once('error', reject);
    });
    const graph = new hnswlib.HierarchicalNSW('ip', rows.dims);
    graph.readIndexSync(file);
    return { graph, seconds };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (!isMainThread && parentPort !== null) {
  const { rows, file } = workerData as { rows: Rows; file: string };
  const start = performance.now();
  graphOf(rows).writeIndexSync(file);
  parentPort.postMessage((performance.now() - start) / 1000);
}
