// SPDX-License-Identifier: Apache-2.0
// The compiled kernels against the plain scan: the same rows with the same scores, to the last bit.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type Centroids,
  centroidsOf,
  ListAssigner,
  trainCentroids,
} from '../../src/index/centroids.ts';
import { ClassBlock } from '../../src/index/class-block.ts';
import { Kernel } from '../../src/index/kernels/kernel.ts';
import { KERNEL_BASE64, KERNEL_SHA256 } from '../../src/index/kernels/kernel-bytes.ts';
import { LinearMemory } from '../../src/index/kernels/linear-memory.ts';
import { prepare } from '../../src/index/prepare.ts';
import { RunDirectory } from '../../src/index/run-directory.ts';
import { nearestRows } from '../../src/index/vector-search.ts';
import { encodeVector, type QuantisedVector, quantise } from '../../src/provenance/index.ts';
import { compileKernels, kernelFile } from '../../tools/kernels.ts';
import { fc } from '../support/property.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { documentOf, rowOf } from './corpus.ts';

/** Few values and both extremes, so that sums tie and carry. */
const component = fc.constantFrom(-127, -126, -3, 0, 0, 1, 2, 127);
const scale = fc.constantFrom(0.001, 0.0078125, 1 / 127).map(Math.fround);

interface Case {
  readonly dims: number;
  readonly query: QuantisedVector;
  /** By document: its class and its rows. */
  readonly documents: readonly {
    readonly classNo: number;
    readonly removed: boolean;
    readonly rows: readonly QuantisedVector[];
  }[];
  readonly depth: number;
}

const cases: fc.Arbitrary<Case> = fc.integer({ min: 1, max: 70 }).chain((dims) => {
  const vector = fc.record({
    scale,
    q: fc.array(component, { minLength: dims, maxLength: dims }).map((q) => Int8Array.from(q)),
  });
  const document = fc.record({
    classNo: fc.nat({ max: 3 }),
    removed: fc.boolean(),
    rows: fc.array(vector, { minLength: 1, maxLength: 5 }),
  });
  return fc.record({
    dims: fc.constant(dims),
    query: vector,
    documents: fc.array(document, { maxLength: 12 }),
    depth: fc.integer({ min: 1, max: 9 }),
  });
});

const CLASSES = [0, 1, 2, 3];

/** The directory of all rows in a memory of its own, with the kernel over it. */
function worldOf(
  { dims, documents }: Case,
  centroids?: Centroids,
): { directory: RunDirectory; kernel: Kernel } {
  const memory = new LinearMemory();
  const lists = centroids === undefined ? null : new ListAssigner(centroids, memory);
  const settings = { dims, memory, lists, hashKey: { k0: 1, k1: 2 } };
  const blocks = CLASSES.map((classNo) => new ClassBlock(classNo, settings));
  const placed = documents.map(({ classNo, rows, removed }, at) => {
    const passages = rows.map((vector, i) => ({
      ...rowOf(i, '', []),
      vector: encodeVector(vector),
    }));
    const prepared = prepare(documentOf(`document ${at}`, classNo, passages), dims);
    const stored = { ...prepared, rows: rows.length, place: null };
    const block = blocks[classNo]!;
    block.add(stored, prepared.rows);
    return { block, stored, removed };
  });
  for (const { block, stored, removed } of placed) if (removed) block.remove(stored);
  blocks.forEach((block) => block.settle());
  return { directory: new RunDirectory(CLASSES, blocks, settings), kernel: Kernel.over(memory)! };
}

/** The plain scan. */
function plainly(directory: RunDirectory, vector: QuantisedVector, depth: number): object {
  return nearestRows(directory, { vector, kernel: null }, { plan: 'all', depth }).rows;
}

