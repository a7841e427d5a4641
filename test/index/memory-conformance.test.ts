// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { MemoryIndex } from '../../src/index/index.ts';
import { describePassageIndex } from './conformance.ts';
import { DIMS, documentOf, rowOf, SPACE } from './corpus.ts';

const make = (): MemoryIndex => new MemoryIndex({ dims: DIMS, space: SPACE });

describePassageIndex('the index in memory', () => Promise.resolve(make()));

it('the index in memory has nothing left of removed rows when it was vacuumed', () => {
  const index = make();
  const document = documentOf('one', 0, [rowOf(0, 'grant', [1])]);
  index.add(document);
  index.remove(document.leafHash);
  expect(index.vacuum()).toEqual({ pending: [] });
});
