// SPDX-License-Identifier: Apache-2.0
// One document by the command line: inspect, explain, delete, erase; and permissions: access people, set, apply.
import { describe, expect, it } from 'vitest';
import { cliTemplate } from '../support/cli-world.ts';

const template = cliTemplate();

describe('inspect', () => {
  it('tells what is known of a document, by path and by id', async () => {
    const world = await template();
    const { stdout } = await world.ok('inspect', 'people/salaries.md');
    for (const row of [
      /^document {3}d-[a-z2-7]{26} {2}live, version 1$/m,
      /^path {7}people\/salaries\.md$/m,
      /^title {6}Salaries$/m,
      /^screening {2}clean$/m,
      /^log entry {2}\d+ of \d+, proven by \d+ hashes$/m,
      /^readers {4}people-ops; clearance 2$/m,
    ]) {
      expect(stdout).toMatch(row);
    }
    const found = (await world.json('inspect', 'people/salaries.md')) as { docId: string };
    expect(await world.json('inspect', found.docId)).toEqual(found);
  });

  it('does not know what is not there, by exit code 4', async () => {
    const world = await template();
    const { code, stderr } = await world.run(['inspect', 'people/bonus.md']);
    expect([code, stderr]).toEqual([4, expect.stringMatching(/^NOT_FOUND {2}.*\n {2}Check the/)]);
  });
});

describe('explain', () => {
  it('gives the reasons for a yes and for a no', async () => {
    const world = await template();
    const yes = await world.ok('explain', 'people/salaries.md', '--as', 'chloe');
    expect(yes.stdout).toBe(
      [
        'MAY READ   chloe',
        'groups     everyone, people-ops, staff',
        'clearance  2',
        'readers    people-ops; clearance 2',
        'because    + is in people-ops, whose members may read',
        '',
      ].join('\n'),
    );
    const no = await world.ok('explain', 'staff/leave.md', '--as', 'dan');
    expect(no.stdout).toContain('MAY NOT READ  dan\n');
    expect(no.stdout).toContain('because       - is neither named as a reader nor in a group');
    expect(no.stdout).toContain('\n              - is denied by name\n');
    const stranger = await world.ok('explain', 'news/canteen.md', '--as', 'eve');
    expect(stranger.stdout).toContain('- has no right to the action read, as everybody outside');
    expect(await world.json('explain', 'people/salaries.md', '--as', 'ben')).toMatchObject({
      allowed: false,
      principal: 'ben',
      reasons: [
        { effect: 'denies', because: 'no-match', subject: null },
        { effect: 'denies', because: 'clearance', subject: '2' },
      ],
    });
  });

  it.each([
    [['delete', 'news/canteen.md'], 'the document was deleted'],
    [['erase', 'news/canteen.md', '--yes'], 'the document was erased'],
  ])('after %j says so', async (argv, reason) => {
    const world = await template();
    await world.ok(...argv);
    const { stdout } = await world.ok('explain', 'news/canteen.md', '--as', 'ada');
    expect(stdout).toMatch(/^MAY NOT READ {2}ada\n/);
    expect(stdout).toContain(`- ${reason}\n`);
  });
});

describe('delete', () => {
  it('takes documents from everybody and keeps their history', async () => {
    const world = await template();
    const { stdout } = await world.ok('delete', 'news/canteen.md', 'board/merger.md');
    expect(stdout).toBe('2 documents deleted\n');
    expect(await world.finds('ada', 'canteen merger')).not.toContain('news/canteen.md');
    expect(await world.json('inspect', 'news/canteen.md')).toMatchObject({
      status: 'tombstone',
      version: 1,
      content: null,
    });
    expect((await world.run(['delete', 'news/canteen.md'])).code).toBe(4);
  });

  it('deletes none when one of them is not there', async () => {
    const world = await template();
    const { code } = await world.run(['delete', 'news/canteen.md', 'news/bogus.md']);
    expect(code).toBe(4);
    expect(await world.json('inspect', 'news/canteen.md')).toMatchObject({ status: 'live' });
  });
});

