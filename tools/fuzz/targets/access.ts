// SPDX-License-Identifier: Apache-2.0
// Who may do what: access files, records of people, classes and policy, and the local configuration.
import { jcsBytes, utf8 } from '../../../src/core/index.ts';
import { parseAccessFile, parseGrant } from '../../../src/access/access-file.ts';
import {
  classRecord,
  decodeClassRecord,
  encodeClassRecord,
} from '../../../src/access/class-record.ts';
import { Directory } from '../../../src/access/directory.ts';
import { initialPolicy, parsePolicy, stricterPolicy } from '../../../src/access/policy.ts';
import { decodeList, encodeList } from '../../../src/provenance/sealed-list.ts';
import { parseConfig } from '../../../src/vault/config.ts';
import type { Target } from '../engine.ts';
import { jsonSeed, promise, promiseSame, target, textOf } from './shared.ts';

const ACCESS = `v: 1
default: owner
owner: ada
sidecars: true
people:
  ada: { clearance: 3, actions: all }
  dan: {}
  eve: { actions: [read, receipt] }
groups:
  staff: [dan, board]
  board: [eve]
rules:
  - { path: "news/**", allow: [everyone] }
  - path: board/**
    allow: [board]
    deny: [dan]
    classification: 2
    attrs: { network: office }
    notBefore: 2026-01-01
    notAfter: 2027-01-01T00:00:00Z
`;
const ALIASES = 'v: 1\ndefault: &d owner\nowner: ada\npeople: { ada: &p {}, dan: *p }\nrules: []\n';
const ODD =
  'v: 1\ndefault: refuse\nowner: ada\npeople: { ada: ~, "7": {} }\ngroups: { a: [b, ada], b: [c, ada], c: [ada] }\nrules: [{ path: x, expires: 2026-01-01 }]\n';
const YAML = [
  'a: !x b',
  'a: [b',
  'a: 1\na: 2',
  '? [a]\n: b',
  '? {a: 1}\n: b',
  '7: a\n"7": b',
  '__proto__: {}',
  'a: *b',
  `a: &a [x]\nb: [${'*a, '.repeat(120)}]`,
  `${'['.repeat(20)}1`,
  '- '.repeat(20),
  '\ta: b',
  '%YAML 9\n---\na: b',
  'a: "\\ud800"',
  '',
].map((text) => `${text}\n`);
const LOOP = 'v: 1\ndefault: refuse\nowner: ada\npeople: {ada: {}}\ngroups: {g: [h], h: [g]}\n';
const WRONG = [
  ACCESS.replace('owner: ada', 'owner: bob'),
  ACCESS.replace('dan: {}', 'everyone: {}'),
  ACCESS.replace('staff: [dan, board]', 'dan: [ada]'),
  ACCESS.replace('staff: [dan, board]', 'everyone: [ada]'),
  ACCESS.replace('[dan, board]', '[nobody]'),
  ACCESS.replace('[everyone]', '[nobody]'),
  ACCESS.replace('2026-01-01', '1960-01-01'),
  ACCESS.replace('actions: all', 'actions: [fly]'),
  ACCESS.replace('actions: all', 'actions: [read, 7]'),
  ACCESS.replace('board: [eve]', 'board: [staff, eve]'),
  ACCESS.replace('network: office', '__proto__: office'),
  'text',
  '[]',
];
const KNOWN = parseAccessFile(ACCESS);
const GRANT = 'allow: [staff, ada]\ndeny: [eve]\nclassification: 1\nexpires: 2027-01-01\n';

const RECORD = classRecord({
  allowUsers: ['ada', 'dan'],
  allowGroups: ['staff'],
  denyUsers: ['eve'],
  denyGroups: [],
  classification: 2,
  attrs: { network: 'office' },
  notBefore: 1,
  notAfter: null,
});
const PERSON = { p: 'ada', groups: ['staff'], clearance: 3, actions: ['read'] };
const ISSUER = {
  iss: 'https://id.example',
  aud: ['strongroom'],
  algs: ['ES256'],
  jwks: '{}',
  prefix: 'corp',
  groups: true,
  maxTokenAge: 600,
};
const CONFIG = { v: 1, format: 1, vaultId: 'ab'.repeat(16), tenantId: 'acme' };

