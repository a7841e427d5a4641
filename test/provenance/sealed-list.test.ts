// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { concat, hex, hmac, jcsBytes, lp, u32be, u64be, utf8 } from '../../src/core/index.ts';
import { EMPTY_ROOT, leafHash, rootOf } from '../../src/provenance/merkle.ts';
import { decodeList, encodeList, listCommitment } from '../../src/provenance/sealed-list.ts';
import { fc } from '../support/property.ts';
import {
  everyBitFlip,
  everyTruncation,
  codeThrownBy,
  expectRefusal,
} from '../support/tampering.ts';

const PEOPLE = [
  { p: 'bob', groups: ['everyone'], clearance: 1 },
  { p: 'alice', groups: [], clearance: 3 },
  { p: 'Zoe', groups: [], clearance: 0 },
];
const saltOf = (i: number): Uint8Array => new Uint8Array(32).fill(i + 1);

describe('a list', () => {
  it('is sorted by the bytes of its records, whatever order they came in', () => {
    const bytes = encodeList(PEOPLE);
    expect(encodeList(PEOPLE.toReversed())).toEqual(bytes);
    expect(decodeList(bytes)).toEqual([PEOPLE[2], PEOPLE[1], PEOPLE[0]].sort(byText));
    expect(encodeList([])).toEqual(new Uint8Array(0));
    expect(decodeList(new Uint8Array(0))).toEqual([]);
  });

  it('gives back its records', () => {
    const record = fc.record({ k: fc.string({ unit: 'grapheme' }), n: fc.maxSafeInteger() });
    const records = fc.uniqueArray(record, { selector: (r) => JSON.stringify(r), maxLength: 12 });
    fc.assert(
      fc.property(records, (list) => {
        const safe = list.map(({ k, n }) => ({ k, n: n === 0 ? 0 : n }));
        expect(decodeList(encodeList(safe)).sort(byText)).toEqual(safe.sort(byText));
      }),
    );
  });

  it('is not written with the same record twice, which no reader would accept', () => {
    const [bob] = PEOPLE as [object];
    expectRefusal(() => encodeList([...PEOPLE, { ...bob }]), 'INTERNAL');
    // Two records of one person are for the schema of the list to refuse.
    expect(decodeList(encodeList([...PEOPLE, { p: 'bob' }]))).toHaveLength(4);
  });

  it('is refused out of order, with a record twice, cut short or not canonical', () => {
    const record = (value: object): Uint8Array => lp(jcsBytes(value));
    const [a, b] = [record({ a: 1 }), record({ b: 1 })];
    expect(decodeList(concat(a, b))).toHaveLength(2);
    expectRefusal(() => decodeList(concat(b, a)), 'FORMAT_INVALID');
    expectRefusal(() => decodeList(concat(a, a)), 'FORMAT_INVALID');
    expectRefusal(() => decodeList(lp('{"a": 1}')), 'FORMAT_INVALID');
    expectRefusal(() => decodeList(concat(u32be(2 ** 32 - 1), utf8('{}'))), 'FORMAT_INVALID');
    for (const cut of everyTruncation(concat(a, b))) {
      if (cut.length !== a.length && cut.length > 0)
        expectRefusal(() => decodeList(cut), 'FORMAT_INVALID');
    }
  });
});

describe('the commitment to a list', () => {
  it('is the RFC 6962 root over salted records', () => {
    const bytes = encodeList(PEOPLE);
    const leaves = decodeList(bytes).map((record, i) =>
      leafHash(
        concat(lp('sr/list/v1'), lp('directory'), u64be(i), hmac(saltOf(i), jcsBytes(record))),
      ),
    );
    const expected = { count: 3, contentRoot: hex(rootOf(leaves)) };
    expect(listCommitment('directory', bytes, saltOf)).toEqual(expected);
    expect(listCommitment('policy', bytes, saltOf)).not.toEqual(expected);
    expect(listCommitment('directory', bytes, (i) => saltOf(i + 1))).not.toEqual(expected);
  });

  it('of no records is the empty root', () => {
    const empty = { count: 0, contentRoot: hex(EMPTY_ROOT) };
    expect(listCommitment('directory', new Uint8Array(0), saltOf)).toEqual(empty);
  });

  it('changes with every bit of the list, or the list is refused', () => {
    const bytes = encodeList(PEOPLE);
    const before = listCommitment('directory', bytes, saltOf);
    for (const altered of everyBitFlip(bytes)) {
      let after: unknown = null;
      const code = codeThrownBy(() => (after = listCommitment('directory', altered, saltOf)));
      expect(code ?? after).not.toEqual(before);
    }
  });
});

function byText(a: unknown, b: unknown): number {
  return Buffer.compare(jcsBytes(a), jcsBytes(b));
}
