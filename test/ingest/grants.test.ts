// SPDX-License-Identifier: Apache-2.0
// Permissions that come with documents: sidecar files and front matter, off unless the access file turns them on.
import { symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
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
