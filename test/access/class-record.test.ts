// SPDX-License-Identifier: Apache-2.0
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  aclDigest,
  classRecord,
  type ClassRecord,
  decodeClassRecord,
  encodeClassRecord,
} from '../../src/access/index.ts';
import { concat, fromUtf8, lp, utf8 } from '../../src/core/index.ts';
import { fc } from '../support/property.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { expectRefusal } from '../support/tampering.ts';
import { classRecords, OPEN_CLASS } from './people.ts';

const KEY = new SeededRandom('class key').bytes(32);
const fieldsOf = ({ v, ...fields }: ClassRecord): Omit<ClassRecord, 'v'> => {
  expect(v).toBe(1);
  return fields;
};
const names = (n: number): string[] => Array.from({ length: n }, (_, i) => `user-${i}`);

describe('a class record', () => {
  it('has one spelling, however its lists were written', () => {
    fc.assert(
      fc.property(classRecords, fc.infiniteStream(fc.nat()), (record, keys) => {
        const mixed = (list: readonly string[]): string[] =>
          [...list, ...list]
            .map((name) => ({ name, key: keys.next().value as number }))
            .sort((a, b) => a.key - b.key)
            .map(({ name }) => name);
        const again = classRecord({
          ...fieldsOf(record),
          allowUsers: mixed(record.allowUsers),
          allowGroups: mixed(record.allowGroups),
          denyUsers: mixed(record.denyUsers),
          denyGroups: mixed(record.denyGroups),
        });
        expect(again).toEqual(record);
        expect(encodeClassRecord(again)).toEqual(encodeClassRecord(record));
      }),
    );
  });

  it('is canonical JSON and comes back from it unchanged', () => {
    fc.assert(
      fc.property(classRecords, (record) => {
        expect(decodeClassRecord(encodeClassRecord(record))).toEqual(record);
      }),
    );
    expect(fromUtf8(encodeClassRecord({ ...OPEN_CLASS, attrs: { b: '2', a: '1' } }))).toBe(
      '{"allowGroups":[],"allowUsers":["ada"],"attrs":{"a":"1","b":"2"},"classification":0,' +
        '"denyGroups":[],"denyUsers":[],"notAfter":null,"notBefore":null,"v":1}',
    );
  });

  it('orders names by their bytes: digits, capitals, small letters', () => {
    const { allowUsers } = classRecord({
      ...fieldsOf(OPEN_CLASS),
      allowUsers: ['b', 'a.b', 'B', 'a-b', '9', 'a', 'a_b', 'a@b', 'aB'],
    });
    expect(allowUsers).toEqual(['9', 'B', 'a', 'a-b', 'a.b', 'a@b', 'aB', 'a_b', 'b']);
  });

  it.each<[string, Partial<ClassRecord>]>([
    ['an unusable name', { allowUsers: ['no spaces'] }],
    ['more than 512 names', { denyUsers: names(513) }],
    ['a classification of 10', { classification: 10 }],
    ['a time before 1970', { notAfter: -1 }],
    ['half an hour', { notBefore: 0.5 }],
    ['an attribute without name', { attrs: { '': 'x' } }],
    ['an attribute with a lone surrogate', { attrs: { a: '\ud800' } }],
    [
      'an attribute __proto__',
      { attrs: JSON.parse('{"__proto__":"x"}') as Record<string, string> },
    ],
  ])('is not made of %s', (_name, change) => {
    const fields = { ...fieldsOf(OPEN_CLASS), ...change } as Omit<ClassRecord, 'v'>;
    expectRefusal(() => classRecord(fields), 'ACCESS_INVALID');
  });

  it('holds up to 512 names in a list', () => {
    const record = classRecord({ ...fieldsOf(OPEN_CLASS), allowUsers: names(512) });
    expect(decodeClassRecord(encodeClassRecord(record)).allowUsers).toHaveLength(512);
  });
});

describe('the bytes of a class record', () => {
  const text = fromUtf8(encodeClassRecord({ ...OPEN_CLASS, attrs: { a: '1' } }));
  const swapped = (from: string, to: string): string => {
    expect(text).toContain(from);
    return text.replace(from, to);
  };

  it.each([
    ['nothing', ''],
    ['another value', '[]'],
    ['white space', text.replace(':', ': ')],
    ['an unknown field', swapped('"v":1', '"v":1,"w":1')],
    ['an unknown field __proto__', swapped('{"allowGroups"', '{"__proto__":{},"allowGroups"')],
    ['a missing field', swapped('"denyUsers":[],', '')],
    ['a field twice', swapped('"v":1', '"v":1,"v":1')],
    ['another version', swapped('"v":1', '"v":2')],
    ['unsorted names', swapped('["ada"]', '["ben","ada"]')],
    ['a name twice', swapped('["ada"]', '["ada","ada"]')],
    ['an unusable name', swapped('["ada"]', '["_ada"]')],
    ['a number for a name', swapped('["ada"]', '[1]')],
    ['a classification in text', swapped('"classification":0', '"classification":"0"')],
    ['a negative classification', swapped('"classification":0', '"classification":-1')],
    ['an hour in text', swapped('"notAfter":null', '"notAfter":"1"')],
    ['a negative hour', swapped('"notAfter":null', '"notAfter":-1')],
    ['an attribute that is no text', swapped('"a":"1"', '"a":1')],
    // A schema that dropped the name without a word would lift the demand.
    ['a demand named __proto__', swapped('{"a":"1"}', '{"__proto__":"1"}')],
  ])('are refused with %s', (_name, bytes) => {
    expectRefusal(() => decodeClassRecord(utf8(bytes)), 'FORMAT_INVALID');
  });

  it('are refused when they are no text', () => {
    expectRefusal(() => decodeClassRecord(Uint8Array.of(0xff, 0xfe)), 'FORMAT_INVALID');
  });
});

describe('the digest of a class', () => {
  const bytes = encodeClassRecord(OPEN_CLASS);

  it('is the keyed digest of docs/formats.md', () => {
    const mac = createHmac('sha256', KEY).update(concat(lp('sr/acl/v1'), bytes));
    expect(aclDigest(KEY, bytes)).toBe(mac.digest('hex'));
  });

  it('differs for every other record and every other key', () => {
    const other = new SeededRandom('another class key').bytes(32);
    const wider = encodeClassRecord({ ...OPEN_CLASS, allowGroups: ['everyone'] });
    expect(aclDigest(KEY, wider)).not.toBe(aclDigest(KEY, bytes));
    expect(aclDigest(other, bytes)).not.toBe(aclDigest(KEY, bytes));
  });
});
