// SPDX-License-Identifier: Apache-2.0
// Searches while documents come, go and move, against an index that is built anew for each of them.
import { describe, expect, it } from 'vitest';
import { centroidsOf, MemoryIndex, type PassageDocument } from '../../src/index/index.ts';
import { fc } from '../support/property.ts';
import { expectRefusal } from '../support/tampering.ts';
import { callers, DIMS, documents, queries, SPACE, vectorOf } from './corpus.ts';

const centroids = centroidsOf(
  [
    [1, 0],
    [0, 1],
    [-1, 0, 1],
    [0, -1, -1, 1],
  ].map(vectorOf),
);

type Step =
  | { readonly kind: 'add'; readonly at: number }
  | { readonly kind: 'remove'; readonly at: number }
  | { readonly kind: 'move'; readonly at: number; readonly to: number }
  | { readonly kind: 'vacuum' }
  | { readonly kind: 'search'; readonly classes: number[] };

const at = fc.nat({ max: 13 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('add' as const), at }),
    fc.record({ kind: fc.constant('remove' as const), at }),
    fc.record({ kind: fc.constant('move' as const), at, to: fc.nat({ max: 5 }) }),
    fc.record({ kind: fc.constant('vacuum' as const) }),
    fc.record({ kind: fc.constant('search' as const), classes: callers }),
  ),
  { maxLength: 40 },
);

describe.each([
  ['all vectors compared', {}],
  ['lists', { centroids, allRows: 0 }],
])('an index that changes, with %s', (_name, options) => {
  it('finds at every moment what an index of the present documents finds', () => {
    fc.assert(
      fc.property(documents, steps, queries, (all, changes, query) => {
        const index = new MemoryIndex({ dims: DIMS, space: SPACE, ...options });
        const present = new Map<string, PassageDocument>();
        for (const step of [...changes, { kind: 'search', classes: [0, 1, 2, 3, 4, 5] } as const]) {
          const document = 'at' in step ? all[step.at] : undefined;
          if (step.kind === 'search') {
            const { classes } = step;
            const fresh = new MemoryIndex({ dims: DIMS, space: SPACE, simd: false });
            present.forEach((held) => fresh.add(held));
            for (const mode of ['vector', 'hybrid'] as const) {
              const request = { classes, ...query, mode };
              expect(index.search(request).next(50)).toEqual(fresh.search(request).next(50));
            }
          } else if (step.kind === 'vacuum') index.vacuum();
          else if (document !== undefined) change(index, present, step, document);
        }
        expect(index.counts().rows).toBe(
          [...present.values()].reduce((sum, { rows }) => sum + rows.length, 0),
        );
      }),
    );
  });
});

function change(
  index: MemoryIndex,
  present: Map<string, PassageDocument>,
  step: Exclude<Step, { readonly kind: 'vacuum' | 'search' }>,
  document: PassageDocument,
): void {
  const { leafHash } = document;
  const held = present.get(leafHash);
  if (step.kind === 'add') {
    expect(index.add(document)).toBe(held === undefined);
    present.set(leafHash, held ?? document);
  } else if (step.kind === 'remove') {
    expect(index.remove(leafHash)).toBe(present.delete(leafHash));
  } else {
    expect(index.moveClass(leafHash, step.to)).toBe(held !== undefined);
    if (held !== undefined) present.set(leafHash, { ...held, classNo: step.to });
  }
}

describe('a caller whose membership changes', () => {
  it('finds by his new classes at his next query, and by no other', () => {
    fc.assert(
      fc.property(documents, fc.array(callers, { maxLength: 8 }), queries, (all, lists, query) => {
        const index = new MemoryIndex({ dims: DIMS, space: SPACE });
        all.forEach((document) => index.add(document));
        for (const classes of lists) {
          const found = index.search({ classes, ...query, mode: 'vector' }).next(100);
          const rows = all
            .filter(({ classNo }) => classes.includes(classNo))
            .reduce((sum, document) => sum + document.rows.length, 0);
          expect(found).toHaveLength(rows);
          expect(found.filter(({ classNo }) => !classes.includes(classNo))).toEqual([]);
        }
      }),
    );
  });
});

describe('lists of an index', () => {
  it('are refused for other dimensions', () => {
    expectRefusal(() => new MemoryIndex({ dims: 5, space: SPACE, centroids }), 'USAGE');
  });

  it('are refused without centroids, or with centroids of several dimensions', () => {
    expectRefusal(() => centroidsOf([]), 'USAGE');
    const short = { scale: 1, q: Int8Array.of(1) };
    expectRefusal(() => centroidsOf([short, vectorOf([1])]), 'USAGE');
  });

  it('have a digest that each of their components decides', () => {
    const { digest } = centroids;
    expect(centroidsOf(centroids.vectors).digest).toBe(digest);
    const other = centroids.vectors.map(({ scale, q }, n) => ({
      scale,
      q: n === 2 ? q.map((x) => x >> 1) : q,
    }));
    expect(centroidsOf(other).digest).not.toBe(digest);
  });
});
