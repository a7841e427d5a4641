// SPDX-License-Identifier: Apache-2.0
// Permissions that come with documents: sidecar files and front matter, off unless the access file turns them on.
import { symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAccessFile } from '../../src/access/index.ts';
import type { IngestReport } from '../../src/ingest/index.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { VaultWorld, worldTemplate } from '../support/vault-world.ts';

const ACCESS = {
  v: 1,
  default: 'refuse',
  owner: 'ada',
  people: { ada: { clearance: 3, actions: 'all' }, ben: { clearance: 1 }, dan: {} },
  groups: { team: ['ben', 'ada'] },
  rules: [{ path: 'open/**', allow: ['everyone'] }],
};
const FILES = {
  'open/plain.md': '# Plain\n\nThe walrus sleeps.\n',
  'open/own.md': '---\naccess:\n  allow: [ada]\n---\n\n# Own\n\nThe walrus wakes.\n',
  'open/beside.md': '# Beside\n\nThe walrus swims.\n',
  'open/beside.md.access.yaml': 'deny: [dan]\nclassification: 1\n',
  'closed/named.md': '# Named\n\nThe walrus dives.\n',
  'closed/named.md.access.yaml': 'allow: [team]\n',
};

const template = worldTemplate((folder) =>
  VaultWorld.ingested({ files: FILES, access: ACCESS }, folder),
);

const found = async (world: VaultWorld, person: string): Promise<string[]> =>
  (await world.finds(person, 'walrus')).sort();
const failuresOf = ({ failures }: IngestReport): [string, string][] =>
  failures.map(({ uri, code }) => [uri, code]);

const OPEN = ['open/beside.md', 'open/own.md', 'open/plain.md'];

describe('sidecars and front matter', () => {
  it('grant and forbid nothing unless they are turned on', async () => {
    const world = await template();
    expect(await found(world, 'dan')).toEqual(OPEN);
    expect(await found(world, 'ada')).toEqual(OPEN);
    const report = await world.ingest();
    expect(report).toMatchObject({ undecided: ['closed/named.md'], unchanged: 3, files: 4 });
  });

  it('count when they are turned on, for files that did not change as well', async () => {
    const world = await template();
    world.setAccess({ ...ACCESS, sidecars: true, frontMatter: true });
    expect(failuresOf(await world.ingest())).toEqual([]);
    expect(await found(world, 'dan')).toEqual(['open/plain.md']);
    expect(await found(world, 'ben')).toEqual([
      'closed/named.md',
      'open/beside.md',
      'open/plain.md',
    ]);
    expect(await found(world, 'ada')).toEqual(['closed/named.md', ...OPEN]);
    expect(await world.ingest()).toMatchObject({ unchanged: 4, updated: 0, rebound: 0 });
    // And are void when they are turned off again.
    world.setAccess(ACCESS);
    await world.ingest();
    expect(await found(world, 'dan')).toEqual(OPEN);
  });

  it('of which only the front matter is turned on count for that alone', async () => {
    const world = await template();
    world.setAccess({ ...ACCESS, frontMatter: true });
    await world.ingest();
    expect(await found(world, 'dan')).toEqual(['open/beside.md', 'open/plain.md']);
  });

  it('that change make a new version, since they are sealed with the document', async () => {
    const world = await template();
    world.setAccess({ ...ACCESS, sidecars: true });
    await world.ingest();
    await world.write('open/beside.md.access.yaml', 'deny: [ben]\n');
    expect(await world.ingest()).toMatchObject({ updated: 1, rebound: 1 });
    expect(await found(world, 'ben')).not.toContain('open/beside.md');
    expect(await found(world, 'dan')).toContain('open/beside.md');
  });

  it('still count when only the access file is applied, without the sources', async () => {
    const world = await template();
    world.setAccess({ ...ACCESS, sidecars: true });
    await world.ingest();
    await world.remove('open/beside.md');
    await world.remove('open/beside.md.access.yaml');
    const rules = [{ path: 'open/**', allow: ['dan', 'ben'] }];
    await world.use((vault) =>
      vault.setAccess(world.setAccess({ ...ACCESS, sidecars: true, rules })),
    );
    expect(await found(world, 'dan')).toEqual(['open/own.md', 'open/plain.md']);
    expect(await found(world, 'ben')).toEqual(['closed/named.md', ...OPEN]);
  });
});

