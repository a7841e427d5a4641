// SPDX-License-Identifier: Apache-2.0
// Whatever one gives to the command line: a typed error that says what to do, nothing lost and nothing half-written.
import { mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { openVault } from '../../src/vault/index.ts';
import { CliWorld, cliTemplate } from '../support/cli-world.ts';
import { OFFICE_ACCESS } from '../support/vault-world.ts';

const template = cliTemplate();

/** Asserts a refusal: exit code, code at the start of stderr, words in it, a second line with advice, nothing on stdout. */
async function expectRefusal(
  world: CliWorld,
  argv: readonly string[],
  refusal: { exit: number; code: string; says: RegExp; env?: Record<string, string> },
): Promise<void> {
  const { code, stdout, stderr } = await world.run(argv, { env: refusal.env ?? {} });
  expect([code, stdout]).toEqual([refusal.exit, '']);
  const [first, second] = stderr.split('\n');
  expect(first).toMatch(new RegExp(`^${refusal.code} {2}`));
  expect(stderr).toMatch(refusal.says);
  expect(second).toMatch(/^ {2}[A-Z].*\.$/);
  expect(stderr).not.toContain(world.folder);
}

describe('an access file', () => {
  const rules = (change: object): string =>
    JSON.stringify({ ...OFFICE_ACCESS, ...change }, null, 1);

  it.each([
    ['not YAML', '{ v: 1', /line 1: /],
    ['of another version', rules({ v: 2 }), /line \d+: v /],
    ['with an unknown field', rules({ rulez: [] }), /rulez/],
    ['without owner', rules({ owner: undefined }), /owner/],
    [
      'with an owner who is not among the people',
      rules({ owner: 'zoe' }),
      /line \d+: owner is not/,
    ],
    [
      'that names a group that there is not',
      rules({ rules: [{ path: '**', allow: ['stuff'] }] }),
      /line \d+: rules\.0\.allow\.0 /,
    ],
    [
      'with groups in a circle',
      rules({ groups: { ...OFFICE_ACCESS.groups, a: ['b'], b: ['a'] } }),
      /line \d+: groups\.[ab] is a member of itself/,
    ],
    [
      'that declares a person twice',
      'v: 1\ndefault: owner\nowner: ada\npeople: { ada: {}, ada: { clearance: 9 } }\n',
      /line 4: .*(unique|twice)/,
    ],
    [
      'with a person and a group of one name',
      rules({ groups: { ben: ['dan'] } }),
      /groups\.ben|ben/,
    ],
    ['that is empty', '', /the access file/],
    ['that is no UTF-8', new Uint8Array([0x76, 0xff, 0xfe]), /could not be read/],
  ])('%s is refused with the place, and the vault stays as it is', async (_, text, says) => {
    const world = await template();
    await world.write('strongroom.access.yaml', text);
    const head = await world.json('log', 'head');
    await expectRefusal(world, ['ingest', 'documents'], { exit: 2, code: 'ACCESS_INVALID', says });
    await expectRefusal(world, ['access', 'apply'], { exit: 2, code: 'ACCESS_INVALID', says });
    expect(await world.json('log', 'head')).toEqual(head);
  });

  it('that is missing is refused, and the message says where one comes from', async () => {
    const world = await template();
    await rm(world.at('strongroom.access.yaml'));
    for (const argv of [
      ['ingest', 'documents'],
      ['access', 'apply'],
      ['access', 'set', '*', '--deny', 'dan'],
    ]) {
      const says = /the access file does not exist: name one, or let init write one/;
      await expectRefusal(world, argv, { exit: 2, code: 'ACCESS_INVALID', says });
    }
  });

  it('that is malformed keeps init from making a vault', async () => {
    const world = new CliWorld();
    await world.write('strongroom.access.yaml', 'v: 1\n');
    await expectRefusal(world, ['init'], { exit: 2, code: 'ACCESS_INVALID', says: /line 1/ });
    await expect(world.read('vault/strongroom.json')).rejects.toThrow();
  });
});

describe('sources', () => {
  it('that cannot be ingested are named with their reason; the rest goes on', async () => {
    const world = await CliWorld.prepared();
    await world.ok('init');
    await world.write('documents/news/broken.json', '{"a":');
    await world.write('documents/news/binary.txt', new Uint8Array([65, 0, 66, 0xff]));
    await world.write('documents/news/latin.txt', new Uint8Array([0x63, 0x61, 0x66, 0xe9]));
    await world.write('documents/news/empty.md', '');
    await world.write('documents/news/surrogate.json', '{"a":"\\ud800 alone"}');
    await world.write('documents/news/picture.png', new Uint8Array([0x89, 0x50]));
    await writeFile(world.at('documents/news/huge.txt'), '');
    await truncate(world.at('documents/news/huge.txt'), 50 * 1024 * 1024 + 1);
    await world.write('secret.md', '# Secret\n');
    await symlink(world.at('secret.md'), world.at('documents/news/link.md'));
    await symlink(world.at('nowhere.md'), world.at('documents/news/dead.md'));
    const { code, stdout, stderr } = await world.run(['ingest', 'documents']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/passed over: 1 unsupported, 1 empty\n/);
    expect(stdout).toMatch(/\ndocuments {12}6 new,/);
    const failures = stderr
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2}|: /).slice(0, 2));
    expect(failures.sort()).toEqual([
      ['SOURCE_BINARY', 'news/binary.txt'],
      ['SOURCE_BINARY', 'news/latin.txt'],
      ['SOURCE_MALFORMED', 'news/broken.json'],
      ['SOURCE_OUTSIDE', 'news/link.md'],
      ['SOURCE_TOO_LARGE', 'news/huge.txt'],
      ['SOURCE_UNREADABLE', 'news/dead.md'],
    ]);
    expect(await world.finds('dan', 'canteen')).toContain('news/canteen.md');
    // A lone surrogate is no text: it is shown as what it is, and counted.
    const { content } = (await world.json('inspect', 'news/surrogate.json')) as {
      content: { findings: unknown[] };
    };
    expect(content.findings).not.toEqual([]);
  });

  it('of one name in one run are two documents with one id: the second is refused', async () => {
    const world = await CliWorld.prepared();
    await world.ok('init');
    await world.write('one/news/a.md', '# One\n');
    await world.write('two/news/a.md', '# Two\n');
    const { code, stderr } = await world.run(['ingest', 'one', 'two']);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^SOURCE_DUPLICATE {2}news\/a\.md: /),
    ]);
    expect(await world.json('inspect', 'news/a.md')).toMatchObject({ content: { title: 'One' } });
  });

  it('that do not exist are counted out, since the message names no path', async () => {
    const world = await template();
    await expectRefusal(world, ['ingest', 'documents', 'bogus'], {
      exit: 1,
      code: 'SOURCE_MISSING',
      says: /path 2 of 2 to ingest does not exist/,
    });
  });

  it('with no usable namespace are refused', async () => {
    const world = await template();
    const argv = ['ingest', 'documents', '--namespace', '../x'];
    await expectRefusal(world, argv, { exit: 2, code: 'USAGE', says: /a namespace must match/ });
  });
});

