// SPDX-License-Identifier: Apache-2.0
// A small, repeatable part of the fuzzing: every parser with its seeds, the inputs that longer runs have kept, and some
// hundred changes of them. A parser that throws anything but an error of the product, accepts what it must not, turns for
// ever or keeps memory fails here; `npm run -s fuzz` runs as much of it as one likes.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { PARSERS } from '../../tools/fuzz/parsers.ts';

// A busy machine may take long; how long is no result here.
vi.setConfig({ testTimeout: 600_000 });

const ROOT = path.resolve(import.meta.dirname, '../..');
const PLANTED = path.join(ROOT, 'tools/fuzz/planted');

interface Row {
  readonly target: string;
  readonly executions: number;
  readonly branches: number;
  readonly covered: number;
  readonly failures: readonly { readonly error: string; readonly input: string }[];
}

/** Runs the fuzzer in a process of its own, whose modules it instruments. */
async function fuzz(...args: readonly string[]): Promise<{ code: number | null; rows: Row[] }> {
  const main = path.join(ROOT, 'tools/fuzz/main.ts');
  const flags = ['--disable-warning=ExperimentalWarning', main, '--json', ...args];
  const child = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, errors] = ['', ''];
  child.stdout.on('data', (part: Buffer) => (out += part.toString()));
  child.stderr.on('data', (part: Buffer) => (errors += part.toString()));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (out === '') throw new Error(errors);
  return { code, rows: (JSON.parse(out) as { targets: Row[] }).targets };
}

describe('the parsers of stored and received bytes', () => {
  const run = fuzz('--executions', '300', '--seed', 'test');

  it('stand every input, and refuse with typed errors', async () => {
    const { rows } = await run;
    const found = rows.flatMap(({ target, failures }) =>
      failures
        .filter(({ error }) => !error.startsWith('Slow'))
        .map(({ error, input }) => `${target}: ${error}: ${input.slice(0, 400)}`),
    );
    expect(found).toEqual([]);
    expect(rows.map(({ target }) => target)).toEqual(Object.keys(PARSERS));
  });

  it('are executed in nine of ten branches at least', async () => {
    const { rows } = await run;
    const low = rows.filter(({ covered, branches }) => covered < 0.9 * branches);
    expect(low.map(({ target, covered, branches }) => `${target} ${covered}/${branches}`)).toEqual(
      [],
    );
    expect(rows.reduce((sum, { branches }) => sum + branches, 0)).toBeGreaterThan(500);
    expect(rows.every(({ executions }) => executions >= 300)).toBe(true);
  });
});

describe('the fuzzer', () => {
  const bugs = readdirSync(PLANTED).map((file) => path.basename(file, '.json'));

  it('knows at least five planted bugs', () => {
    expect(bugs.length).toBeGreaterThanOrEqual(5);
    const whats = bugs.map((name) => readFileSync(path.join(PLANTED, `${name}.json`), 'utf8'));
    expect(new Set(whats).size).toBe(bugs.length);
  });

  it.each(bugs)('finds the planted bug %s from valid inputs alone', async (name) => {
    const { code, rows } = await fuzz('--planted', name, '--executions', '20000');
    expect(rows.flatMap(({ failures }) => failures).length).toBeGreaterThan(0);
    expect(code).toBe(1);
  });
});