describe('erase', () => {
  it('destroys the keys, says what that reaches and what not, and hands out the signed result', async () => {
    const world = await template();
    const refused = await world.run(['erase', 'people/salaries.md']);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('add --yes')]);
    const argv = ['erase', 'people/salaries.md', '--yes', '--receipt', 'erased.json'];
    const { stdout } = await world.ok(...argv);
    expect(stdout).toContain('effective now    data keys destroyed; sealed objects deleted;');
    expect(stdout).toContain(
      'against backups  when no backup of the key table and key ring remains',
    );
    expect(stdout).toContain('not covered      copies of the source file;');
    expect(stdout).toContain('destroyed        1 data key, 1 sealed object\n');
    const receipt = JSON.parse(await world.read('erased.json')) as { statement: string };
    const envelope = JSON.parse(Buffer.from(receipt.statement, 'base64').toString()) as object;
    expect(envelope).toMatchObject({ payloadType: 'application/vnd.in-toto+json' });
    expect(await world.finds('ada', 'salaries')).not.toContain('people/salaries.md');
    expect(await world.json('fsck')).toMatchObject({ problems: [] });
  });

  it('shows the result also when the file for it cannot be written', async () => {
    const world = await template();
    const argv = ['erase', 'people/salaries.md', '--yes', '--receipt', 'no/such/folder.json'];
    const { code, stdout, stderr } = await world.run(argv);
    expect(code).toBe(1);
    expect(stdout).toContain('destroyed        1 data key, 1 sealed object\n');
    expect(stderr).toContain('STORE_FAILED  the receipt could not be written: its folder does not');
  });
});

describe('access people', () => {
  it('shows the signed directory, and one person of it', async () => {
    const world = await template();
    const { stdout } = await world.ok('access', 'people');
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['person', 'clearance', 'groups', 'actions'],
      ['ada', '3', 'board people-ops staff', 'all'],
      ['ben', '0', 'staff', 'read receipt'],
      ['chloe', '2', 'people-ops staff', 'read receipt'],
      ['dan', '0', '-', 'read receipt'],
      [''],
    ]);
    expect(await world.json('access', 'people', 'ben')).toMatchObject([{ p: 'ben' }]);
  });

  it('makes nobody by looking him up', async () => {
    const world = await template();
    const { code, stderr } = await world.run(['access', 'people', 'bem']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('holds nobody of this name')]);
    expect(await world.read('strongroom.access.yaml')).not.toContain('bem');
  });

  it('changes a person at once, in the file and for the next question, and embeds nothing', async () => {
    const world = await template();
    const { stdout } = await world.ok(
      'access',
      'people',
      'ben',
      '--groups',
      'board',
      '--clearance',
      '3',
    );
    expect(stdout).toBe('directory  new epoch signed\ndocuments  5 looked at, 0 changed\n');
    expect(await world.finds('ben', 'merger with Bluebird')).toContain('board/merger.md');
    await world.ok('access', 'people', 'ben', '--remove');
    expect(await world.finds('ben', 'canteen')).toEqual([]);
    expect(await world.read('strongroom.access.yaml')).not.toContain('ben');
    const entries = (await world.json('log', 'entries', '--limit', '50')) as { kind: string }[];
    expect(entries.filter(({ kind }) => kind === 'ingest')).toHaveLength(5);
  });
});

describe('access set and apply', () => {
  it('put a rule before all others and apply it', async () => {
    const world = await template();
    const argv = ['access', 'set', 'news/canteen.md', '--allow', 'staff', '--deny', 'ben'];
    const { stdout } = await world.ok(...argv);
    expect(stdout).toBe('directory  unchanged\ndocuments  1 looked at, 1 changed\n');
    expect(await world.finds('dan', 'canteen')).toEqual(['news/opening-hours.md']);
    expect(await world.finds('ben', 'canteen')).not.toContain('news/canteen.md');
    expect(await world.finds('chloe', 'canteen')).toContain('news/canteen.md');
  });

  it('bring the vault in line with a file that was edited by hand', async () => {
    const world = await template();
    const text = await world.read('strongroom.access.yaml');
    await world.write('strongroom.access.yaml', text.replace('"news/**"', '"newspaper/**"'));
    const { code, stdout, stderr } = await world.run(['access', 'apply']);
    expect([code, stdout]).toEqual([
      0,
      'directory  unchanged\ndocuments  5 looked at, 0 changed\n',
    ]);
    expect(stderr).toBe('ACCESS_UNDECIDED  2 documents of no rule: class kept as it was\n');
  });

  it('leave file and vault as they are when the change cannot be', async () => {
    const world = await template();
    const before = await world.read('strongroom.access.yaml');
    const { code, stderr } = await world.run(['access', 'set', '**', '--allow', 'nobody-known']);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^ACCESS_INVALID {2}line \d+: /)]);
    expect(await world.read('strongroom.access.yaml')).toBe(before);
    expect(await world.finds('dan', 'canteen')).toContain('news/canteen.md');
  });
});
