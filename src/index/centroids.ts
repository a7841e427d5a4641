// SPDX-License-Identifier: Apache-2.0
import { concat, fail, type Hex, hex, sha256, utf8 } from '../core/index.ts';
import { encodeVector, type QuantisedVector, quantise } from '../provenance/index.ts';
import { Kernel, strideOf } from './kernels/kernel.ts';
import { LinearMemory } from './kernels/linear-memory.ts';

/** Largest number of lists. */
const MAX_LISTS = 16384;

/**
 * Directions that divide the space of an embedder into lists: a row stands in the list of the centroid it is most
 * similar to. They decide what a search reads, so they must not depend on rows that some caller may not read: train them
 * on public text, or on documents that everybody may read, and never on others.
 */
export interface Centroids {
  readonly dims: number;
  readonly vectors: readonly QuantisedVector[];
  /** SHA-256 over their bytes, to pin them by. */
  readonly digest: Hex;
}

/**
 * Centroids of these vectors as they are.
 * @throws {USAGE} for none, more than 16,384, or vectors of several dimensions
 */
export function centroidsOf(vectors: readonly QuantisedVector[]): Centroids {
  const dims = vectors[0]?.q.length ?? 0;
  const usable =
    vectors.length > 0 &&
    vectors.length <= MAX_LISTS &&
    vectors.every(({ q }) => q.length === dims);
  if (!usable) throw fail('USAGE', 'lists need 1 to 16,384 centroids of one dimension');
  const bytes = concat(utf8('sr/centroids/v1'), ...vectors.map(encodeVector));
  return { dims, vectors: [...vectors], digest: hex(sha256(bytes)) };
}

/**
 * Spherical k-means (Dhillon and Modha, "Concept Decompositions for Large Sparse Text Data", 2001), begun with sample
 * vectors that are spread evenly over the sample. A function of the sample alone.
 * @param sample public vectors, at least as many as lists; some 40 for each list are plenty
 * @param lists about twice the square root of the number of rows that the widest caller may read
 * @throws {USAGE} for fewer vectors than lists, or too many lists
 */
export function trainCentroids(
  sample: readonly QuantisedVector[],
  { lists, rounds = 8 }: { readonly lists: number; readonly rounds?: number },
): Centroids {
  if (!Number.isSafeInteger(lists) || lists < 1 || sample.length < lists) {
    throw fail('USAGE', 'a sample needs as many vectors as there are to be lists', { lists });
  }
  const step = sample.length / lists;
  let centroids = centroidsOf(
    Array.from({ length: lists }, (_, at) => sample[Math.floor(at * step)] as QuantisedVector),
  );
  for (let round = 0; round < rounds; round++) {
    const assign = new ListAssigner(centroids, new LinearMemory());
    const sums = centroids.vectors.map(({ q }) => new Float32Array(q.length));
    for (const vector of sample) {
      const sum = sums[assign.listOf(vector)] as Float32Array;
      for (let at = 0; at < sum.length; at++) {
        sum[at] = (sum[at] as number) + vector.scale * (vector.q[at] as number);
      }
    }
    const before = centroids.vectors;
    // An empty list, or one whose vectors cancel out, keeps its centroid.
    const moved = sums.map((sum, list) =>
      sum.some((value) => value !== 0) ? quantise(sum) : (before[list] as QuantisedVector),
    );
    centroids = centroidsOf(moved);
  }
  return centroids;
}

/** Centroids in the memory of an index, where the kernels can compare with them. */
export class ListAssigner {
  readonly centroids: Centroids;
  /** Address of the centroids, as rows are stored. */
  readonly vectorsAt: number;
  /** Address of their scales. */
  readonly scalesAt: number;
  readonly #kernel: Kernel | null;

  /** @throws {INDEX_FULL} when there is no memory for them */
  constructor(centroids: Centroids, memory: LinearMemory) {
    const { dims, vectors } = centroids;
    const stride = strideOf(dims);
    this.centroids = centroids;
    this.vectorsAt = memory.allocate(vectors.length * (stride + 4));
    this.scalesAt = this.vectorsAt + vectors.length * stride;
    vectors.forEach(({ scale, q }, list) => {
      memory.i8.set(q, this.vectorsAt + list * stride);
      memory.f32[this.scalesAt / 4 + list] = scale;
    });
    this.#kernel = Kernel.over(memory);
  }

  /** Number of lists. */
  get lists(): number {
    return this.centroids.vectors.length;
  }

  /** The list of a vector; of equally near ones the first. Always 0 where there are no kernels to search lists with. */
  listOf(vector: QuantisedVector): number {
    const run = { vectors: this.vectorsAt, scales: this.scalesAt, rows: this.lists };
    return this.#kernel?.nearest(run, vector) ?? 0;
  }
}