export const accessTargets: readonly Target[] = [
  target('access-file', {
    form: 'text',
    seeds: [
      ACCESS,
      ALIASES,
      LOOP,
      ODD,
      ...WRONG,
      ...YAML,
      JSON.stringify({ v: 1, default: 'owner', owner: 'ada', people: { ada: null } }),
    ].map(utf8),
    tokens: [
      'everyone',
      'everyone: {}',
      '__proto__: {}',
      'ada: [dan]',
      'ada',
      'staff',
      '[staff]',
      '&a ',
      '*a',
      '!!str ',
      '<<: ',
      '? ',
      '- ',
      ': ',
      '{',
      '}',
      '[',
      ']',
      '|\n',
    ],
    run: (input) => {
      const file = parseAccessFile(textOf(input));
      promise(file.people.has(file.owner), 'the owner is one of the people');
      for (const { p, groups } of file.directory) {
        promise(
          file.people.has(p) && groups.every((group) => file.groups.has(group)),
          'names are known',
        );
      }
    },
  }),
  target('grant', {
    form: 'text',
    seeds: [
      GRANT,
      ...YAML,
      'allow: [nobody]\n\n',
      'expires: 1960-01-01\n',
      `allow: [${'x'.repeat(66_000)}]`,
      `title: x\naccess: { allow: [everyone] }\n`,
      'title: none\n',
    ].map(utf8),
    tokens: ['allow', 'everyone', 'access:', '&a ', '*a', '? '],
    run: (input) => {
      const source = (input.length & 1) === 0 ? 'sidecar' : 'frontMatter';
      const grant = parseGrant(textOf(input), source, KNOWN);
      const named = [...(grant?.allow ?? []), ...(grant?.deny ?? [])];
      const known = named.every(
        (n) => KNOWN.people.has(n) || KNOWN.groups.has(n) || n === 'everyone',
      );
      promise(known, 'a grant names known people');
    },
  }),
  target('class-record', {
    form: 'json',
    seeds: [encodeClassRecord(RECORD)],
    run: (input) => promiseSame(encodeClassRecord(decodeClassRecord(input)), input),
  }),
  target('directory', {
    form: 'json',
    seeds: [[PERSON], [PERSON, { ...PERSON, p: 'dan' }], []].map(jcsBytes),
    run: (input) => {
      const records = parsedList(input);
      const directory = Directory.parse(1, records);
      promise(directory.records.length === records.length, 'a directory has one record a person');
      promise(directory.principal('nobody').actions.size === 0, 'somebody unknown may do nothing');
    },
  }),
  target('policy', {
    form: 'json',
    seeds: [
      [initialPolicy('owner')],
      [{ ...initialPolicy('refuse'), issuers: [ISSUER], maxAge: 600 }],
    ].map(jcsBytes),
    run: (input) => {
      const policy = parsePolicy(parsedList(input));
      promise(
        stricterPolicy(policy, {}).default === policy.default,
        'nothing said changes nothing',
      );
      const strict = stricterPolicy(policy, {
        default: 'refuse',
        maxAge: 60,
        plaintextCache: false,
      });
      promise(
        strict.maxAge === 60 && !strict.plaintextCache,
        'a local file makes a policy stricter',
      );
    },
  }),
  target('config', {
    form: 'json',
    seeds: [
      CONFIG,
      { ...CONFIG, ingest: { concurrency: 2, maxFileBytes: 9 } },
      { ...CONFIG, format: 2 },
      { ...CONFIG, format: 0 },
      {
        ...CONFIG,
        policy: {
          default: 'refuse',
          guard: { hiddenText: 'refuse' },
          maxAge: 9,
          plaintextCache: false,
        },
      },
    ].map(jsonSeed),
    run: (input) => {
      const { format, policy } = parseConfig(input);
      promise(
        format === 1 && policy?.plaintextCache !== (true as unknown),
        'a configuration only restricts',
      );
    },
  }),
];

/** Records as a sealed list gives them, when the input is a JSON array that one can hold. */
function parsedList(input: Uint8Array): unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(textOf(input));
  } catch {
    return decodeList(input);
  }
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'object')) return [value];
  try {
    return decodeList(encodeList(value as object[]));
  } catch {
    return value;
  }
}
