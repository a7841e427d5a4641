// SPDX-License-Identifier: Apache-2.0
// The `strongroom` bin of the packed package, from founding a vault to checking it, as a person types it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type InstalledPackage, installPackage } from '../support/package.ts';
import { OFFICE, OFFICE_ACCESS } from '../support/vault-world.ts';

let installed: InstalledPackage;
let bin = '';

beforeAll(() => {
  installed = installPackage();
  const manifest = JSON.parse(
    readFileSync(path.join(installed.folder, 'package.json'), 'utf8'),
  ) as { bin: { strongroom: string } };
  bin = path.join(installed.folder, manifest.bin.strongroom);
  for (const [name, text] of Object.entries({ ...OFFICE, ...FOREIGN })) {
    const file = path.join(installed.project, 'documents', name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  const access = path.join(installed.project, 'strongroom.access.yaml');
  writeFileSync(access, JSON.stringify(OFFICE_ACCESS));
}, 180_000);
afterAll(() => installed.remove());

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...argv: string[]): Run {
  const env = { PATH: process.env['PATH'], HOME: path.join(installed.project, 'user') };
  return spawnSync(process.execPath, [bin, ...argv], {
    cwd: installed.project,
    env,
    encoding: 'utf8',
  });
}

/** Formats that are read by packages, and in threads of their own: in the built package these must be found too. */
const FOREIGN = {
  'news/invitation.eml':
    'From: mia@office.example\r\nTo: all@office.example\r\nSubject: Invitation\r\n' +
    'Date: Mon, 2 Jun 2025 10:00:00 +0000\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n' +
    'The regatta begins at noon.\r\n',
  'news/menu.csv': 'day,dish\nMonday,borscht\nTuesday,risotto\n',
};

/** Runs a command with `--json`, which must succeed in silence and give a value of this form. */
function json<T extends z.ZodType>(form: T, ...argv: string[]): z.infer<T> {
  const { status, stdout, stderr } = run(...argv, '--json');
  expect([argv, status, stderr]).toEqual([argv, expect.any(Number), stderr]);
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`);
  return form.parse(JSON.parse(stdout));
}

const hex = z.string().regex(/^[0-9a-f]{64}$/);
const passage = z.object({
  docId: z.string().regex(/^d-[a-z2-7]{26}$/),
  version: z.int().min(1),
  text: z.string().min(1),
  source: z.object({ uri: z.string(), title: z.string().nullable() }),
  range: z.object({ start: z.int(), end: z.int() }),
});
const permissions = z.object({ people: z.boolean(), documents: z.int(), changed: z.int() });

describe('the bin of the packed package', () => {
  it('can be executed by itself', () => {
    if (process.platform !== 'win32') expect(statSync(bin).mode & 0o111).toBe(0o111);
    expect(readFileSync(bin, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
    expect(run('--version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('founds a vault and ingests', () => {
    const made = json(z.object({ vaultId: z.string(), home: z.string() }), 'init');
    expect(made.home).toBe(path.join(installed.project, 'user', '.config', 'strongroom'));
    const report = json(
      z.object({ added: z.int(), failures: z.array(z.never()), logSize: z.int() }),
      'ingest',
      'documents',
    );
    expect(report.added).toBe(7);
  });

  it('answers with verified passages and an attested receipt', () => {
    const found = json(z.object({ passages: z.array(passage) }), 'search', 'leave', '--as', 'ben');
    expect(found.passages[0]?.source.uri).toBe('staff/leave.md');
    for (const [query, name] of [
      ['regatta', 'news/invitation.eml'],
      ['borscht', 'news/menu.csv'],
    ] as const) {
      const foreign = json(
        z.object({ passages: z.array(passage) }),
        'search',
        query,
        '--as',
        'dan',
      );
      expect(foreign.passages[0]?.source.uri).toBe(name);
    }
    const context = ['context', 'leave', '--as', 'ben', '--receipt', 'receipt.json'];
    const citation = z.object({ n: z.int(), source: z.object({ uri: z.string() }) });
    const form = z.object({
      text: z.string(),
      tokens: z.int(),
      citations: z.array(citation).min(1),
    });
    expect(run(...context, '--json').status).toBe(0);
    expect(form.parse(JSON.parse(run(...context, '--json').stdout)).text).toContain('thirty days');
    expect(run('trust', 'export', '--out', 'trust.json').status).toBe(0);
  });

  it('verifies receipts with the documented exit codes', () => {
    const at = (name: string): string => path.join(installed.project, name);
    const receipt = readFileSync(at('receipt.json'), 'utf8');
    writeFileSync(at('false.json'), receipt.replace('thirty', 'ninety'));
    writeFileSync(at('bare.json'), receipt.replace(/"attest":"[^"]*"/, '"attest":null'));
    const verify = (name: string, ...more: string[]): number | null =>
      run('verify', name, ...more).status;
    const trust = ['--trust', 'trust.json'];
    expect([
      verify('receipt.json', ...trust),
      verify('false.json', ...trust),
      verify('receipt.json'),
      verify('bare.json', ...trust),
    ]).toEqual([0, 1, 2, 3]);
    const verdict = json(
      z.object({
        proved: z.literal(true),
        attested: z.literal(true),
        head: z.object({ root: hex }),
      }),
      'verify',
      'receipt.json',
      ...trust,
    );
    expect(verdict.proved).toBe(true);
  });

  it('describes documents and changes who may read them', () => {
    const described = z.object({
      status: z.literal('live'),
      provenance: z.object({ signer: hex }),
    });
    json(described, 'inspect', 'news/canteen.md');
    const explained = z.object({ allowed: z.boolean(), reasons: z.array(z.object({})) });
    const explain = ['explain', 'news/canteen.md', '--as', 'dan'];
    expect(json(explained, ...explain).allowed).toBe(true);
    const set = ['access', 'set', 'news/canteen.md', '--allow', 'staff'];
    expect(json(permissions, ...set)).toMatchObject({ people: false, changed: 1 });
    expect(json(explained, ...explain).allowed).toBe(false);
    const people = ['access', 'people', 'eve', '--groups', 'staff'];
    expect(json(permissions, ...people)).toMatchObject({ people: true });
    expect(json(explained, 'explain', 'news/canteen.md', '--as', 'eve').allowed).toBe(true);
  });

  it('deletes and erases', () => {
    expect(json(z.object({ deleted: z.int() }), 'delete', 'board/merger.md')).toEqual({
      deleted: 1,
    });
    const erased = z.object({
      keysDestroyed: z.int(),
      statement: z.string(),
      result: z.object({}),
    });
    expect(json(erased, 'erase', 'people/salaries.md', '--yes').keysDestroyed).toBe(1);
    expect(run('inspect', 'nothing.md').status).toBe(4);
  });

  it('shows and exports the log', () => {
    const { size } = json(
      z.object({ size: z.int(), root: hex, checkpoint: z.string() }),
      'log',
      'head',
    );
    const entry = z.object({ index: z.int(), kind: z.string(), signer: hex });
    expect(json(z.array(entry), 'log', 'entries', '--limit', '5')).toHaveLength(5);
    expect(json(z.object({ size: z.int(), files: z.int() }), 'log', 'export', 'log').size).toBe(
      size,
    );
  });

  it('tends keys and trust', () => {
    const key = z.object({ keyid: hex, role: z.string(), held: z.boolean() });
    const list = z.object({
      signing: z.array(key),
      branches: z.array(z.object({ rows: z.int() })),
    });
    const before = json(list, 'keys', 'list');
    json(z.object({ version: z.string() }), 'keys', 'rotate');
    expect(json(z.object({ rows: z.int().min(1) }), 'keys', 'rewrap').rows).toBeGreaterThan(3);
    const { keyid } = json(z.object({ keyid: hex }), 'keys', 'delegate', 'ingest');
    json(z.object({ keyid: hex, fromIndex: z.int() }), 'keys', 'revoke', keyid);
    expect(json(list, 'keys', 'list').signing).toHaveLength(before.signing.length + 1);
    json(z.object({ vaultId: z.string(), origin: z.literal('init') }), 'trust', 'show');
    json(z.object({ v: z.literal('sr/trust/v1') }), 'trust', 'export');
    expect(run('trust', 'add', 'trust.json', '--tofu').status).toBe(2);
  });

  it('ends whole: doctor, verify --all and fsck have nothing to say', () => {
    const finding = z.object({ check: z.string(), state: z.literal('ok'), text: z.string() });
    json(z.array(finding).min(8), 'doctor');
    json(z.object({ documents: z.literal(5), failures: z.array(z.never()) }), 'verify', '--all');
    json(z.object({ problems: z.array(z.never()), voids: z.array(z.never()) }), 'fsck');
  });

  it.skipIf(process.platform === 'win32')('is not troubled by a reader who has seen enough', () => {
    const line = `"${process.execPath}" "${bin}" log entries --limit 200 --json | head -n 1`;
    const env = { PATH: process.env['PATH'], HOME: path.join(installed.project, 'user') };
    const { stdout, stderr } = spawnSync('sh', ['-c', line], {
      cwd: installed.project,
      env,
      encoding: 'utf8',
    });
    expect([stdout, stderr]).toEqual(['[\n', '']);
  });
});
