// SPDX-License-Identifier: Apache-2.0
// What goes to the engine and what is taken from it.
import { expect, it } from 'vitest';
import { base64, concat, hmac, lp, utf8 } from '../../src/core/index.ts';
import { encodeVector } from '../../src/provenance/index.ts';
import { openAlias } from '../../src/opensearch/aliases.ts';
import { BlindTokens } from '../../src/opensearch/blind-tokens.ts';
import { classFilter } from '../../src/opensearch/class-filter.ts';
import { readHits } from '../../src/opensearch/hits.ts';
import { checkMapping, indexDefinition } from '../../src/opensearch/mapping.ts';
import { roaring } from '../../src/opensearch/roaring.ts';
import { rowsOf } from '../../src/opensearch/rows.ts';
import { DIMS, documentOf, leafHashOf, rowOf, vectorOf } from '../index/corpus.ts';
import { codeRejectedBy, expectRefusal } from '../support/tampering.ts';

const KEY = new Uint8Array(32).fill(9);

it('a small bitmap has the bytes of the format', () => {
  const bytes = Buffer.from(roaring([1, 2, 3, 0x20005])).toString('hex');
  const header = '3a300000' + '02000000' + '0000' + '0200' + '0200' + '0000';
  const offsets = '18000000' + '1e000000';
  expect(bytes).toBe(`${header}${offsets}010002000300` + '0500');
});

it('a bitmap gives back what was put in, as list or as bits', () => {
  for (const step of [1, 2, 9, 70_000]) {
    const numbers = Array.from({ length: 20_000 }, (_, n) => n * step).filter((n) => n < 2 ** 31);
    expect(membersOf(roaring(numbers))).toEqual(numbers);
  }
});

it('a class filter lists few classes and packs many', () => {
  const few = Array.from({ length: 512 }, (_, n) => n * 3);
  expect(classFilter(few)).toEqual({ terms: { cls: few } });
  const many = [...few, 5000];
  const packed = base64(roaring(many));
  expect(classFilter(many)).toEqual({ terms: { cls: [packed], value_type: 'bitmap' } });
  expect(classFilter([])).toEqual({ terms: { cls: [] } });
});

it('INV-OPENSEARCH-CLASS-RANGE: a class that the engine cannot number is refused', () => {
  expect(classFilter([2 ** 31 - 1])).toBeDefined();
  expectRefusal(() => classFilter([1, 2 ** 31]), 'USAGE');
});

it('a row holds no word, title, heading or name', () => {
  const document = documentOf('secretname', 3, [
    {
      ...rowOf(0, 'alpha beta beta', [1, 2]),
      text: { title: 'Gamma', headings: ['Delta'], body: 'alpha beta beta' },
    },
  ]);
  const tokens = new BlindTokens(KEY, 'words/1');
  const [row] = rowsOf(document, DIMS, { tokens, at: 7 }).map((make) => make());
  const text = JSON.stringify(row);
  for (const word of ['alpha', 'beta', 'gamma', 'delta', 'secretname', 'test:?']) {
    expect(text.toLowerCase()).not.toContain(word);
  }
  const source = row!.source as { w: string; len: number; at: number; cls: number };
  const words = source.w.split(' ');
  expect(words).toEqual(words.toSorted());
  expect(source).toMatchObject({ len: words.length, at: 7, cls: 3 });
  expect(words.filter((word) => word === tokens.of('beta'))).toHaveLength(2);
  expect(words.filter((word) => word === tokens.of('gamma'))).toHaveLength(3);
});

it('a token is a keyed digest of field, analyser and term', () => {
  const digest = hmac(KEY, concat(lp('words'), lp('words/1'), utf8('alpha')));
  const expected = Buffer.from(digest.subarray(0, 9)).toString('base64url');
  expect(new BlindTokens(KEY, 'words/1').of('alpha')).toBe(expected);
  expect(new BlindTokens(KEY, 'words/2').of('alpha')).not.toBe(expected);
  expect(new BlindTokens(new Uint8Array(32), 'words/1').of('alpha')).not.toBe(expected);
});

