// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { ACTIONS, parseAccessFile, parseGrant } from '../../src/access/index.ts';
import { accessFile, refusalOf, textWith } from './access-text.ts';

const FULL = `
# Who may read what.
v: 1
default: owner
owner: ada
sidecars: true
frontMatter: true
people:
  ada: { clearance: 9, actions: all }
  ben: { clearance: 1, actions: [ingest, read, read] }
  chloe: {}
  dan:
groups:
  board: [ada]
  staff: [ben, board]
  nobody: []
rules:
  - path: 'board/**'
    allow: [board]
    deny: [dan]
    classification: 3
    attrs: { network: office }
    notBefore: 2030-01-01
    notAfter: '2031-01-01T12:00:00+02:00'
    expires: 2031-06-30T23:59:59Z
  - { path: '**', allow: [everyone] }
`;

describe('an access file', () => {
  it('gives people, groups, rules and the directory that the log signs', () => {
    const file = parseAccessFile(FULL);
    expect(file).toMatchObject({
      default: 'owner',
      owner: 'ada',
      sidecars: true,
      frontMatter: true,
    });
    expect([...file.people]).toEqual(['ada', 'ben', 'chloe', 'dan']);
    expect([...file.groups]).toEqual(['board', 'staff', 'nobody']);
    expect(file.rules[0]).toEqual({
      path: 'board/**',
      allow: ['board'],
      deny: ['dan'],
      classification: 3,
      attrs: { network: 'office' },
      notBefore: '2030-01-01',
      notAfter: '2031-01-01T12:00:00+02:00',
      expires: '2031-06-30T23:59:59Z',
    });
    expect(file.directory).toEqual([
      { p: 'ada', groups: ['board', 'staff'], clearance: 9, actions: [...ACTIONS].sort() },
      { p: 'ben', groups: ['staff'], clearance: 1, actions: ['ingest', 'read'] },
      { p: 'chloe', groups: [], clearance: 0, actions: ['read', 'receipt'] },
      { p: 'dan', groups: [], clearance: 0, actions: ['read', 'receipt'] },
    ]);
  });

  it('needs no groups and no rules, and lets documents grant nothing unless it says so', () => {
    const file = parseAccessFile(textWith());
    expect(file).toMatchObject({ sidecars: false, frontMatter: false, rules: [] });
    expect(file.groups.size).toBe(0);
  });

  it('may be JSON', () => {
    const json = { v: 1, default: 'refuse', owner: 'ada', people: { ada: {} }, rules: [] };
    expect(parseAccessFile(JSON.stringify(json, null, 2))).toEqual(parseAccessFile(textWith()));
  });

  it('lists the directory in an order that does not depend on the order of writing', () => {
    const people = { dan: {}, ada: {}, chloe: {}, ben: {} };
    expect(accessFile({ people }).directory).toEqual(accessFile().directory);
  });

  it('may repeat lists by alias', () => {
    const file = parseAccessFile(textWith('groups:', '  a: &members [ada]', '  b: *members'));
    expect(file.directory[0]?.groups).toEqual(['a', 'b']);
  });

  it('may hold ten thousand rules', () => {
    const rules = Array.from({ length: 10_000 }, (_, i) => ({ path: `d${i}/**`, allow: ['ada'] }));
    expect(accessFile({ rules }).rules).toHaveLength(10_000);
    expect(
      refusalOf(() => accessFile({ rules: [...rules, ...rules.slice(0, 1)] })).message,
    ).toMatch(/rules/);
  });
});

