// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { placeWords } from '../../src/core/index.ts';
import { fc } from '../support/property.ts';

describe('the words of a source name', () => {
  it.each([
    ['guides/kms/key-rotation.md', 'guides kms key rotation'],
    ['README', 'README'],
    ['a.b_c/v1.2/notes.final.html', 'a b c v1 2 notes final'],
    ['https://example.org/help/take-leave.html?x=1#top', 'example org help take leave'],
    ['with%20space/ü.md', 'with 20space ü'],
    ['', ''],
    ['test:?id', ''],
  ])('of %s', (uri, words) => {
    expect(placeWords(uri)).toBe(words);
  });

  it('are the nearest of a long path, and well-formed for any name', () => {
    expect(placeWords(`${'far/'.repeat(99)}near/file.md`)).toMatch(/near file$/);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (uri) => {
        const words = placeWords(uri);
        expect(words.length).toBeLessThanOrEqual(160);
        expect(words.isWellFormed()).toBe(true);
      }),
    );
  });
});
