// SPDX-License-Identifier: Apache-2.0
// The main job by the command line: init, ingest, search.
import { rm, stat } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/index.ts';
import { auditPath, SqliteAuditTrail } from '../../src/store/index.ts';
import { CliWorld, cliTemplate } from '../support/cli-world.ts';
import { OFFICE } from '../support/vault-world.ts';

const template = cliTemplate();
const count = Object.keys(OFFICE).length;

describe('init', () => {
  it('writes an access file under which one’s own first folder works, and says what comes next', async () => {
    const world = new CliWorld();
    await world.write('notes/plan.md', '# Plan\n\nWe move in June.\n');
    const { code, stdout, stderr } = await world.run(['init', '--owner', 'mia']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^vault {11}\S+vault\nvault id {8}[0-9a-f]{32}\n/);
    expect(stderr).toContain('Next: strongroom ingest FOLDER\n');
    expect(stderr).toContain('--as mia');
    const access = await world.read('strongroom.access.yaml');
    expect(access).toContain('\ndefault: owner\n');
    expect(access).toContain('\nowner: mia\n');
    await world.ok('ingest', 'notes');
    expect(await world.finds('mia', 'when do we move')).toEqual(['plan.md']);
    expect(await world.finds('ben', 'when do we move')).toEqual([]);
  });

  it('keeps keys and trust private and outside the vault', async () => {
    const world = await template();
    for (const place of [world.home, world.at('vault'), world.at('home/keyrings')]) {
      expect((await stat(place)).mode & 0o077).toBe(0);
    }
    const id = await world.vaultId();
    for (const file of [`keyrings/${id}.json`, `keyrings/${id}.key`, `trust/${id}.json`]) {
      expect((await stat(world.at('home', file))).mode & 0o077).toBe(0);
    }
  });

  it('with --refuse writes the template of servers, and a refusal lists the lines to add', async () => {
    const world = new CliWorld();
    await world.write('docs/hr/pay.md', '# Pay\n\nSalaries rise.\n');
    await world.write('docs/readme.md', '# Read me\n');
    await world.ok('init', '--refuse', '--owner', 'mia');
    expect(await world.read('strongroom.access.yaml')).toContain('\ndefault: refuse\n');
    const { code, stderr } = await world.run(['ingest', 'docs']);
    expect(code).toBe(1);
    expect(stderr).toContain('ACCESS_UNDECIDED  2 documents of no rule: not ingested.');
    const lines = stderr.split('\n').filter((line) => /^ {2}(?:- | {2})/.test(line));
    expect(lines).toEqual([
      '  - path: "hr/**"',
      '    allow: []   # name people or groups',
      '  - path: "readme.md"',
      '    allow: []   # name people or groups',
    ]);
    // The lines are what the access file wants, once somebody is named.
    const text = await world.read('strongroom.access.yaml');
    const rules = `rules:\n${lines.join('\n').replaceAll('[]', '[mia]')}\n`;
    await world.write('strongroom.access.yaml', text.replace('rules: []\n', rules));
    await world.ok('ingest', 'docs');
    expect(await world.finds('mia', 'salaries')).toContain('hr/pay.md');
  });

  it('takes an access file that is there, and makes the folder of one that is not', async () => {
    const world = await CliWorld.prepared();
    const taken = await world.json('init');
    expect(taken).toMatchObject({ accessFileWritten: false, locked: false });
    const made = await world.run([
      ...['init', '--vault', 'v2', '--access', 'etc/deep/access.yaml', '--json'],
    ]);
    expect(made.json()).toMatchObject({ accessFileWritten: true });
    // No later command knows of it: what a vault says of its rules would be believed.
    expect(made.stderr).toContain('--vault v2 --access ');
    expect(made.stderr).toContain('The vault does not remember the access file');
    const usual = await world.run(['init', '--vault', 'v3']);
    expect(usual.stderr).not.toContain('access');
    expect(await world.read('etc/deep/access.yaml')).toContain('default: owner');
  });

  it('leaves no access file behind when no vault is made', async () => {
    const world = new CliWorld();
    await world.write('vault/other.txt', 'mine');
    const { code, stderr } = await world.run(['init']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('must be empty or absent')]);
    await expect(world.read('strongroom.access.yaml')).rejects.toThrow();
  });
});

