// One vault whose passages have synthetic vectors, its callers of each selectivity, and the same vectors as plain rows.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  type Centroids,
  createVault,
  type Embedder,
  openVault,
  parseAccessFile,
  trainCentroids,
  type Vault,
} from '../../src/index.ts';
import type { Candidate } from '../../src/index/index.ts';
import { quantise } from '../../src/provenance/index.ts';
import type { Rows } from './graph.ts';
import { Mixture, Numbers } from './vectors.ts';

/** Shares of the corpus that callers may read. */
export const SHARES = [1, 0.5, 0.2, 0.1, 0.01, 0.001] as const;
export type Share = (typeof SHARES)[number];

const PASSAGES = 40;
const FOLDERS = 100;
const WORDS =
  'grant deny policy bucket object key role audit log trail user access class vector'.split(' ');
const SPACE = { dims: 384, seed: 20_261_124 };

export interface Query {
  readonly text: string;
  readonly vector: Float32Array;
  readonly topic: number;
}

export interface World {
  readonly vault: Vault;
  readonly rows: Rows;
  readonly topics: readonly number[];
  /** By row, the folder of its document: 0 to 99, or -1 for the tenth of a per cent apart. */
  readonly folders: readonly number[];
  readonly queries: readonly Query[];
  readonly centroids: Centroids;
  readonly secondsToIngest: number;
}

/** The person who may read a share of the folders. */
export function callerOf(share: Share): string {
  return `reads-${share * 1000}-permille`;
}

export function mayRead(share: Share, folder: number): boolean {
  if (share === 1) return true;
  return share === 0.001 ? folder === -1 : folder >= 0 && folder < share * FOLDERS;
}

export interface WorldSize {
  readonly rows: number;
  readonly queries: number;
  readonly lists: number;
}

/** Vectors by the number in a text; queries and passages are numbered alike. */
class BenchEmbedder implements Embedder {
  readonly identity: Embedder['identity'] = {
    space: 'bench/mixture-384',
    model: { id: 'bench/mixture', sha256: '0'.repeat(64) },
    dims: SPACE.dims,
    dtype: 'i8',
  };
  readonly vectors: Float32Array[] = [];

  vectorOf(text: string): Float32Array {
    const vector = this.vectors[Number(/number (\d+)/.exec(text)?.[1])];
    if (vector === undefined) throw new Error('a text of the benchmark has no number');
    return vector;
  }

  embedDocuments(texts: readonly string[]): Promise<Float32Array[]> {
    return Promise.resolve(texts.map((text) => this.vectorOf(text)));
  }

  embedQuery(text: string): Promise<Float32Array> {
    return Promise.resolve(this.vectorOf(text));
  }
}

/** Points of one mixture: rows first, then queries, then a public sample that no row comes from. */
export async function createWorld(work: string, size: WorldSize): Promise<World> {
  const mixture = new Mixture(SPACE.dims, SPACE.seed);
  const embedder = new BenchEmbedder();
  const data = new Float32Array(new SharedArrayBuffer(size.rows * SPACE.dims * 4));
  const topics: number[] = [];
  for (let row = 0; row < size.rows; row++) {
    const { vector, topic } = mixture.point();
    data.set(vector, row * SPACE.dims);
    embedder.vectors.push(data.subarray(row * SPACE.dims, (row + 1) * SPACE.dims));
    topics.push(topic);
  }
  const queries = Array.from({ length: size.queries }, (_, n) => {
    const { vector, topic } = mixture.point();
    embedder.vectors.push(vector);
    return { text: `number ${size.rows + n}`, vector, topic };
  });
  const sample = Array.from({ length: size.lists * 40 }, () => quantise(mixture.point().vector));
  const centroids = trainCentroids(sample, { lists: size.lists });
  const folders = writeDocuments(path.join(work, 'docs'), size.rows);
  const access = parseAccessFile(accessText());
  const place = { vault: path.join(work, 'vault'), home: path.join(work, 'home') };
  await createVault({ ...place, access, embedder });
  const vault = await openVault({ ...place, embedder, centroids });
  const start = performance.now();
  const report = await vault.ingest([path.join(work, 'docs')], { access, concurrency: 1 });
  if (report.chunks !== size.rows)
    throw new Error(`${report.chunks} passages instead of ${size.rows}`);
  const secondsToIngest = (performance.now() - start) / 1000;
  return {
    vault,
    rows: { data, dims: SPACE.dims },
    topics,
    folders,
    queries,
    centroids,
    secondsToIngest,
  };
}

/** Forty passages in a document; topics are spread over all folders. */
function writeDocuments(root: string, rows: number): number[] {
  const numbers = new Numbers(7);
  const folders: number[] = [];
  const apart = Math.max(1, Math.round(rows / 1000 / PASSAGES));
  for (let document = 0; document * PASSAGES < rows; document++) {
    const folder = document < apart ? -1 : document % FOLDERS;
    const name = path.join(root, folder < 0 ? 'apart' : `f${folder}`);
    mkdirSync(name, { recursive: true });
    let text = '';
    for (let row = document * PASSAGES; row < Math.min(rows, (document + 1) * PASSAGES); row++) {
      text += `Passage number ${row} ${sentence(numbers)}\n\n`;
      folders.push(folder);
    }
    writeFileSync(path.join(name, `d${document}.txt`), text);
  }
  return folders;
}

/** About 1,100 letters, so that every paragraph is a passage by itself. */
function sentence(numbers: Numbers): string {
  const words = Array.from({ length: 170 }, () => WORDS[numbers.below(WORDS.length)]);
  return `${words.join(' ')}.`;
}

/** Each folder has readers of its own besides, so that there are as many access classes as folders. */
function accessText(): string {
  const people: Record<string, object> = { ada: { actions: 'all' } };
  for (const share of SHARES) people[callerOf(share)] = {};
  const rules = [-1, ...Array.from({ length: FOLDERS }, (_, folder) => folder)].map((folder) => {
    people[`owner-${folder}`] = {};
    const readers = SHARES.filter((share) => mayRead(share, folder)).map(callerOf);
    return {
      path: folder < 0 ? 'apart/**' : `f${folder}/**`,
      allow: ['ada', `owner-${folder}`, ...readers],
    };
  });
  return JSON.stringify({ v: 1, default: 'refuse', owner: 'ada', people, rules });
}

/** Numbers of rows by their signed vector bytes. */
export function rowNumbers({ data, dims }: Rows): (candidate: Candidate) => number {
  const numbers = new Map<string, number>();
  for (let row = 0; row < data.length / dims; row++) {
    const { q } = quantise(data.subarray(row * dims, (row + 1) * dims));
    numbers.set(Buffer.from(q.buffer).toString('latin1'), row);
  }
  return ({ vector }) => numbers.get(Buffer.from(vector.subarray(4)).toString('latin1')) ?? -1;
}