describe('a sidecar that does not hold', () => {
  it.each([
    ['that is no YAML', 'allow: [', 'ACCESS_INVALID'],
    ['that names somebody unknown', 'allow: [mallory]', 'ACCESS_INVALID'],
    ['with an unknown field', 'alow: [dan]', 'ACCESS_INVALID'],
    ['that is no UTF-8', Uint8Array.of(0xff, 0xfe, 0x61), 'ACCESS_INVALID'],
    ['of more than 64 KiB', `# ${'x'.repeat(64 * 1024)}`, 'SOURCE_TOO_LARGE'],
  ])('%s keeps its document out', async (_, content, code) => {
    const world = await template();
    world.setAccess({ ...ACCESS, sidecars: true });
    await world.write('open/new.md', '# New\n\nA new walrus.\n');
    await world.write('open/new.md.access.yaml', content);
    const report = await world.ingest();
    expect(failuresOf(report)).toEqual([['open/new.md', code]]);
    expect(JSON.stringify(report.failures)).not.toMatch(/mallory|walrus/);
    expect(await found(world, 'ada')).not.toContain('open/new.md');
  });

  it('INV-SIDECAR-INSIDE: as a link out of the folder keeps its document out', async () => {
    const world = await template();
    world.setAccess({ ...ACCESS, sidecars: true });
    const outside = path.join(temporaryFolder(), 'grant.yaml');
    await writeFile(outside, 'allow: [everyone]\n');
    await world.write('closed/new.md', '# New\n\nA new walrus.\n');
    await symlink(outside, path.join(world.documents, 'closed/new.md.access.yaml'));
    expect(failuresOf(await world.ingest())).toEqual([['closed/new.md', 'SOURCE_OUTSIDE']]);
  });

  it('as a folder or a dead link keeps its document out: it may forbid something', async () => {
    const world = await template();
    world.setAccess({ ...ACCESS, sidecars: true });
    await world.write('open/folder.md', '# New\n\nA new walrus.\n');
    await world.write('open/folder.md.access.yaml/x', '');
    await world.write('open/dead.md', '# New\n\nA new walrus.\n');
    await symlink('nowhere', path.join(world.documents, 'open/dead.md.access.yaml'));
    expect(failuresOf(await world.ingest())).toEqual([
      ['open/dead.md', 'SOURCE_UNREADABLE'],
      ['open/folder.md', 'SOURCE_UNREADABLE'],
    ]);
  });
});

describe('front matter that does not hold', () => {
  it('keeps its document out when it counts, and does not matter otherwise', async () => {
    const world = await template();
    await world.write(
      'open/bad.md',
      '---\naccess: { allow: [mallory] }\n---\n\n# Bad\n\nA walrus.\n',
    );
    expect(failuresOf(await world.ingest())).toEqual([]);
    world.setAccess({ ...ACCESS, frontMatter: true });
    expect(failuresOf(await world.ingest())).toEqual([['open/bad.md', 'ACCESS_INVALID']]);
  });
});

describe('the people of a message', () => {
  const MAIL = (to: string, from = 'ben@example.org'): string =>
    `From: Ben <${from}>\r\nTo: ${to}\r\nSubject: Walrus\r\n\r\nThe walrus writes.\r\n`;
  const PEOPLE = {
    v: 1,
    default: 'owner',
    owner: 'ada@example.org',
    people: { 'ada@example.org': {}, 'ben@example.org': {}, 'dan@example.org': {}, eve: {} },
    groups: { staff: ['ada@example.org', 'ben@example.org'] },
  };
  const access = (rule: object): object => ({ ...PEOPLE, rules: [{ path: '**', ...rule }] });
  const readers = async (rule: object, text: string, name = 'a.eml'): Promise<string[]> => {
    const world = await VaultWorld.ingested({ files: { [name]: text }, access: access(rule) });
    const can = await Promise.all(
      Object.keys(PEOPLE.people).map(async (p) => [p, await found(world, p)] as const),
    );
    return can.filter(([, uris]) => uris.length > 0).map(([p]) => p.replace('@example.org', ''));
  };
  const narrowed = { allow: ['staff'], readers: 'from-to' };

  it('mean nothing unless a rule says so', async () => {
    expect(await readers({ allow: ['staff'] }, MAIL('dan@example.org'))).toEqual(['ada', 'ben']);
  });

  it('INV-FROM-TO-NARROWS: are those of the allowed ones that it names, and nobody else', async () => {
    // Dan is named, and no member of the staff; Ada is one, and not named.
    expect(await readers(narrowed, MAIL('dan@example.org, DAN@example.org'))).toEqual(['ben']);
    const both = 'Ada <ADA@example.org>, stranger@example.org';
    expect(await readers(narrowed, MAIL(both, 'dan@example.org'))).toEqual(['ada']);
    const everyone = { ...narrowed, allow: ['everyone'] };
    expect(await readers(everyone, MAIL('dan@example.org'))).toEqual(['ben', 'dan']);
  });

  it('leave the default where it names none of them, and where it is no message', async () => {
    const stranger = MAIL('x@example.org', 'y@example.org');
    expect(await readers(narrowed, stranger)).toEqual(['ada']);
    expect(await readers(narrowed, '# Walrus\n\nThe walrus reads.\n', 'a.md')).toEqual(['ada']);
  });

  it('are not those of a message that is attached', async () => {
    const inner = MAIL('ada@example.org').replaceAll('\r\n', '\n');
    const outer =
      'From: ben@example.org\nTo: dan@example.org\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n' +
      `--b\nContent-Type: text/plain\n\nThe walrus forwards.\n--b\nContent-Type: message/rfc822\n\n${inner}\n--b--\n`;
    expect(await readers(narrowed, outer)).toEqual(['ben']);
  });

  it('count for messages that were ingested before the rule said so', async () => {
    const world = await VaultWorld.ingested({
      files: { 'a.eml': MAIL('dan@example.org') },
      access: access({ allow: ['staff'] }),
    });
    expect(await found(world, 'ada@example.org')).toEqual(['a.eml']);
    const report = await world.use((vault) => vault.setAccess(world.setAccess(access(narrowed))));
    expect(report.changed).toBe(1);
    expect(await found(world, 'ada@example.org')).toEqual([]);
    expect(await world.ingest()).toMatchObject({ unchanged: 1, rebound: 0 });
  });

  it('can narrow an allow and nothing else', () => {
    expect(() => parseAccessFile(JSON.stringify(access({ readers: 'from-to' })))).toThrow(
      'narrows an allow',
    );
  });
});