describe('a vault', () => {
  it('that is not there', async () => {
    const world = await template();
    const argv = ['search', 'x', '--as', 'ada', '--vault', 'elsewhere'];
    const says = /Run `strongroom init --vault DIR`/;
    await expectRefusal(world, argv, { exit: 2, code: 'VAULT_MISSING', says });
  });

  it('is found by STRONGROOM_VAULT, which --vault overrules', async () => {
    const world = await template();
    const env = { STRONGROOM_VAULT: 'elsewhere' };
    const argv = ['search', 'canteen', '--as', 'dan'];
    const says = /no vault in this directory/;
    await expectRefusal(world, argv, { exit: 2, code: 'VAULT_MISSING', says, env });
    expect((await world.run([...argv, '--vault', 'vault'], { env })).code).toBe(0);
    const named = { STRONGROOM_VAULT: world.at('vault') };
    expect((await world.run(argv, { env: named, cwd: '/' })).code).toBe(0);
  });

  it('of another version is not guessed at', async () => {
    const world = await template();
    const config = await world.read('vault/strongroom.json');
    await world.write('vault/strongroom.json', config.replace('"format": 1', '"format": 2'));
    const says = /format 2, this version knows 1/;
    await expectRefusal(world, ['log', 'head'], { exit: 3, code: 'UPGRADE_REQUIRED', says });
  });

  it('with a configuration that would weaken the policy', async () => {
    const world = await template();
    const config = JSON.parse(await world.read('vault/strongroom.json')) as object;
    const weaker = { ...config, policy: { default: 'owner' } };
    await world.write('vault/strongroom.json', JSON.stringify(weaker));
    const says = /strongroom\.json: policy\.default/;
    await expectRefusal(world, ['log', 'head'], { exit: 2, code: 'CONFIG_INVALID', says });
  });

  it('that somebody else writes to: the message names the process', async () => {
    const world = await template();
    const other = await openVault({ vault: world.at('vault'), home: world.home });
    try {
      await other.session.writer();
      await world.write('documents/news/new.md', '# New\n');
      const says = new RegExp(`process ${process.pid} is writing to this vault`);
      const refusal = { exit: 1, code: 'VAULT_LOCKED', says };
      await expectRefusal(world, ['ingest', 'documents'], refusal);
      await expectRefusal(world, ['delete', 'news/canteen.md'], refusal);
      // Reading goes on.
      expect(await world.finds('dan', 'canteen')).toContain('news/canteen.md');
    } finally {
      other.close();
    }
    await world.ok('ingest', 'documents');
  });

  it('that this machine was never told to trust', async () => {
    const world = await template();
    await rm(world.at('home/trust'), { recursive: true });
    const says = /Run `strongroom trust add` with a trust file from its owner/;
    await expectRefusal(world, ['log', 'head'], { exit: 3, code: 'TRUST_UNKNOWN', says });
  });

  it('whose log was cut', async () => {
    const world = await template();
    await rm(world.at('vault/store/log/default/tile/entries'), { recursive: true });
    const says = /Restore the log directory/;
    await expectRefusal(world, ['log', 'entries'], { exit: 3, code: 'LOG_TRUNCATED', says });
    await expectRefusal(world, ['fsck'], { exit: 3, code: 'LOG_TRUNCATED', says });
    await rm(world.at('vault/ledger.sqlite'));
    await expectRefusal(world, ['search', 'canteen', '--as', 'dan'], {
      exit: 3,
      code: 'LOG_TRUNCATED',
      says,
    });
  });
});

