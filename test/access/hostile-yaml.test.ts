// SPDX-License-Identifier: Apache-2.0
// Sidecars and front matter come with documents: whatever stands in them is refused by a typed error, and soon.
import { describe, expect, it } from 'vitest';
import { parseAccessFile, parseGrant } from '../../src/access/index.ts';
import { expectRefusal } from '../support/tampering.ts';
import { accessFile, refusalOf, textWith } from './access-text.ts';

const file = accessFile();
const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
for (let i = 1; i < 10; i++)
  bomb.push(
    `a${i}: &a${i} [${Array(9)
      .fill(`*a${i - 1}`)
      .join()}]`,
  );

const HOSTILE: readonly [string, string][] = [
  ['aliases that grow to a billion nodes', bomb.join('\n')],
  ['an alias repeated often', `a: &a [x]\nb: [${Array(200).fill('*a').join()}]`],
  ['an alias of nothing', 'allow: *nobody'],
  ['a list that holds itself', 'allow: &a [*a]'],
  ['a map that holds itself', '&a\nattrs: *a'],
  ['a tag of somebody', 'allow: !internal [ada]'],
  ['a tag on a name', 'deny: [!optional ada]'],
  ['a tag that other libraries run', 'allow: [!!js/function "ada"]'],
  ['bytes for a name', 'allow: [!!binary YWRh]'],
  ['a set for a list', 'allow: !!set { ada }'],
  ['a merge key', 'attrs: &a { x: y }\n<<: *a'],
  ['a NUL', 'allow: [a\0da]'],
  ['an escaped NUL', 'allow: ["a\\0da"]'],
  ['a key that is a list', '? [a, b]\n: c'],
  ['a key that is a map', '{ ? { a: b } : c }'],
  ['an alias as a key', 'a: &a [x]\n*a : y'],
  ['a field __proto__', '__proto__: { allow: [everyone] }'],
  ['a demand named __proto__', 'attrs: { __proto__: x }'],
  ['a demand without a name', 'attrs: { "": x }'],
  ['a second document', 'allow: [ada]\n---\nallow: [everyone]'],
  ['an unknown directive and a second document', '%FOO bar\n---\na: 1\n---\nb: 2'],
];

describe('permissions that come with a document', () => {
  it.each(HOSTILE)('are refused with %s', (_name, text) => {
    expectRefusal(() => parseGrant(text, 'sidecar', file), 'ACCESS_INVALID');
    const indented = text.replaceAll('\n', '\n  ');
    const frontMatter =
      text.includes('---') || text.startsWith('%') ? text : `access:\n  ${indented}`;
    expectRefusal(() => parseGrant(frontMatter, 'frontMatter', file), 'ACCESS_INVALID');
  });

  // Without a limit of depth, the time for some of these grows with the fifth power of their length.
  it.each<[string, (depth: number) => string]>([
    ['lists in lists', (n) => '['.repeat(n) + ']'.repeat(n)],
    ['lists that are never closed', (n) => '['.repeat(n)],
    ['maps in maps', (n) => '{a: '.repeat(n) + '}'.repeat(n)],
    ['dashes after dashes', (n) => `${'- '.repeat(n)}a`],
    ['keys of keys', (n) => `${'? '.repeat(n)}a`],
    ['keys of keys in maps', (n) => '{? '.repeat(n) + '}'.repeat(n)],
    ['keys of keys in lists', (n) => '[? '.repeat(n) + ']'.repeat(n)],
    ['lists as keys of lists', (n) => '['.repeat(n) + ']: 1'.repeat(n)],
    [
      'ever deeper indentation',
      (n) => Array.from({ length: n }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
    ],
  ])('are refused with %s at every depth', (_name, make) => {
    for (const depth of [17, 40, 160, 640, 1000, 2000, 10_000]) {
      const text = make(depth).slice(0, 60_000);
      expectRefusal(() => parseGrant(text, 'frontMatter', file), 'ACCESS_INVALID');
    }
  });

  it('are refused above 64 Ki characters, before anything is made of them', () => {
    const fits = `deny: [ada] #${'x'.repeat(64 * 1024 - 13)}`;
    expect(fits).toHaveLength(64 * 1024);
    expect(parseGrant(fits, 'sidecar', file)).toEqual({ deny: ['ada'] });
    expectRefusal(() => parseGrant(`${fits}x`, 'sidecar', file), 'ACCESS_INVALID');
  });

  it('may have thousands of other fields beside them in front matter', () => {
    const fields = Array.from({ length: 4000 }, (_, i) => `field${i}: ${i}`);
    const text = [...fields, 'access: { deny: [ada] }'].join('\n');
    expect(parseGrant(text, 'frontMatter', file)).toEqual({ deny: ['ada'] });
  });
});

describe('an access file', () => {
  it.each(HOSTILE)('is refused with %s', (_name, text) => {
    const lines = text.includes('---') ? [text] : text.split('\n').map((line) => `    ${line}`);
    const whole = textWith('rules:', '  - path: "**"', ...lines);
    expectRefusal(() => parseAccessFile(whole), 'ACCESS_INVALID');
  });

  it.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf', 'prototype'])(
    'takes %s for a name like any other',
    (name) => {
      const people = { ada: {}, [name]: { clearance: 2 } };
      const directory = [
        { p: 'ada', groups: [], clearance: 0, actions: ['read', 'receipt'] },
        { p: name, groups: [`${name}.s`], clearance: 2, actions: ['read', 'receipt'] },
      ];
      const text = accessFile({ people, groups: { [`${name}.s`]: [name] } });
      expect(text.directory).toEqual(directory);
      const group = accessFile({ groups: { [name]: ['dan'] } });
      expect(group.directory.at(-1)).toMatchObject({ p: 'dan', groups: [name] });
      expect(refusalOf(() => accessFile({ rules: [{ path: 'a', deny: [name] }] })).message).toMatch(
        /unknown/,
      );
    },
  );

  it('refuses __proto__ as a person, a group and a member by its line, and does not pass over it', () => {
    expect(refusalOf(() => parseAccessFile(textWith('  __proto__: {}'))).line).toBe(6);
    expect(refusalOf(() => parseAccessFile(textWith('groups:', '  __proto__: [ada]'))).line).toBe(
      7,
    );
    expect(refusalOf(() => parseAccessFile(textWith('groups:', '  a: [__proto__]'))).line).toBe(7);
  });

  it('takes no word for a truth value because it asks for an older YAML', () => {
    const text = `%YAML 1.1\n---\n${textWith('sidecars: yes')}`;
    expect(refusalOf(() => parseAccessFile(text)).message).toMatch(/sidecars/);
  });
});
