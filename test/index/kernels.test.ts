// SPDX-License-Identifier: Apache-2.0
// The compiled kernels against the plain scan: the same rows with the same scores, to the last bit.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ClassBlock } from '../../src/index/class-block.ts';
import { Kernel } from '../../src/index/kernels/kernel.ts';
import { KERNEL_BASE64, KERNEL_SHA256 } from '../../src/index/kernels/kernel-bytes.ts';
import { LinearMemory } from '../../src/index/kernels/linear-memory.ts';
import { prepare } from '../../src/index/prepare.ts';
import { RunDirectory } from '../../src/index/run-directory.ts';
import { nearestRows } from '../../src/index/vector-search.ts';
import { encodeVector, type QuantisedVector } from '../../src/provenance/index.ts';
import { compileKernels, kernelFile } from '../../tools/kernels.ts';
import { fc } from '../support/property.ts';
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

function blocksOf({ dims, documents }: Case, memory: LinearMemory): ClassBlock[] {
  const blocks = [0, 1, 2, 3].map(
    (classNo) => new ClassBlock(classNo, { dims, memory, hashKey: { k0: 1, k1: 2 } }),
  );
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
  return blocks;
}

describe('the kernels', () => {
  it('find the rows of the plain scan with its scores', () => {
    fc.assert(
      fc.property(cases, (given) => {
        const memory = new LinearMemory();
        const directory = new RunDirectory([0, 1, 2, 3], blocksOf(given, memory));
        const kernel = Kernel.over(memory);
        expect(kernel).not.toBeNull();
        for (const depth of [given.depth, 100]) {
          expect(nearestRows(directory, given.query, { depth, kernel })).toEqual(
            nearestRows(directory, given.query, { depth, kernel: null }),
          );
        }
      }),
    );
  });

  it('choose among very many equal rows by leaf hash', () => {
    const memory = new LinearMemory();
    const same = { scale: Math.fround(1 / 127), q: Int8Array.of(1, 2, 3) };
    const given: Case = {
      dims: 3,
      query: same,
      documents: Array.from({ length: 1500 }, (_, at) => ({
        classNo: at % 4,
        removed: at % 7 === 0,
        rows: [same, { ...same, q: Int8Array.of(1, 1, at % 3) }],
      })),
      depth: 5,
    };
    const directory = new RunDirectory([0, 1, 2, 3], blocksOf(given, memory));
    const kernel = Kernel.over(memory);
    for (const depth of [5, 1000, 1400]) {
      expect(nearestRows(directory, same, { depth, kernel })).toEqual(
        nearestRows(directory, same, { depth, kernel: null }),
      );
    }
  });

  it('add up the largest products of the widest vectors without overflow', () => {
    const dims = 65536;
    const memory = new LinearMemory();
    const widest = { scale: Math.fround(1 / 127), q: new Int8Array(dims).fill(127) };
    const narrow = { ...widest, q: new Int8Array(dims).fill(-127) };
    const documents = [{ classNo: 0, removed: false, rows: [widest, narrow, widest] }];
    const directory = new RunDirectory(
      [0],
      blocksOf({ dims, query: widest, documents, depth: 3 }, memory),
    );
    const found = nearestRows(directory, widest, { depth: 3, kernel: Kernel.over(memory) });
    const product = widest.scale * widest.scale * (dims * 127 * 127);
    expect(found.map(({ score }) => score)).toEqual([product, product, -product]);
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