it('INV-OPENSEARCH-ENGINE: no vector field may use another engine than lucene', () => {
  const { mappings } = indexDefinition({ dims: 8 }) as { mappings: unknown };
  expect(JSON.stringify(mappings)).toContain('"engine":"lucene"');
  checkMapping(mappings, { dims: 8 });
  for (const engine of ['"faiss"', '"nmslib"', 'null']) {
    const other = JSON.stringify(mappings).replace('"lucene"', engine);
    expectRefusal(() => checkMapping(JSON.parse(other), { dims: 8 }), 'INDEX_REFUSED');
  }
});

it('an index that was made otherwise is refused', () => {
  const { mappings } = indexDefinition({ dims: 8 }) as { mappings: object };
  for (const other of [
    null,
    {},
    { ...mappings, dynamic: 'true' },
    { ...mappings, _meta: { strongroom: { format: 'x', dims: 8 } } },
  ]) {
    expectRefusal(() => checkMapping(other, { dims: 8 }), 'INDEX_REFUSED');
  }
  expectRefusal(() => checkMapping(mappings, { dims: 9 }), 'INDEX_REFUSED');
});

it('INV-OPENSEARCH-NAME: a name cannot lead to several indexes or out of the path', async () => {
  const never = { call: () => Promise.reject(new Error('asked')) };
  for (const alias of ['a*', '*', 'a,b', '../x', '_all', 'A', '', 'a/b', '-a', 'a'.repeat(201)]) {
    const opened = openAlias(never as never, alias, { shape: { dims: 1 }, create: true });
    expect(await codeRejectedBy(opened)).toBe('CONFIG_INVALID');
  }
});

const hit = (changes: object = {}, score: unknown = 1): object => ({
  _score: score,
  fields: {
    doc: [documentOf('one', 0, []).docId],
    leaf: [leafHashOf('one')],
    i: [0],
    cls: [1],
    sv: [base64(encodeVector(vectorOf([1]))).replace(/=+$/, '')],
    ...changes,
  },
});
const rules = { dims: DIMS, classes: new Set([1]), depth: 10 };

it('INV-OPENSEARCH-HIT-CLASS: a hit of a class that was not asked for is passed over', () => {
  expect(readHits([hit()], rules)).toHaveLength(1);
  expect(readHits([hit({ cls: [2] }), hit({ cls: [1, 2] }), hit({ cls: ['1'] })], rules)).toEqual(
    [],
  );
});

it('hits without the form of a row are passed over, and none counts twice', () => {
  const malformed = [
    null,
    {},
    'x',
    { _score: 1 },
    hit({ doc: ['d-short'] }),
    hit({ leaf: ['ABC'] }),
    hit({ i: [-1] }),
    hit({ i: [0.5] }),
    hit({ i: [2 ** 20] }),
    hit({ sv: ['AAAA'] }),
    hit({ sv: [17] }),
    hit({ sv: undefined }),
    hit({}, null),
    hit({}, Infinity),
  ];
  expect(readHits(malformed, { ...rules, depth: 100 })).toEqual([]);
  expect(readHits([hit(), hit({}, 5)], rules)).toHaveLength(1);
  const many = Array.from({ length: 50 }, (_, i) => hit({ i: [i] }));
  expect(readHits(many, rules)).toHaveLength(10);
});

/** Members of a bitmap without run containers. */
function membersOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  expect(view.getUint32(0, true)).toBe(12346);
  const chunks = view.getUint32(4, true);
  return Array.from({ length: chunks }, (_, at) => {
    const key = view.getUint16(8 + 4 * at, true);
    const count = view.getUint16(10 + 4 * at, true) + 1;
    const offset = view.getUint32(8 + 4 * chunks + 4 * at, true);
    if (count <= 4096) {
      return Array.from(
        { length: count },
        (__, n) => key * 65536 + view.getUint16(offset + 2 * n, true),
      );
    }
    return Array.from({ length: 65536 }, (__, n) => n)
      .filter((n) => (view.getUint8(offset + (n >>> 3)) & (1 << (n & 7))) !== 0)
      .map((n) => key * 65536 + n);
  }).flat();
}
