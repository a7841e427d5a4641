// SPDX-License-Identifier: Apache-2.0
// Calls to the file system and to SQLite that fail with EIO or ENOSPC while the process lives on, on a vault in files.
//
// Loaded in a process of its own (see main.ts): the modules are replaced before the product is loaded.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { countFiles } from './counted-files.ts';
import type { CrashOptions, Tally } from './tally.ts';

/** Each 7th call fails, alternately with EIO and ENOSPC; with `all`, each. */
const SAMPLE = 7;
const OPERATIONS = ['update', 'erase', 'rotate'];

/** The call that fails, counted from when it is set. */
let failing: { at: number; first: number; isFull: boolean } | null = null;
let count = 0;

countFiles((n, name) => {
  count = n;
  if (failing === null || n - failing.first !== failing.at) return;
  // What cannot be closed stays open whatever one does.
  if (!name.endsWith('close')) throw errorOf(name, failing.isFull);
});

const { isStrongroomError } = await import('../../src/core/index.ts');
const { createVault, openVault } = await import('../../src/vault/index.ts');
const { tinyEmbedder } = await import('../../test/support/tiny-embedder.ts');
const { operations } = await import('./operations.ts');
const { viewProblems } = await import('./sound.ts');
const { OPEN, viewOf, World } = await import('./world.ts');

/** What SQLite and the system say. */
function errorOf(name: string, isFull: boolean): Error {
  if (/Database|Statement/.test(name)) {
    const errcode = isFull ? 13 : 10;
    return Object.assign(new Error('injected'), { code: 'ERR_SQLITE_ERROR', errcode });
  }
  return Object.assign(new Error('injected'), { code: isFull ? 'ENOSPC' : 'EIO', errno: -5 });
}

/** Runs the points of each operation. */
export async function filePoints(options: CrashOptions): Promise<Tally[]> {
  const world = new World();
  const folder = mkdtempSync(path.join(tmpdir(), 'strongroom-files-'));
  const tallies: Tally[] = [];
  try {
    const [ingest] = operations(world);
    const place = placeIn(path.join(folder, 'start'));
    await createVault({ ...place, access: OPEN, embedder: tinyEmbedder() });
    const vault = await openVault({ ...place, embedder: tinyEmbedder() });
    await ingest?.run(vault);
    vault.close();
    for (const operation of operations(world)) {
      if (!(options.only ?? OPERATIONS).includes(operation.name)) continue;
      if (operation.start !== 'filled') continue;
      const tally = await pointsOf(operation, folder, options.all ? 1 : SAMPLE);
      tallies.push(tally);
      options.onTally?.(tally);
    }
  } finally {
    world.close();
    rmSync(folder, { recursive: true });
  }
  return tallies;
}

type Operation = ReturnType<typeof operations>[number];

function placeIn(folder: string): { vault: string; home: string } {
  return { vault: path.join(folder, 'vault'), home: path.join(folder, 'home') };
}

async function pointsOf(operation: Operation, folder: string, every: number): Promise<Tally> {
  const problems: string[] = [];
  let [total, covered] = [Number.POSITIVE_INFINITY, 0];
  for (let n = every; n <= total; n += every) {
    const copy = path.join(folder, 'copy');
    cpSync(path.join(folder, 'start'), copy, { recursive: true });
    const isFull = covered % 2 === 1;
    const found = await point(operation, placeIn(copy), { at: n, isFull });
    problems.push(...found.problems.map((p) => `call ${n} (${isFull ? 'ENOSPC' : 'EIO'}): ${p}`));
    // The number of calls is that of a run without a fault, and so known after the first that is long enough.
    if (total === Number.POSITIVE_INFINITY) total = found.calls;
    covered += 1;
    rmSync(copy, { recursive: true });
  }
  const named = { part: 'files', operation: operation.name, fault: 'errors' } as const;
  return { ...named, total, covered, restarts: covered, problems };
}

async function point(
  operation: Operation,
  place: { vault: string; home: string },
  fault: { at: number; isFull: boolean },
): Promise<{ problems: string[]; calls: number }> {
  const problems: string[] = [];
  const first = count;
  failing = { ...fault, first };
  let calls = 0;
  for (let attempt = 1; attempt <= 2; attempt++) {
    try {
      const vault = await openVault({ ...place, embedder: tinyEmbedder() });
      try {
        await operation.run(vault);
      } finally {
        vault.close();
      }
      calls = count - first;
      break;
    } catch (error) {
      const isDone = attempt === 2 && isStrongroomError(error, 'NOT_FOUND');
      if (!isStrongroomError(error)) problems.push(`untyped: ${String((error as Error).stack)}`);
      if (attempt === 2 && !isDone) problems.push(`second attempt: ${String(error)}`);
      calls = count - first;
    }
  }
  failing = null;
  problems.push(...(await afterwards(operation, place)));
  return { problems, calls };
}

async function afterwards(
  operation: Operation,
  place: { vault: string; home: string },
): Promise<string[]> {
  const alarms: string[] = [];
  const onAlarm = ({ code }: { code: string }): void => void alarms.push(code);
  const vault = await openVault({ ...place, embedder: tinyEmbedder(), onAlarm });
  try {
    await vault.session.writer();
    const view = viewProblems(operation, await viewOf(vault), true);
    const { failures } = await vault.verifyAll();
    const { problems } = await vault.fsck({ repair: true, orphanAge: 0 });
    return [
      ...view,
      ...failures.map(({ code }) => `verifyAll ${code}`),
      ...problems.map(({ code, what, where }) => `fsck ${code} ${what} ${where}`),
      ...alarms.map((code) => `false alarm ${code}`),
    ];
  } finally {
    vault.close();
  }
}
