// SPDX-License-Identifier: Apache-2.0
// A folder of receipts that are each wrong in one named way: our command line and a program that shares no code with it
// refuse every one of them, for that reason. The files are frozen: a change of the formats shows here.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run.ts';
import { pythonTools, reasonOf } from '../support/foreign-tools.ts';
import { isRegenerating } from '../support/golden.ts';
import { makeNegatives } from './all.ts';

const FOLDER = path.join(import.meta.dirname, 'receipts');
const at = (name: string): string => path.join(FOLDER, name);
const GOLDEN = 'golden.json';
const TRUST = 'trust.json';
const MANIFEST = 'manifest.json';

/** What the manifest says of a file. */
interface Expected {
  readonly code: 'RECEIPT_INVALID';
  /** Id of the check that refuses, or null. */
  readonly check: string | null;
  readonly reason: string;
  /** What verify_receipt.py answers. */
  readonly python: string;
}
const made = await makeNegatives();
const python = pythonTools();
if (python.missing !== null) console.warn(`Python verifiers skipped: ${python.missing}`);
const fileOf = (name: string): string => `${name}_fail.json`;

/** The answers of the Python verifier, by file. */
function pythonAnswers(files: readonly string[]): Map<string, string> {
  if (python.run === null) return new Map();
  const args = ['verify_receipt', '--trust', at(TRUST), '--', ...files.map(at)];
  const lines = python.run('each.py', args).stdout.trimEnd().split('\n');
  return new Map(files.map((file, i) => [file, lines[i] ?? '']));
}

if (isRegenerating) regenerate();

function regenerate(): void {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER);
  writeFileSync(at(GOLDEN), made.golden);
  writeFileSync(at(TRUST), made.trust);
  for (const { name, bytes } of made.cases) writeFileSync(at(fileOf(name)), bytes);
  const answers = pythonAnswers(made.cases.map(({ name }) => fileOf(name)));
  const entries = made.cases.map(({ name, check, reason }) => {
    const told = (answers.get(fileOf(name)) ?? '').split('\t')[1] ?? '';
    return [fileOf(name), { code: 'RECEIPT_INVALID', check, reason, python: told }];
  });
  writeFileSync(at(MANIFEST), `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`);
}

const manifest = existsSync(at(MANIFEST))
  ? (JSON.parse(readFileSync(at(MANIFEST), 'utf8')) as Record<string, Expected>)
  : {};
const files = Object.keys(manifest);

/** `strongroom verify FILE --trust trust.json --json` as a process would run it. */
async function verify(file: string): Promise<{ code: number; said: Record<string, unknown> }> {
  let out = '';
  const world = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: () => undefined },
    cwd: FOLDER,
    env: {},
  };
  const code = await runCli(['verify', file, '--trust', TRUST, '--json'], world);
  return { code, said: JSON.parse(out) as Record<string, unknown> };
}

describe('the negative receipts', () => {
  it('are at least 60, all in the manifest, and the ones that are made from the valid receipt', () => {
    expect(files.length).toBeGreaterThanOrEqual(60);
    const present = readdirSync(FOLDER).filter((name) => name.endsWith('_fail.json'));
    expect(present.sort()).toEqual(files.toSorted());
    expect(new Set(made.cases.map(({ name }) => name)).size).toBe(made.cases.length);
    for (const { name, bytes } of made.cases) {
      expect([name, readFileSync(at(fileOf(name))).equals(bytes)]).toEqual([name, true]);
    }
    expect(readFileSync(at(GOLDEN)).equals(made.golden)).toBe(true);
    expect(readFileSync(at(TRUST)).equals(made.trust)).toBe(true);
  });

  it('are each another file, none of them the valid one', () => {
    const contents = [GOLDEN, ...files].map((file) => readFileSync(at(file), 'latin1'));
    expect(new Set(contents).size).toBe(contents.length);
  });

  it('meet every check of a receipt', () => {
    const source = ['passage', 'signers', 'open', 'head', 'recovery', 'verify'].map((name) =>
      readFileSync(path.resolve(`src/provenance/receipt-${name}.ts`), 'utf8'),
    );
    const ids = source.flatMap((text) =>
      [...text.matchAll(/'(INV-[A-Z-]+)'/g)].map(([, id]) => id),
    );
    const met = new Set(Object.values(manifest).map(({ check }) => check));
    // These need another trust: a log key alone, and one that demands witnesses.
    expect(ids.filter((id) => id !== undefined && !met.has(id))).toEqual([
      'INV-RECEIPT-WITNESSES',
      'INV-RECEIPT-GENESIS',
    ]);
  });

  it('are made from a receipt that `strongroom verify` proves', async () => {
    const { code, said } = await verify(GOLDEN);
    expect(said).toMatchObject({ proved: true, attested: true, headCompared: 'consistent' });
    expect(code).toBe(0);
  });

  it.each(files)('%s is refused by `strongroom verify` for its reason', async (file) => {
    const { code, check, reason } = manifest[file] as Expected;
    const answer = await verify(file);
    expect(answer.said).toEqual({ proved: false, code, check, reason });
    expect(answer.code).toBe(1);
  });
});

describe.skipIf(python.missing !== null)(`verify_receipt.py${reasonOf(python)}`, () => {
  it('has at most 300 lines', () => {
    const text = readFileSync(path.resolve('tools/verifiers/py/verify_receipt.py'), 'utf8');
    expect(text.split('\n').length - 1).toBeLessThanOrEqual(300);
  });

  it('proves the valid receipt and refuses every negative one, for its reason', () => {
    const answers = pythonAnswers([GOLDEN, ...files]);
    const proved = 'PROVED 2 passages, attested, head compared with the trusted one';
    expect(answers.get(GOLDEN)).toBe(`0\t${proved}`);
    for (const file of files) {
      const answer = answers.get(file);
      expect([file, answer?.slice(0, 8)]).toEqual([file, '1\tFALSE ']);
      // What a parser of JSON or base64 says differs between versions of Python.
      if (file.startsWith('form-')) continue;
      expect([file, answer]).toEqual([file, `1\t${manifest[file]?.python ?? ''}`]);
    }
  });

  it('quantises the golden vectors to the golden bytes', () => {
    const golden = path.resolve('test/golden/v1/vector.json');
    expect(python.run?.('verify_receipt.py', ['--vectors', golden]).stdout).toMatch(
      /^PROVED \d+ vectors$/m,
    );
    const cases = JSON.parse(readFileSync(golden, 'utf8')) as { x: number[]; stored: string }[];
    const [one] = cases as [(typeof cases)[0]];
    const file = path.join(FOLDER, '..', '.vectors.tmp.json');
    writeFileSync(file, JSON.stringify([{ ...one, x: one.x.with(0, 9) }]));
    expect(python.run?.('verify_receipt.py', ['--vectors', file])).toMatchObject({ status: 1 });
    rmSync(file);
  });
});