/** [what is wrong, the lines from line 6 on, the line that is named, a part of the message] */
const WRONG: readonly [string, readonly string[], number, RegExp][] = [
  ['an unknown field', ['sidecar: true'], 1, /Unrecognized key: "sidecar"/],
  ['a field of the wrong type', ['sidecars: yes'], 6, /sidecars/],
  ['a list for groups', ['groups: [ada]'], 6, /groups/],
  ['nothing for rules', ['groups: {}', 'rules:'], 7, /rules/],
  ['a group that is no list', ['groups:', '  staff: ada'], 7, /groups\.staff/],
  [
    'a member that is no name',
    ['groups:', '  staff:', '    - ada', '    - 5'],
    9,
    /groups\.staff\.1/,
  ],
  ['an unknown member', ['groups:', '  ops: [ada]', '  staff: [ada, bne]'], 8, /unknown.*: bne/],
  ['everyone as a member', ['groups:', '  staff: [everyone]'], 7, /everyone/],
  ['a person and a group of one name', ['groups:', '  ops: []', '  ada: []'], 8, /groups\.ada/],
  [
    'a group everyone',
    ['groups:', '  ops: []', '  everyone: []'],
    8,
    /everyone is a reserved name/,
  ],
  ['a person everyone', ['  everyone: {}'], 6, /everyone is a reserved name/],
  ['an unknown field of a person', ['  ben: { admin: true }'], 6, /people\.ben/],
  ['a clearance of 10', ['  ben:', '    clearance: 10'], 7, /people\.ben\.clearance/],
  ['an unknown action', ['  ben:', '    actions:', '      - read', '      - root'], 9, /actions/],
  ['a name with a space', ['  ben b: {}'], 6, /people/],
  ['a name that is not ASCII', ['  zoë: {}'], 6, /people/],
  ['a name that looks like an ASCII one', ['  аda: {}'], 6, /people/],
  ['a name that begins with a dot', ['  .ben: {}'], 6, /people/],
  ['a name of 129 characters', [`  ${'b'.repeat(129)}: {}`], 6, /people/],
  ['an empty name', ['  "": {}'], 6, /people/],
  ['a person twice', ['  ben: {}', '  ada: {}'], 7, /unique/],
  ['a person twice, once as a number', ['  7: {}', '  "7": {}'], 7, /twice/],
  ['a field twice', ['owner: ada'], 6, /unique/],
  ['a rule without path', ['rules:', '  - path: a', '  - allow: [ada]'], 8, /rules\.1\.path/],
  ['a rule with an empty path', ['rules:', '  - path: ""'], 7, /rules\.0\.path/],
  ['a rule that is a text', ['rules:', '  - "**"'], 7, /rules\.0/],
  ['an unknown field of a rule', ['rules:', '  - path: a', '    grant: [ada]'], 7, /grant/],
  [
    'an unknown reader',
    ['rules:', '  - path: a', '    allow:', '      - ada', '      - bob'],
    10,
    /: bob/,
  ],
  [
    'an unknown name denied',
    ['rules:', '  - path: a', '    deny: [contractors]'],
    8,
    /: contractors/,
  ],
  [
    'a classification that is no integer',
    ['rules:', '  - path: a', '    classification: 1.5'],
    8,
    /classification/,
  ],
  [
    'a day that does not exist',
    ['rules:', '  - path: a', '    notAfter: 2030-02-30'],
    8,
    /notAfter/,
  ],
  [
    'a time without zone',
    ['rules:', '  - path: a', '    expires: 2030-01-01T10:00:00'],
    8,
    /expires/,
  ],
  ['a time in words', ['rules:', '  - path: a', '    notBefore: tomorrow'], 8, /notBefore/],
  ['a time before 1970', ['rules:', '  - path: a', '    notBefore: 1969-12-31'], 8, /before 1970/],
  [
    'an attribute that is no text',
    ['rules:', '  - path: a', '    attrs: { level: 3 }'],
    8,
    /attrs/,
  ],
  [
    'an attribute that is no Unicode',
    ['rules:', '  - path: a', '    attrs: { a: "\\ud800" }'],
    8,
    /attrs/,
  ],
  ['a tab as indentation', ['groups:', '\tstaff: [ada]'], 7, /Tabs/],
  ['an open bracket', ['groups: {', 'rules: []'], 7, /./],
];