describe('a passphrase', () => {
  it('locks the key ring; it comes from the environment or a file, never from the command line', async () => {
    const world = await CliWorld.prepared();
    const env = { STRONGROOM_PASSPHRASE: 'open sesame' };
    const made = await world.run(['init', '--json'], { env });
    expect(made.json()).toMatchObject({ locked: true });
    const argv = ['log', 'head'];
    expect((await world.run(argv, { env })).code).toBe(0);
    await world.write('passphrase', 'open sesame\n');
    const file = { STRONGROOM_PASSPHRASE_FILE: world.at('passphrase') };
    expect((await world.run(argv, { env: file })).code).toBe(0);
    const says = /Set STRONGROOM_PASSPHRASE/;
    await expectRefusal(world, argv, { exit: 1, code: 'PASSPHRASE_NEEDED', says });
    const wrong = { STRONGROOM_PASSPHRASE: 'open barley' };
    await expectRefusal(world, argv, { exit: 1, code: 'PASSPHRASE_WRONG', says, env: wrong });
    const absent = { STRONGROOM_PASSPHRASE_FILE: world.at('none') };
    const unread = /STRONGROOM_PASSPHRASE_FILE could not be read/;
    await expectRefusal(world, argv, { exit: 2, code: 'USAGE', says: unread, env: absent });
  });
});

describe('a file for a result', () => {
  it.skipIf(process.platform !== 'linux')('on a full disk', async () => {
    const world = await template();
    const says = /the disk is full: the \w+( file)? was not written/;
    const refusal = { exit: 1, code: 'STORE_FULL', says };
    await expectRefusal(world, ['trust', 'export', '--out', '/dev/full'], refusal);
    await expectRefusal(
      world,
      ['context', 'canteen', '--as', 'dan', '--receipt', '/dev/full'],
      refusal,
    );
  });

  it('that is a folder', async () => {
    const world = await template();
    await mkdir(world.at('taken'));
    await expectRefusal(world, ['trust', 'export', '--out', 'taken'], {
      exit: 1,
      code: 'STORE_FAILED',
      says: /the trust file could not be written/,
    });
  });
});
