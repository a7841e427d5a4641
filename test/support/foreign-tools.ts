// SPDX-License-Identifier: Apache-2.0
// Builds the foreign verifiers of tools/verifiers once and keeps them in a cache folder.
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');
const VERIFIERS = path.join(ROOT, 'tools/verifiers');
const CACHE = path.join(ROOT, 'node_modules/.cache/strongroom/verifiers');

/** Longest time that a program may take, in milliseconds. */
const BUILD_TIMEOUT = 300_000;

/** What a foreign program answered. */
export interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A set of foreign programs: how to run them, or why they are not there. */
export type Toolset =
  | {
      /** @param timeout milliseconds after which the program is stopped, if it is one that may never end */
      readonly run: (program: string, args: readonly string[], timeout?: number) => Answer;
      readonly missing: null;
    }
  | { readonly run: null; readonly missing: string };

/** verify-log, verify-object and test-witness, when there is Go 1.26 or newer. */
export function goTools(): Toolset {
  return goModule('go', './...');
}

/** Tessera's own fsck, when there is Go 1.26 or newer; a module of its own, as it stands on many others. */
export function tesseraTools(): Toolset {
  return goModule('fsck', 'github.com/transparency-dev/tessera/cmd/fsck');
}

function goModule(module: string, packages: string): Toolset {
  const version = /go1\.(\d+)/.exec(call('go', ['version']).stdout)?.[1];
  if (version === undefined || Number(version) < 26) return { run: null, missing: 'no Go >= 1.26' };
  const folder = path.join(CACHE, `${module}-${digestOf(path.join(VERIFIERS, module))}`);
  const failure = once(folder, () =>
    call('go', ['build', '-o', `${folder}/`, packages], { cwd: path.join(VERIFIERS, module) }),
  );
  if (failure !== null) return unavailable(failure);
  const run = (program: string, args: readonly string[], timeout?: number): Answer =>
    call(path.join(folder, program), args, { timeout });
  return { run, missing: null };
}

/** The Python programs, when there is Python 3.11 or newer. */
export function pythonTools(): Toolset {
  const version = /Python 3\.(\d+)/.exec(call('python3', ['--version']).stdout)?.[1];
  if (version === undefined || Number(version) < 11) {
    return { run: null, missing: 'no Python >= 3.11' };
  }
  const requirements = path.join(VERIFIERS, 'py/requirements.txt');
  const folder = path.join(CACHE, `py-3.${version}-${digestOf(requirements)}`);
  const python = path.join(folder, 'bin/python');
  const failure = once(folder, () => {
    const made = call('python3', ['-m', 'venv', folder]);
    if (made.status !== 0) return made;
    return call(python, ['-m', 'pip', 'install', '--quiet', '--requirement', requirements]);
  });
  if (failure !== null) return unavailable(failure);
  const run = (program: string, args: readonly string[]): Answer =>
    call(python, ['-B', path.join(VERIFIERS, 'py', program), ...args]);
  return { run, missing: null };
}

/** The end of a suite's title, which states why its tests are skipped. */
export function reasonOf(tools: Toolset): string {
  return tools.missing === null ? '' : ` (skipped: ${tools.missing})`;
}

/** Builds into a folder unless a former run has; the error text, or null. Test files run side by side: one builds. */
function once(folder: string, build: () => Answer): string | null {
  const [marker, lock] = [path.join(folder, '.complete'), `${folder}.lock`];
  mkdirSync(path.dirname(folder), { recursive: true });
  while (!existsSync(marker)) {
    if (!acquired(lock)) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
      continue;
    }
    try {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
      const answer = build();
      if (answer.status !== 0) return `the verifiers could not be built: ${answer.stderr.trim()}`;
      writeFileSync(marker, '');
    } finally {
      rmSync(lock, { recursive: true, force: true });
    }
  }
  return null;
}

/** Takes the lock, or one that a killed run has left behind. */
function acquired(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - since > BUILD_TIMEOUT) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}

/** A developer without a network goes on without the verifiers; a build server must have them. */
function unavailable(failure: string): Toolset {
  if (process.env['CI'] === 'true') throw new Error(failure);
  return { run: null, missing: failure };
}

function call(
  program: string,
  args: readonly string[],
  { cwd, timeout = BUILD_TIMEOUT }: { cwd?: string; timeout?: number | undefined } = {},
): Answer {
  const options = { encoding: 'utf8' as const, timeout, ...(cwd === undefined ? {} : { cwd }) };
  // A program that is not there has no output at all, which the types do not say.
  const result = spawnSync(program, [...args], options) as SpawnSyncReturns<string | null>;
  return { status: result.status, stdout: result.stdout ?? '', stderr: result.stderr ?? '' };
}

/** A short digest of a file, or of every file of a folder. */
function digestOf(place: string): string {
  const hash = createHash('sha256');
  const names = statSync(place).isDirectory()
    ? readdirSync(place, { recursive: true, encoding: 'utf8' }).sort()
    : [''];
  for (const name of names) {
    const file = path.join(place, name);
    if (statSync(file).isFile()) hash.update(name).update('\0').update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 16);
}