describe('an access file with', () => {
  it.each(WRONG)('%s is refused by its line', (_name, lines, line, message) => {
    const refusal = refusalOf(() => parseAccessFile(textWith(...lines)));
    expect(refusal.message).toMatch(message);
    expect(refusal.line).toBe(line);
  });

  it.each(['v', 'default', 'owner', 'people'])('no %s is refused by its first line', (field) => {
    const fields = { v: 1, default: 'refuse', owner: 'ada', people: { ada: {} } };
    const rest = Object.entries(fields).filter(([name]) => name !== field);
    const refusal = refusalOf(() =>
      parseAccessFile(`# \n\n${JSON.stringify(Object.fromEntries(rest))}`),
    );
    expect(refusal.message).toContain(field);
    expect(refusal.line).toBe(3);
  });

  it.each([
    ['another version', 'v: 2\n', 'v'],
    ['another default', 'default: public\n', 'default'],
    ['an owner whom it does not know', 'owner: bob\n', 'owner is not among the people'],
  ])('%s is refused by its line', (_name, line, message) => {
    const [field = ''] = line.split(':');
    const text = textWith().replace(new RegExp(`^${field}: .*\n`, 'm'), line);
    expect(refusalOf(() => parseAccessFile(text))).toMatchObject({
      line: ['v', 'default', 'owner'].indexOf(field) + 1,
      message: expect.stringContaining(message) as string,
    });
  });

  it.each([
    ['nothing', ''],
    ['a comment alone', '# nothing\n'],
    ['a text', 'hello'],
    ['a list', '- v: 1'],
    ['two documents', `${textWith()}---\n${textWith()}`],
  ])('%s in it is refused', (_name, text) => {
    expect(refusalOf(() => parseAccessFile(text)).message).toMatch(/the access file|v /);
  });
});

describe('the permissions of a document', () => {
  const file = accessFile({ groups: { staff: ['ben'] } });

  it('are read from a sidecar and from the access field of front matter alike', () => {
    const grant = { allow: ['ben', 'staff', 'everyone'], classification: 2 };
    const text = JSON.stringify(grant);
    expect(parseGrant(text, 'sidecar', file)).toEqual(grant);
    expect(parseGrant(`title: x\naccess: ${text}\n`, 'frontMatter', file)).toEqual(grant);
  });

  it.each(['title: x', 'just text', '', '- a', '5', 'null'])(
    'are none in front matter without the field: %j',
    (text) => {
      expect(parseGrant(text, 'frontMatter', file)).toBeNull();
    },
  );

  it.each<[string, string, 'sidecar' | 'frontMatter', number]>([
    ['nothing in the sidecar', '# empty\n', 'sidecar', 0],
    ['a text', 'public', 'sidecar', 1],
    ['an unknown field', 'deny: []\nviewers: [ben]', 'sidecar', 1],
    ['readers that narrow nothing', 'deny: []\nreaders: from-to', 'sidecar', 2],
    ['readers of another kind', 'allow: []\nreaders: [ben]', 'sidecar', 2],
    ['a path, as if it were a rule', 'path: "**"', 'sidecar', 1],
    ['an unknown name', 'allow:\n  - ben\n  - bob', 'sidecar', 3],
    ['an unknown name denied', 'deny: [bob]', 'sidecar', 1],
    ['a wrong classification', 'allow: [ben]\nclassification: -1', 'sidecar', 2],
    ['an empty access field', 'title: x\naccess:', 'frontMatter', 2],
    ['a wrong field', 'allow: 1\naccess:\n  deny: []\n  allow: 5', 'frontMatter', 4],
    [
      'an unknown name in front matter',
      'allow: [x]\naccess:\n  deny:\n    - bob',
      'frontMatter',
      4,
    ],
    ['malformed YAML', 'title: x\naccess: [', 'frontMatter', 2],
  ])('are refused by their line with %s', (_name, text, source, line) => {
    const refusal = refusalOf(() => parseGrant(text, source, file));
    expect(refusal.line).toBe(line === 0 ? null : line);
    // The people of other documents are nobody's business.
    expect(refusal.message).not.toContain('bob');
  });
});
