// SPDX-License-Identifier: Apache-2.0
// Small random collections over few words and short vectors, so that ties and shared terms are common.
import { base32, hex, sha256, utf8 } from '../../src/core/index.ts';
import type { PassageDocument, PassageRow } from '../../src/index/index.ts';
import { encodeVector, type QuantisedVector, quantise } from '../../src/provenance/index.ts';
import { fc } from '../support/property.ts';
import type { SeededRandom } from '../support/seeded-random.ts';

/** Dimensions of the vectors of these collections. */
export const DIMS = 4;
/** A space for which no weights were measured. */
export const SPACE = 'test/equal-weights';

const WORDS =
  'grant deny policy bucket s3:GetObject key role the of café 日本語 audit log trail user'.split(
    ' ',
  );

/** What decides a row. */
export interface RowSeed {
  readonly words: readonly number[];
  readonly vector: readonly number[];
}

/** A row of a document with this body and vector. */
export function rowOf(i: number, body: string, vector: readonly number[]): PassageRow {
  return {
    i,
    vector: encodeVector(vectorOf(vector)),
    text: { title: null, headings: [], body },
  };
}

/** A quantised vector; the zero vector becomes the first unit vector. */
export function vectorOf(components: readonly number[]): QuantisedVector {
  const x = Float32Array.from({ length: DIMS }, (_, at) => components[at] ?? 0);
  if (x.every((component) => component === 0)) x[0] = 1;
  return quantise(x);
}

/** Leaf hash of the document of this name. */
export function leafHashOf(name: string): string {
  return hex(sha256(utf8(name)));
}

/** A document of this name. */
export function documentOf(
  name: string,
  classNo: number,
  rows: readonly PassageRow[],
): PassageDocument {
  return {
    docId: `d-${base32(sha256(utf8(name))).slice(0, 26)}`,
    leafHash: leafHashOf(name),
    classNo,
    // An address without a path: no words of its own.
    name: { sourceUri: `test:?${name}`, title: null },
    rows,
  };
}

/** Text of word numbers. */
export function textOf(words: readonly number[]): string {
  return words.map((word) => WORDS[word % WORDS.length]).join(' ');
}

const vectors = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: DIMS, maxLength: DIMS });
const texts = fc
  .array(fc.nat({ max: WORDS.length - 1 }), { maxLength: 12 })
  .map((words) => textOf(words));

/** Documents in classes 0 to 5. */
export const documents: fc.Arbitrary<PassageDocument[]> = fc
  .array(
    fc.record({
      classNo: fc.nat({ max: 5 }),
      rows: fc.array(fc.record({ body: texts, vector: vectors }), { minLength: 1, maxLength: 4 }),
    }),
    { maxLength: 14 },
  )
  .map((seeds) =>
    seeds.map(({ classNo, rows }, at) =>
      documentOf(
        `document ${at}`,
        classNo,
        rows.map(({ body, vector }, i) => rowOf(i, body, vector)),
      ),
    ),
  );

/** A query in words and as a vector. */
export const queries = fc.record({ text: texts, vector: vectors.map(vectorOf) });

/** The classes of a caller. */
export const callers = fc.subarray([0, 1, 2, 3, 4, 5, 9]);

/** A document long enough for postings to be settled: `rows` rows of 40 words out of many. */
export function longDocument(
  random: SeededRandom,
  {
    name,
    classNo,
    rows,
  }: { readonly name: string; readonly classNo: number; readonly rows: number },
): PassageDocument {
  return documentOf(
    name,
    classNo,
    Array.from({ length: rows }, (_, i) => {
      const words = Array.from({ length: 40 }, () =>
        random.below(3) === 0 ? textOf([random.below(15)]) : `term${random.below(400)}`,
      );
      const vector = Array.from({ length: DIMS }, () => random.below(7) - 3);
      return rowOf(i, words.join(' '), vector);
    }),
  );
}
