// SPDX-License-Identifier: Apache-2.0
// The commands that there are, what their help says, and what is said to those who mistype.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { VERSION } from '../../src/cli/run.ts';
import { CliWorld } from '../support/cli-world.ts';

/** Commands that people and scripts rely on. */
const PROMISED = [
  'init',
  'ingest',
  'search',
  'context',
  'verify',
  'inspect',
  'explain',
  'delete',
  'erase',
  'access set',
  'access people',
  'access apply',
  'log head',
  'log entries',
  'log export',
  'fsck',
  'keys list',
  'keys rotate',
  'keys rewrap',
  'keys delegate',
  'keys revoke',
  'trust show',
  'trust export',
  'trust add',
  'doctor',
];

/** Parts of a help text that list something else than commands. */
const OTHERS = new Set(['Arguments:', 'Options:', 'Examples:']);

/** Commands below one, by the help that it prints. */
async function commandsBelow(world: CliWorld, parent: readonly string[]): Promise<string[]> {
  const { stdout } = await world.run([...parent, '--help']);
  const names: string[] = [];
  let isCommands = false;
  for (const line of stdout.split('\n')) {
    if (/^[A-Z].*:$/.test(line)) isCommands = !OTHERS.has(line);
    const name = /^ {2}([a-z]+)(?: |$)/.exec(line)?.[1];
    if (isCommands && name !== undefined && name !== 'help') names.push(name);
  }
  const found: string[] = [];
  for (const name of names) {
    const below = await commandsBelow(world, [...parent, name]);
    if (below.length === 0) found.push([...parent, name].join(' '));
    found.push(...below);
  }
  return found;
}

const COMMANDS = await commandsBelow(new CliWorld('/nowhere'), []);

describe('help', () => {
  const world = new CliWorld('/nowhere');

  it('lists every command that was promised', () => {
    expect(PROMISED.filter((command) => !COMMANDS.includes(command))).toEqual([]);
  });

  it.each([...COMMANDS, '', 'access', 'log', 'keys', 'trust', 'policy', 'witness'])(
    'of `strongroom %s` shows examples of that very command on stdout',
    async (command) => {
      const { code, stdout, stderr } = await world.run([
        ...command.split(' ').filter((word) => word !== ''),
        '--help',
      ]);
      expect([code, stderr]).toEqual([0, '']);
      const [, examples = ''] = stdout.split('\nExamples:\n');
      const lines = examples.split('\n').filter((line) => line !== '' && !line.startsWith('Exit'));
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) expect(line).toMatch(/^ {2}\$ (?:[A-Z_]+=\S+ )?strongroom /);
      expect(lines.some((line) => line.includes(`strongroom ${command}`))).toBe(true);
      expect(stdout).not.toContain('(default: false)');
    },
  );

  it.each(COMMANDS)('of `strongroom %s` names what every command has', async (command) => {
    const { stdout } = await world.run([...command.split(' '), '--help']);
    for (const option of ['--vault <dir>', '--json', '--quiet', '--help']) {
      expect(stdout).toContain(option);
    }
  });

  it('is shown to those who type nothing, as narration', async () => {
    const { code, stdout, stderr } = await world.run([]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Usage: strongroom');
  });

  it('shows the examples of README with commands that exist', () => {
    const readme = readFileSync(path.resolve(import.meta.dirname, '../../README.md'), 'utf8');
    const used = [...readme.matchAll(/npm run -s strongroom -- ([a-z]+(?: [a-z]+)?)/g)];
    expect(used.length).toBeGreaterThan(4);
    for (const [, name = ''] of used) {
      expect(COMMANDS.some((command) => `${name} `.startsWith(`${command} `))).toBe(true);
    }
  });

  it('tells the version of the package', async () => {
    const manifest = readFileSync(path.resolve(import.meta.dirname, '../../package.json'), 'utf8');
    expect(VERSION).toBe((JSON.parse(manifest) as { version: string }).version);
    expect((await world.run(['--version'])).stdout).toBe(`${VERSION}\n`);
  });
});

describe('a mistyped line', () => {
  const world = new CliWorld('/nowhere');

  it.each([
    [['serch', 'x'], "unknown command 'serch'", 'Did you mean search?'],
    [['log', 'heads'], "unknown command 'heads'", 'Did you mean head?'],
    [['search', 'x', '--az', 'ada'], "unknown option '--az'", 'Did you mean --as?'],
    [['ingest'], "missing required argument 'paths'", '--help shows'],
    [['ingest', 'a', '--prun'], "unknown option '--prun'", 'Did you mean --prune?'],
    [['search', 'x', '--as', 'ada', '-k', '0'], 'must be a number from 1', '--help shows'],
    [['search', 'x', '--as', 'ada', '-k', '1e3'], 'must be a number from 1', '--help shows'],
    [['search', 'x', '--as', 'ada', '--mode', 'magic'], 'hybrid, vector or bm25', '--help shows'],
    [['keys', 'delegate', 'king'], 'Allowed choices are sequencer', '--help shows'],
    [['keys', 'revoke', 'ab', '--reason', 'bored'], 'Allowed choices are compromised', '--help'],
    [['access', 'set', '**', '--classification', '10'], 'must be 0 to 9', '--help shows'],
    [['log', 'entries', '--from', '-1'], 'must be a number from 0', '--help shows'],
  ])('%j is refused as usage, with a hint', async (argv, problem, hint) => {
    const { code, stdout, stderr } = await world.run(argv);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(problem);
    expect(stderr).toContain(hint);
  });

  it('is answered in JSON too, when that was asked for', async () => {
    const { code, json, stderr } = await world.run(['search', 'x', '--az', '--json']);
    expect(code).toBe(2);
    expect(json()).toMatchObject({
      error: { code: 'USAGE', message: expect.stringContaining("unknown option '--az'") as string },
    });
    expect(stderr).toContain('Did you mean --as?');
  });

  it.each([
    [['search', 'x'], 'say on whose behalf: --as NAME'],
    [['context', 'x'], 'say on whose behalf: --as NAME'],
    [['explain', 'x'], 'say on whose behalf: --as NAME'],
    [['search', 'x', '--as', 'a b'], 'no name of a person'],
    [['verify'], 'name a receipt, or use --all'],
    [['erase', 'x'], 'add --yes if it is meant'],
    [['access', 'set', '**'], 'say what to set'],
    [['access', 'people', '--clearance', '2'], 'name the person to change'],
  ])('%j says what is missing before anything is opened', async (argv, problem) => {
    const { code, stderr } = await world.run(argv);
    expect([code, stderr.split('\n')[0]]).toEqual([2, expect.stringContaining(problem)]);
    expect(stderr).toMatch(/^USAGE {2}/);
  });
});
