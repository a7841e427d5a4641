// SPDX-License-Identifier: Apache-2.0
// The demonstration, run as README says.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../..');
const outside = mkdtempSync(path.join(tmpdir(), 'strongroom-demo-'));
let outcome = { status: null as number | null, stdout: '', stderr: '' };

beforeAll(() => {
  // A home and a temporary folder of its own show what it leaves there.
  const place = { HOME: outside, TMPDIR: outside, USER: 'reader' };
  // npm itself keeps compiled code in the temporary folder.
  const env = { ...place, PATH: process.env['PATH'], NODE_DISABLE_COMPILE_CACHE: '1' };
  outcome = spawnSync('npm', ['run', '--silent', 'demo'], {
    cwd: ROOT,
    env: { ...env, npm_config_cache: path.join(ROOT, 'node_modules/.cache/npm') },
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
}, 180_000);
afterAll(() => rmSync(outside, { recursive: true, force: true }));

describe('npm run demo', () => {
  it('ends well', () => {
    expect([outcome.status, outcome.stderr.includes('rror')]).toEqual([0, false]);
  });

  it('ingests several hundred real documents beside the memos, and says how fast', () => {
    expect(Number(/\nfiles +(\d+) found, /.exec(outcome.stdout)?.[1])).toBeGreaterThan(200);
    for (const row of ['documents', 'chunks', 'sealed', 'signatures', 'log size', 'time']) {
      expect(outcome.stdout).toMatch(new RegExp(`\\n${row} +\\S*\\d`));
    }
    expect(outcome.stdout).toMatch(/\ntime .* chunks\/s\n/);
  });

  it('gives two people different results for one question', () => {
    const of = (person: string): string[] => {
      const [, after = ''] = outcome.stdout.split(`\n${person} gets\n`);
      const lines = after.split('\n');
      return lines.slice(0, lines.indexOf('')).map((line) => line.trim().split(/ {2,}/)[0] ?? '');
    };
    expect(of('ada')).toHaveLength(4);
    expect(of('dan')).toHaveLength(4);
    expect(of('ada').some((name) => name.startsWith('board/'))).toBe(true);
    expect(of('dan').filter((name) => /^(board|people|staff)\//.test(name))).toEqual([]);
  });

  it('shows a cited context and its receipt, verified', () => {
    expect(outcome.stdout).toMatch(/\n\[1\] \S+, version 1, bytes \d+-\d+\n/);
    expect(outcome.stdout).toMatch(/\nPROVED +\d+ passages/);
    expect(outcome.stdout).toMatch(/\nATTESTED /);
  });

  it('shows six attacks, each refused with its code', () => {
    const attacks = [...outcome.stdout.matchAll(/\n(\d)\. ([^\n]+)\n {3}([A-Z_, ]+?) {2}/g)];
    expect(attacks.map(([, no, , codes]) => [no, codes])).toEqual([
      ['1', 'INTEGRITY'],
      ['2', 'INTEGRITY'],
      ['3', 'ROLLBACK'],
      ['4', 'LEDGER_TAMPERED'],
      ['5', 'INDEX_TAMPERED'],
      ['6', 'POLICY_TAMPERED'],
    ]);
  });

  it('ends with the three commands for one’s own folder', () => {
    const commands = [...outcome.stdout.matchAll(/npm run -s strongroom -- (\w+)/g)];
    expect(commands.map(([, name]) => name)).toEqual(['init', 'ingest', 'search']);
  });

  it('leaves nothing outside its folder', () => {
    expect(readdirSync(outside)).toEqual([]);
    expect(existsSync(path.join(ROOT, '.demo/vault'))).toBe(true);
  });
});
