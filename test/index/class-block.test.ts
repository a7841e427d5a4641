// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  type BlockSettings,
  ClassBlock,
  type StoredDocument,
} from '../../src/index/class-block.ts';
import { LinearMemory } from '../../src/index/kernels/linear-memory.ts';
import { prepare } from '../../src/index/prepare.ts';
import { compareRows, TopRows } from '../../src/index/top-rows.ts';
import { scanVectors } from '../../src/index/vector-scan.ts';
import { decodeVector, quantise, similarity } from '../../src/provenance/index.ts';
import { fc } from '../support/property.ts';
import { DIMS, documentOf, rowOf, vectorOf } from './corpus.ts';

const settings = (dims = DIMS): BlockSettings => ({
  dims,
  hashKey: { k0: 1, k1: 2 },
  memory: new LinearMemory(),
  lists: null,
});

function newBlock(): ClassBlock {
  return new ClassBlock(1, settings());
}

/** Adds a document of this name with a row for each body. */
function add(block: ClassBlock, name: string, ...bodies: readonly string[]): StoredDocument {
  const rows = bodies.map((body, i) => rowOf(i, body, [i + 1, 2, 3, 4]));
  const prepared = prepare(documentOf(name, 1, rows), DIMS);
  const { docId, leafHash } = prepared;
  const document: StoredDocument = {
    docId,
    leafHash,
    name: prepared.name,
    rows: rows.length,
    place: null,
  };
  block.add(document, prepared.rows);
  return document;
}

describe('the rows of a class', () => {
  it('are overwritten when they are removed, and only they', () => {
    const block = newBlock();
    const document = add(block, 'a', 'grant policy', 'deny');
    const other = add(block, 'b', 'grant');
    block.remove(document);
    expect(document.place).toBeNull();
    for (const row of [0, 1]) {
      expect([...block.vectors.componentsOf(row)]).toEqual([0, 0, 0, 0]);
      expect(block.vectors.scaleOf(row)).toBe(0);
    }
    expect([...block.postings.ofRow(0), ...block.postings.ofRow(1)].filter(Boolean)).toEqual([]);
    expect([block.rows, block.liveRows, block.totalLength]).toEqual([3, 1, 1]);
    expect([0, 1, 2].map((row) => block.isRemoved(row))).toEqual([true, true, false]);
    expect(block.documentOf(2)).toBe(other);
    expect(block.documents()).toEqual([other]);
  });

  it('leave no word of a removed document behind when the class is rebuilt', () => {
    const block = newBlock();
    const document = add(block, 'a', 'secret plan');
    const other = add(block, 'b', 'grant policy', 'grant');
    const before = block.rowsOf(other);
    block.remove(document);
    const fresh = block.rebuilt();
    const terms = Array.from({ length: fresh.terms.size }, (_, id) => fresh.terms.textOf(id));
    expect(terms).toEqual(['grant', 'polici']);
    expect([fresh.rows, fresh.liveRows, fresh.totalLength]).toEqual([2, 2, 3]);
    expect(fresh.rowsOf(other)).toEqual(before);
    expect(other.place).toEqual({ block: fresh, firstRow: 0 });
  });
});

describe('the scan', () => {
  it('gives each row exactly the similarity of its signed bytes', () => {
    const bytes = fc.array(fc.integer({ min: -127, max: 127 }), {
      minLength: DIMS,
      maxLength: DIMS,
    });
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 1 }), bytes, (rows, query) => {
        const block = newBlock();
        const vectors = rows.map(vectorOf);
        const passages = rows.map((vector, i) => rowOf(i, '', vector));
        const { rows: prepared, ...rest } = prepare(documentOf('a', 1, passages), DIMS);
        block.add({ ...rest, rows: rows.length, place: null }, prepared);
        const top = new TopRows(rows.length);
        scanVectors(block, vectorOf(query), top);
        const found = top.ranked().sort((a, b) => a.row - b.row);
        expect(found.map(({ score }) => score)).toEqual(
          vectors.map((vector) => similarity(vectorOf(query), vector)),
        );
        expect(found.map(({ row }) => decodeVector(block.vectorOf(row), DIMS))).toEqual(vectors);
      }),
    );
  });

  it('adds up the largest products of the widest vectors without overflow', () => {
    const dims = 65536;
    const block = new ClassBlock(1, settings(dims));
    const widest = quantise(new Float32Array(dims).fill(1));
    const vector = new Uint8Array(4 + dims).fill(127, 4);
    new DataView(vector.buffer).setFloat32(0, widest.scale, true);
    const row = { ...rowOf(0, '', []), vector };
    const { rows, ...rest } = prepare(documentOf('a', 1, [row]), dims);
    block.add({ ...rest, rows: 1, place: null }, rows);
    const top = new TopRows(1);
    scanVectors(block, widest, top);
    expect(top.ranked()[0]?.score).toBe(similarity(widest, widest));
  });
});

describe('the best rows', () => {
  it('are those that a full sort puts first, whatever the order of arrival', () => {
    const block = newBlock();
    for (const name of ['c', 'a', 'b', 'e', 'd']) add(block, name, 'x', 'y', 'z');
    const scores = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 15, maxLength: 15 });
    const order = fc.shuffledSubarray(
      Array.from({ length: 15 }, (_, row) => row),
      { minLength: 15 },
    );
    fc.assert(
      fc.property(scores, order, fc.integer({ min: 1, max: 20 }), (scoreOf, rows, depth) => {
        const offered = rows.map((row) => ({ block, row, score: scoreOf[row] ?? 0 }));
        const top = new TopRows(depth);
        for (const { row, score } of offered) top.offer(block, row, score);
        expect(top.ranked()).toEqual(offered.toSorted(compareRows).slice(0, depth));
      }),
    );
  });
});
