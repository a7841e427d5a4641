// SPDX-License-Identifier: Apache-2.0
// How output looks: colours, tables, quiet, errors in JSON, bugs.
import { describe, expect, it } from 'vitest';
import { outputTo, painter, reportError } from '../../src/cli/output.ts';
import { bytesText, count, facts, table, visible } from '../../src/cli/text.ts';
import { fail } from '../../src/core/index.ts';
import { CliWorld, cliTemplate } from '../support/cli-world.ts';

const template = cliTemplate();

/** Streams that keep what they are given. */
function streams(env: Record<string, string> = {}): {
  stdout: { write: (text: string) => void };
  stderr: { write: (text: string) => void };
  env: Record<string, string>;
  out: () => string;
  err: () => string;
} {
  let [out, err] = ['', ''];
  return {
    stdout: { write: (text) => void (out += text) },
    stderr: { write: (text) => void (err += text) },
    env,
    out: () => out,
    err: () => err,
  };
}

describe('colour', () => {
  const write = (): void => undefined;

  it.each([
    [{ write, isTTY: true }, {}, true],
    [{ write, isTTY: false }, {}, false],
    [{ write }, {}, false],
    [{ write, isTTY: true }, { NO_COLOR: '1' }, false],
    [{ write, isTTY: true }, { NO_COLOR: '' }, true],
    [{ write, isTTY: true }, { TERM: 'dumb' }, false],
    [{ write }, { FORCE_COLOR: '1' }, true],
    [{ write }, { FORCE_COLOR: '0' }, false],
    [{ write, isTTY: true }, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  ])('on %j with %j: %s', (stream, env, expected) => {
    expect(painter(stream, env)('red', 'x') !== 'x').toBe(expected);
  });

  it('is for terminals: the same command, with and without', async () => {
    const world = await template();
    const argv = ['search', 'canteen', '--as', 'dan', '-k', '1'];
    const plain = await world.run(argv);
    const coloured = await world.run(argv, { isTTY: true });
    expect(plain.stdout).not.toContain('\u001b');
    expect(coloured.stdout).toContain('\u001b[1m1  news/canteen.md\u001b[22m');
    const refused = await world.run(argv, { isTTY: true, env: { NO_COLOR: '1' } });
    expect(refused.stdout).toBe(plain.stdout);
  });
});

describe('tables', () => {
  it('are aligned, without lines and without blanks at the ends', () => {
    expect(
      table(
        ['a', 'long head'],
        [
          ['x', 1],
          ['yyy', 22],
        ],
      ),
    ).toBe('a    long head\nx    1\nyyy  22');
    expect(
      facts([
        ['a', 'x'],
        ['long', 2],
        ['b', ''],
      ]),
    ).toBe('a     x\nlong  2\nb');
  });

  it('are aligned in colour too', () => {
    const paint = painter({ write: () => undefined }, { FORCE_COLOR: '1' });
    const text = facts([
      [paint('red', 'ab'), 'x'],
      ['abcd', 'y'],
    ]);
    expect(text.replaceAll(/\u001b\[\d+m/g, '')).toBe('ab    x\nabcd  y');
  });

  it('count things and bytes as people do', () => {
    expect([count(0, 'key'), count(1, 'key'), count(2, 'key')]).toEqual([
      '0 keys',
      '1 key',
      '2 keys',
    ]);
    expect([bytesText(999), bytesText(1000), bytesText(12_345_678)]).toEqual([
      '999 B',
      '1.0 kB',
      '12.3 MB',
    ]);
  });

  it('show nothing that would steer a terminal', () => {
    expect(visible('a\u001b[2Jb\u202ec\u2066d\re\u0085f\u2028g')).toBe(
      'a\ufffd[2Jb\ufffdc\ufffdd\ufffde\ufffdf\ufffdg',
    );
    expect(visible('naïve 文字 👩‍👧')).toBe('naïve 文字 👩‍👧');
  });
});

describe('streams', () => {
  it('data goes to stdout, narration to stderr, and --quiet ends only the latter', () => {
    for (const quiet of [false, true]) {
      const to = streams();
      const output = outputTo(to, { json: false, quiet });
      output.data({ a: 1 }, () => 'data');
      output.note('note');
      output.warn('CODE', 'text');
      expect([to.out(), to.err()]).toEqual(['data\n', `${quiet ? '' : 'note\n'}CODE  text\n`]);
    }
  });

  it('hold one JSON value with --json, for data and for errors', async () => {
    const world = await template();
    const { code, json, stderr } = await world.run(['inspect', 'bogus', '--json']);
    expect(code).toBe(4);
    expect(json()).toEqual({
      error: {
        code: 'NOT_FOUND',
        message: 'there is no such document',
        remedy: expect.stringContaining('Check the name') as string,
        details: {},
      },
    });
    expect(stderr).toMatch(/^NOT_FOUND {2}/);
  });

  it('--json gives a value for every command that reads', async () => {
    const world = await template();
    const context = ['context', 'canteen', '--as', 'dan', '--receipt', 'r.json'];
    expect(Object.keys((await world.json(...context)) as object).sort()).toEqual([
      'citations',
      'text',
      'tokens',
      ...[],
    ]);
    await world.ok('trust', 'export', '--out', 'trust.json');
    for (const argv of [
      ['search', 'canteen', '--as', 'dan'],
      ['verify', 'r.json', '--trust', 'trust.json'],
      ['verify', '--all'],
      ['inspect', 'news/canteen.md'],
      ['explain', 'news/canteen.md', '--as', 'dan'],
      ['access', 'people'],
      ['log', 'head'],
      ['log', 'entries'],
      ['fsck'],
      ['keys', 'list'],
      ['trust', 'show'],
      ['policy', 'show'],
      ['doctor'],
    ]) {
      const { stdout, stderr } = await world.ok(...argv, '--json');
      expect([argv, typeof JSON.parse(stdout), stderr]).toEqual([argv, 'object', '']);
    }
  });
});

describe('an error', () => {
  it('of ours says what, why and what next, and nothing of its causes', () => {
    const to = streams();
    const error = fail('STORE_FULL', 'the disk is full', {}, new Error('/secret/place'));
    expect(reportError(error, to, { json: false })).toBe(1);
    expect([to.out(), to.err()]).toEqual([
      '',
      'STORE_FULL  the disk is full\n  Free space and run the command again; acknowledged documents are safe.\n',
    ]);
  });

  it('that was alarmed right before is not said twice', () => {
    const to = streams();
    const output = outputTo(to, { json: false, quiet: false });
    output.warn('ROLLBACK', 'the log is older');
    expect(output.failure(fail('ROLLBACK', 'the log is older'))).toBe(3);
    expect(to.err().match(/ROLLBACK/g)).toHaveLength(1);
    expect(to.err()).toContain('\n  Restore the newest copy of the vault.');
    expect(output.failure(fail('ROLLBACK', 'the log is another one'))).toBe(3);
    expect(to.err()).toContain('ROLLBACK  the log is another one\n');
  });

  it('that is a bug shows nothing of itself unless it is asked', () => {
    const [silent, asked] = [streams(), streams({ STRONGROOM_DEBUG: '1' })];
    for (const to of [silent, asked]) {
      expect(reportError(new TypeError('text of a document'), to, { json: true })).toBe(1);
    }
    expect(silent.out() + silent.err()).not.toContain('text of a document');
    expect(JSON.parse(silent.out())).toMatchObject({ error: { code: 'INTERNAL' } });
    expect(silent.err()).toContain('STRONGROOM_DEBUG=1');
    expect(asked.err()).toContain('TypeError: text of a document');
  });

  it('of each area has its exit code', async () => {
    const world = new CliWorld();
    const codes = (
      ['USAGE', 'INTEGRITY', 'ACCESS_DENIED', 'STORE_FULL', 'SOURCE_EMPTY'] as const
    ).map((code) => reportError(fail(code, 'x'), streams(), { json: false }));
    expect(codes).toEqual([2, 3, 4, 1, 1]);
    expect((await world.run(['log', 'head'])).code).toBe(2);
  });
});