describe('the kernels', () => {
  it('find the rows of the plain scan with its scores', () => {
    fc.assert(
      fc.property(cases, (given) => {
        const { directory, kernel } = worldOf(given);
        const { query: vector } = given;
        for (const depth of [given.depth, 100]) {
          const { rows } = nearestRows(directory, { vector, kernel }, { plan: 'all', depth });
          expect(rows).toEqual(plainly(directory, vector, depth));
        }
      }),
    );
  });

  const same = { scale: Math.fround(1 / 127), q: Int8Array.of(1, 2, 3) };
  const manyEqual: Case = {
    dims: 3,
    query: same,
    documents: Array.from({ length: 1500 }, (_, at) => ({
      classNo: at % 4,
      removed: at % 7 === 0,
      rows: [same, { ...same, q: Int8Array.of(1, 1, at % 3) }],
    })),
    depth: 5,
  };

  it('choose among very many equal rows by leaf hash', () => {
    const { directory, kernel } = worldOf(manyEqual);
    for (const depth of [5, 1000, 1400]) {
      const { rows } = nearestRows(directory, { vector: same, kernel }, { plan: 'all', depth });
      expect(rows).toEqual(plainly(directory, same, depth));
    }
  });

  it('compare all rows where lists leave the order of equal ones open', () => {
    const { directory, kernel } = worldOf(manyEqual, centroidsOf([same]));
    const given = { vector: same, kernel };
    const { rows, plan } = nearestRows(directory, given, { plan: 'lists', depth: 5 });
    expect(rows).toEqual(plainly(directory, same, 5));
    expect(plan).toBe('all');
  });

  it('find the same through lists when these hold few rows, removed ones left out', () => {
    const worlds = cases.chain((given) => {
      const rows = given.documents.flatMap(({ rows: some }) => some);
      const usable = [given.query, ...rows].filter(({ q }) => q.some((x) => x !== 0));
      return fc.record({
        given: fc.constant(given),
        centroids: fc.uniqueArray(fc.constantFrom(...usable), { minLength: 1, maxLength: 6 }),
      });
    });
    fc.assert(
      fc.property(worlds, ({ given, centroids }) => {
        const { directory, kernel } = worldOf(given, centroidsOf(centroids));
        const { query: vector, depth } = given;
        const found = nearestRows(directory, { vector, kernel }, { plan: 'lists', depth });
        expect(found.rows).toEqual(plainly(directory, vector, depth));
        // Fewer rows than a search by lists compares at least: it went through all lists that hold one.
        expect(found.compared).toBe(directory.liveRows);
      }),
    );
  });

  it('go through the nearest lists first and stop', () => {
    const random = new SeededRandom('lists');
    const vector = (): QuantisedVector =>
      quantise(Float32Array.from({ length: 8 }, () => random.below(2001) - 1000));
    const centroids = trainCentroids(Array.from({ length: 600 }, vector), { lists: 128 });
    const documents = Array.from({ length: 400 }, (_, at) => ({
      classNo: at % 4,
      removed: false,
      rows: Array.from({ length: 20 }, vector),
    }));
    const given = { dims: 8, query: vector(), documents, depth: 10 };
    const { directory, kernel } = worldOf(given, centroids);
    let shared = 0;
    for (let round = 0; round < 20; round++) {
      const query = { vector: vector(), kernel };
      const found = nearestRows(directory, query, { plan: 'lists', depth: 10 });
      expect(found.plan).toBe('lists');
      expect(found.lists).toBeGreaterThan(8);
      expect(found.lists).toBeLessThan(128);
      expect(found.compared).toBeGreaterThanOrEqual(750);
      expect(found.compared).toBeLessThan(directory.liveRows);
      const exact = nearestRows(directory, query, { plan: 'all', depth: 10 }).rows;
      const ids = new Set(exact.map(({ block, row }) => `${block.classNo} ${row}`));
      shared += found.rows.filter(({ block, row }) => ids.has(`${block.classNo} ${row}`)).length;
    }
    expect(shared / 200).toBeGreaterThan(0.95);
  });

  it('add up the largest products of the widest vectors without overflow', () => {
    const dims = 65536;
    const widest = { scale: Math.fround(1 / 127), q: new Int8Array(dims).fill(127) };
    const narrow = { ...widest, q: new Int8Array(dims).fill(-127) };
    const documents = [{ classNo: 0, removed: false, rows: [widest, narrow, widest] }];
    const { directory, kernel } = worldOf({ dims, query: widest, documents, depth: 3 });
    const query = { vector: widest, kernel };
    const { rows } = nearestRows(directory, query, { plan: 'all', depth: 3 });
    const product = widest.scale * widest.scale * (dims * 127 * 127);
    expect(rows.map(({ score }) => score)).toEqual([product, product, -product]);
  });

  it('are what their sources compile to, byte for byte', () => {
    const committed = path.resolve('src/index/kernels/kernel-bytes.ts');
    expect(kernelFile(compileKernels())).toBe(readFileSync(committed, 'utf8'));
  });

  it('have the digest that stands beside them', () => {
    const bytes = Buffer.from(KERNEL_BASE64, 'base64');
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(KERNEL_SHA256);
  });
});
