// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { LinearMemory } from '../../src/index/kernels/linear-memory.ts';
import { MemoryIndex } from '../../src/index/index.ts';
import { fc } from '../support/property.ts';
import { expectRefusal } from '../support/tampering.ts';
import { DIMS, documentOf, rowOf, SPACE, vectorOf } from './corpus.ts';

/** Either a stretch of so many bytes is taken, or the nth of those held is given back. */
const steps = fc.array(
  fc.oneof(
    fc.record({ take: fc.integer({ min: 0, max: 40_000 }) }),
    fc.record({ giveBack: fc.nat({ max: 20 }) }),
  ),
  { maxLength: 60 },
);

describe.each([{ wasm: true }, { wasm: false }])('the memory of vectors with %o', (options) => {
  it('hands out zeros that overlap with nothing that is held', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const memory = new LinearMemory(options);
        const held: { at: number; bytes: number; mark: number }[] = [];
        all.forEach((step, number) => {
          if ('take' in step) {
            const bytes = step.take;
            const at = memory.allocate(bytes);
            expect(at % 16).toBe(0);
            expect(memory.bytes.subarray(at, at + bytes).every((byte) => byte === 0)).toBe(true);
            const mark = 1 + (number % 255);
            memory.bytes.fill(mark, at, at + bytes);
            held.push({ at, bytes, mark });
          } else {
            const [stretch] = held.splice(step.giveBack, 1);
            if (stretch !== undefined) memory.release(stretch.at, stretch.bytes);
          }
        });
        for (const { at, bytes, mark } of held) {
          expect(memory.bytes.subarray(at, at + bytes).every((byte) => byte === mark)).toBe(true);
        }
        const size = memory.size;
        for (const { at, bytes } of held) memory.release(at, bytes);
        expect(memory.used).toBe(0);
        expect(memory.bytes.every((byte) => byte === 0)).toBe(true);
        // Neighbours were joined: what was used before fits again without growth.
        const whole = held.reduce((sum, { bytes }) => sum + bytes, 0);
        if (whole > 0) memory.allocate(whole);
        expect(memory.size).toBe(size);
      }),
      { numRuns: 40 },
    );
  });

  it('refuses to grow past its limit and stays usable', () => {
    const memory = new LinearMemory({ ...options, maxBytes: 2 ** 20 });
    const at = memory.allocate(900_000);
    expectRefusal(() => memory.allocate(200_000), 'INDEX_FULL');
    memory.release(at, 900_000);
    expect(memory.allocate(1_000_000)).toBe(at);
  });
});

describe('an index whose memory is used up', () => {
  it('refuses a document or a move and changes nothing', () => {
    const index = new MemoryIndex({ dims: DIMS, space: SPACE, vectorBytes: 65536 });
    const rows = Array.from({ length: 1100 }, (_, i) => rowOf(i, 'grant', [i, 1, 2, 3]));
    const [first, second] = [documentOf('first', 1, rows), documentOf('second', 1, rows)];
    const [third, fourth] = [documentOf('third', 2, rows), documentOf('fourth', 3, rows)];
    index.add(first);
    index.add(second);
    const before = index.search({ classes: [1], text: 'grant', vector: vectorOf([1]) }).next(3000);
    expectRefusal(() => [third, fourth].forEach((document) => index.add(document)), 'INDEX_FULL');
    const held = [third, fourth].filter(({ leafHash }) => index.has(leafHash));
    expect(index.counts().rows).toBe((2 + held.length) * 1100);
    expectRefusal(() => index.moveClass(first.leafHash, 4), 'INDEX_FULL');
    expect(index.get(first.leafHash)?.classNo).toBe(1);
    const after = index.search({ classes: [1], text: 'grant', vector: vectorOf([1]) }).next(3000);
    expect(after).toEqual(before);
  });

  it('still removes documents, whether or not their class can be rebuilt', () => {
    const index = new MemoryIndex({ dims: DIMS, space: SPACE, vectorBytes: 65536 });
    const rows = Array.from({ length: 640 }, (_, i) => rowOf(i, 'grant', [i, 1, 2, 3]));
    const all = ['a', 'b', 'c', 'd', 'e'].map((name) => documentOf(name, 1, rows));
    expectRefusal(() => all.forEach((document) => index.add(document)), 'INDEX_FULL');
    const held = all.filter(({ leafHash }) => index.has(leafHash));
    for (const { leafHash } of held) expect(index.remove(leafHash)).toBe(true);
    expect(index.counts()).toEqual({ classes: 0, documents: 0, rows: 0 });
    held.forEach((document) => index.add(document));
    expect(index.counts().rows).toBe(640 * held.length);
  });
});
