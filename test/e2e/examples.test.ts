// SPDX-License-Identifier: Apache-2.0
// Every example runs against the packed package, in a project that has nothing else, and prints what it promises.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InstalledPackage, installPackage } from '../support/package.ts';

const EXAMPLES = path.resolve(import.meta.dirname, '../../examples');
const PROGRAMS = readdirSync(EXAMPLES).filter((name) => name.endsWith('.ts'));

/** Lines that each example prints, in this order, others between them. Sizes of the log depend on how writes are batched. */
const EXPECTED: Record<string, readonly (string | RegExp)[]> = {
  '01-quickstart.ts': [
    /^2 documents, 2 chunks, log of \d+ entries$/,
    'best passage: leave.md, version 1',
    'Trains are booked by the office. Flights need the consent of your lead.',
    '[1] travel.md, bytes 0 to 81',
  ],
  '02-permissions.ts': [
    'ben finds people/pay.md, news/party.md',
    'dan finds news/party.md',
    'dan may read people/pay.md: false',
    '  denies: deny-user',
    'eve asks for a receipt: ACCESS_DENIED',
    'new directory signed: true',
    'ben finds news/party.md',
  ],
  '03-receipt.ts': [
    'proved: true, attested: true',
    /^head: \d+ entries, same as the trusted one$/,
    'version 1, chunk 1 of 1: Invoices are due after 30 days.',
    'forged: RECEIPT_INVALID',
  ],
  '04-tampered-store.ts': [
    'served: restore.md',
    'alarm: INTEGRITY',
    '2 documents, 1 failed: INTEGRITY',
    'fsck: INTEGRITY, a sealed object is not the one that the log names',
    'again: backup.md, version 2',
  ],
  '05-own-embedder.ts': ['nearest: station.txt', 'another embedder: EMBEDDER_MISMATCH'],
  '06-erase.ts': [
    'found: anna.txt, bert.txt, carl.txt',
    'found: bert.txt, carl.txt',
    'found: carl.txt',
    '1 key destroyed, 1 object deleted',
    'anna.txt: tombstone, version 1',
    'bert.txt: shredded, version 1',
    'fsck: 0 problems',
  ],
  '07-rooms.ts': [
    /^\d+ entries proven: genesis, delegate ... state$/,
    'of them ingest: 1',
    'ada: true, allow-group',
    'ben: false, allow-group, clearance',
  ],
};

let installed: InstalledPackage;

beforeAll(() => {
  installed = installPackage();
  cpSync(EXAMPLES, path.join(installed.project, 'examples'), { recursive: true });
}, 180_000);
afterAll(() => installed.remove());

describe('the examples', () => {
  it('are all expected to print something, and all listed', () => {
    expect(Object.keys(EXPECTED)).toEqual(PROGRAMS);
    const page = readFileSync(path.join(EXAMPLES, 'README.md'), 'utf8');
    for (const name of PROGRAMS) expect(page).toContain(`[${name}](${name})`);
  });

  it.each(PROGRAMS)('%s prints what it promises and leaves nothing behind', (name) => {
    const temporary = path.join(installed.project, `tmp-${name}`);
    mkdirSync(temporary);
    const home = path.join(installed.project, `home-${name}`);
    const env = { PATH: process.env['PATH'], TMPDIR: temporary, TEMP: temporary, HOME: home };
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', path.join(installed.project, 'examples', name)],
      { cwd: installed.project, env, encoding: 'utf8', timeout: 60_000 },
    );
    expect([status, stderr]).toEqual([0, '']);
    const lines = stdout.split('\n');
    let from = 0;
    for (const line of EXPECTED[name] ?? []) {
      const isIt = (found: string, i: number): boolean =>
        i >= from && (typeof line === 'string' ? found === line : line.test(found));
      const at = lines.findIndex(isIt);
      expect(at, `${String(line)}\nafter line ${from} of\n${stdout}`).toBeGreaterThanOrEqual(from);
      from = at + 1;
    }
    expect(readdirSync(temporary)).toEqual([]);
    expect(readdirSync(installed.project)).not.toContain(`home-${name}`);
  });
});