describe('ingest', () => {
  it('ends with a table of what it did', async () => {
    const world = await CliWorld.prepared();
    await world.ok('init');
    const { stdout, stderr } = await world.ok('ingest', 'documents');
    for (const row of [
      `files                ${count} found, 0 failed; passed over: none`,
      `documents            ${count} new, 0 changed, 0 unchanged, 0 deleted`,
      'hidden text          none flagged',
    ]) {
      expect(stdout.split('\n')).toContain(row);
    }
    expect(stdout).toMatch(/\nsignatures {11}\d+\nlog size {13}\d+\n/);
    expect(stderr).toBe('');
  });

  it('passes over what has not changed and makes a new version of what has', async () => {
    const world = await template();
    await world.write('documents/news/canteen.md', '# Canteen\n\nThe canteen is closed.\n');
    const report = await world.json('ingest', 'documents');
    expect(report).toMatchObject({ added: 0, updated: 1, unchanged: count - 1, failures: [] });
    const { stdout } = await world.ok('search', 'canteen', '--as', 'ada', '-k', '1');
    expect(stdout).toContain('news/canteen.md  v2');
    expect(stdout).toContain('The canteen is closed.');
  });

  it('with --dry-run says what would happen and writes nothing', async () => {
    const world = await template();
    await world.ok('ingest', 'documents');
    const before = await world.json('log', 'head');
    await world.write('documents/news/new.md', '# New\n\nNews.\n');
    await rm(world.at('documents/board/merger.md'));
    const { stdout } = await world.ok('ingest', 'documents', '--dry-run', '--prune');
    expect(stdout).toContain(
      `documents            would be 1 new, 0 changed, ${count - 1} unchanged, 1 deleted`,
    );
    expect(stdout).not.toContain('sealed');
    expect(await world.json('log', 'head')).toEqual(before);
    expect(await world.finds('ada', 'merger with Bluebird')).toContain('board/merger.md');
  });

  it('with --prune deletes what is no longer there, and only then', async () => {
    const world = await template();
    // Documents belong to the folder that they were last ingested from: here the copy's.
    await world.ok('ingest', 'documents');
    await rm(world.at('documents/board/merger.md'));
    expect(await world.json('ingest', 'documents')).toMatchObject({ deleted: 0 });
    expect(await world.finds('ada', 'merger with Bluebird')).toContain('board/merger.md');
    expect(await world.json('ingest', 'documents', '--prune')).toMatchObject({ deleted: 1 });
    expect(await world.finds('ada', 'merger with Bluebird')).not.toContain('board/merger.md');
  });

  it('takes globs, several of each, before or after the folder', async () => {
    const world = await CliWorld.prepared();
    await world.ok('init');
    const globs = ['--include', 'news/**', '--include', 'staff/**', '--exclude', '**/canteen.md'];
    expect(await world.json('ingest', ...globs, 'documents')).toMatchObject({
      added: 2,
      skipped: { excluded: 3 },
    });
  });
});

describe('search', () => {
  it('gives each person what he may read, as data on stdout', async () => {
    const world = await template();
    expect(await world.finds('ada', 'salary')).toContain('people/salaries.md');
    expect(await world.finds('ben', 'salary')).not.toContain('people/salaries.md');
    const { stdout, stderr } = await world.ok('search', 'sick leave', '--as', 'ben', '-k', '2');
    expect(stderr).toBe('');
    expect(stdout).toMatch(
      /^1 {2}staff\/leave\.md {2}v1 {2}Leave > Sick leave\n {3}## Sick leave\n/,
    );
  });

  it('says the same to those without rights, unknown ones and those whose words do not fit', async () => {
    const world = await template();
    await world.ok('access', 'people', 'eve', '--actions', 'explain');
    const answers = await Promise.all(
      ['eve', 'nobody'].map((person) => world.run(['search', 'salary', '--as', person])),
    );
    for (const { code, stdout, stderr } of answers) {
      expect([code, stdout, stderr]).toEqual([0, '', 'No passages.\n']);
    }
  });

  it('with --explain shows the path of the decision, from the person to the proofs', async () => {
    const world = await template();
    const { stderr } = await world.ok('search', 'salary', '--as', 'chloe', '--explain');
    expect(stderr).toContain('person      chloe, impersonated; may read; clearance 2\n');
    expect(stderr).toContain('groups      everyone, people-ops, staff\n');
    expect(stderr).toContain('decided by  directory 1, policy 1\n');
    expect(stderr).toContain('classes     3 admit this person; no other was read\n');
    expect(stderr).toMatch(/\nscanned {5}5 vectors, \d+ postings?\n/);
    expect(stderr).toMatch(/\ncandidates {2}5; dropped: none\n/);
    expect(stderr).toContain('verified    4 documents proven, 5 chunks opened, 0 from memory\n');
    const json = await world.json('search', 'salary', '--as', 'chloe', '--explain');
    expect(json).toMatchObject({
      decision: { person: 'chloe', identity: 'impersonated', mayRead: true, directoryEpoch: 1 },
      explanation: { index: { classes: 3 } },
      stats: { classes: 3, failed: 0 },
    });
  });

  it('is recorded as impersonation in the audit trail', async () => {
    const world = await template();
    await world.ok('search', 'salary', '--as', 'chloe');
    await world.ok('context', 'salary', '--as', 'chloe', '--receipt', 'r.json');
    const trail = new SqliteAuditTrail(auditPath(world.home, await world.vaultId()), systemClock);
    const events = trail.events().map(({ event, identity, outcome }) => [event, identity, outcome]);
    trail.close();
    expect(events).toEqual([
      ['search', 'impersonated', expect.anything()],
      ['context', 'impersonated', expect.anything()],
      ['receipt', 'impersonated', expect.anything()],
    ]);
  });

  it('on somebody’s behalf needs the key ring', async () => {
    const world = await template();
    await rm(world.at('home/keyrings'), { recursive: true });
    const { code, stdout, stderr } = await world.run(['search', 'salary', '--as', 'ada']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('KEYRING_MISSING');
    expect(stderr).toContain('Point STRONGROOM_HOME at');
  });

  it('shows names of files without what would steer a terminal', async () => {
    const world = await CliWorld.prepared();
    await world.ok('init');
    const name = 'documents/news/a\u001b[31mb\u202ec.md';
    await world.write(name, '# Red\n\nColours are red.\n');
    await world.ok('ingest', 'documents');
    const { stdout } = await world.ok('search', 'colours', '--as', 'dan', '-k', '1');
    expect(stdout).toContain('news/a\ufffd[31mb\ufffdc.md');
    expect(stdout).not.toMatch(/[\u001b\u202e]/);
  });
});
