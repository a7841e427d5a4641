// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { Directory, type DirectoryRecord } from '../../src/access/index.ts';
import { expectRefusal } from '../support/tampering.ts';

const ADA: DirectoryRecord = {
  p: 'ada',
  groups: ['board', 'staff'],
  clearance: 3,
  actions: ['read'],
};
const BEN: DirectoryRecord = { p: 'ben', groups: [], clearance: 0, actions: [] };

describe('a directory', () => {
  it('knows each person with groups, clearance and actions, and puts everybody into everyone', () => {
    const directory = Directory.parse(4, [ADA, BEN]);
    expect(directory.epoch).toBe(4);
    expect(directory.records).toEqual([ADA, BEN]);
    expect(directory.principal('ada')).toEqual({
      id: 'ada',
      groups: new Set(['board', 'staff', 'everyone']),
      clearance: 3,
      actions: new Set(['read']),
    });
  });

  it.each(['stranger', 'Ada', 'constructor', 'toString', '__proto__', ''])(
    'gives somebody unknown (%j) no clearance, no action and no group but everyone',
    (id) => {
      const nobody = { id, groups: new Set(['everyone']), clearance: 0, actions: new Set() };
      expect(Directory.parse(1, [ADA]).principal(id)).toEqual(nobody);
    },
  );

  it('that is empty knows nobody', () => {
    const directory = Directory.empty(9);
    expect(directory.epoch).toBe(9);
    expect(directory.records).toEqual([]);
    expect(directory.principal('ada').actions.size).toBe(0);
  });

  it.each<[string, readonly unknown[]]>([
    ['two records of one person', [ADA, { ...ADA, clearance: 9 }]],
    ['an unknown field', [{ ...ADA, admin: true }]],
    [
      'an unknown field __proto__',
      [JSON.parse('{"__proto__":1,"p":"a","groups":[],"clearance":0,"actions":[]}')],
    ],
    ['a missing field', [{ p: 'ada', groups: [], clearance: 0 }]],
    ['an unknown action', [{ ...ADA, actions: ['root'] }]],
    ['a clearance of 10', [{ ...ADA, clearance: 10 }]],
    ['a clearance in text', [{ ...ADA, clearance: '3' }]],
    ['an unusable name', [{ ...ADA, p: 'ada lovelace' }]],
    ['an unusable group', [{ ...ADA, groups: ['__proto__'] }]],
    ['no record at all', [null]],
  ])('is refused with %s', (_name, values) => {
    expectRefusal(() => Directory.parse(1, values), 'FORMAT_INVALID');
  });
});
