// SPDX-License-Identifier: Apache-2.0
// Calls to the file system and to SQLite that fail with EIO or ENOSPC while the process lives on, on a vault in files.
//
// Loaded in a process of its own (see main.ts): the modules are replaced before the product is loaded.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Place } from './file-world.ts';
import type { Operation } from './operations.ts';
import type { CrashOptions, Tally } from './tally.ts';
import { listen } from './watched.ts';

const { isStrongroomError } = await import('../../src/core/index.ts');
const { makeFileStarts, openAt, placeIn, problemsOfFiles } = await import('./file-world.ts');
const { operations } = await import('./operations.ts');
const { isDone } = await import('./sound.ts');
const { World } = await import('./world.ts');

/** Unless all are wanted, each call of so many fails, alternately with EIO and ENOSPC. */
const SAMPLE = 25;

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
    const starts = await makeFileStarts(world, folder);
    for (const operation of operations(world)) {
      if (options.only !== undefined && !options.only.includes(operation.name)) continue;
      const every = options.all ? 1 : (options.every ?? SAMPLE);
      const tally = await pointsOf(operation, starts[operation.start], every);
      tallies.push(tally);
      options.onTally?.(tally);
    }
  } finally {
    world.close();
    rmSync(folder, { recursive: true });
  }
  return tallies;
}

async function pointsOf(operation: Operation, start: string, every: number): Promise<Tally> {
  const problems: string[] = [];
  let [total, covered] = [Number.POSITIVE_INFINITY, 0];
  for (let n = every; n <= total; n += every) {
    const copy = `${start}-copy`;
    cpSync(start, copy, { recursive: true });
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
  place: Place,
  fault: { readonly at: number; readonly isFull: boolean },
): Promise<{ problems: string[]; calls: number }> {
  const problems: string[] = [];
  let calls = 0;
  listen((_, name) => {
    calls += 1;
    // What cannot be closed stays open whatever one does.
    if (calls === fault.at && !name.endsWith('close')) throw errorOf(name, fault.isFull);
  });
  let counted = 0;
  for (let attempt = 1; attempt <= 2; attempt++) {
    try {
      const vault = await openAt(place);
      try {
        await operation.run(vault);
      } finally {
        vault.close();
      }
      counted = calls;
      break;
    } catch (error) {
      if (!isStrongroomError(error)) problems.push(`untyped: ${String((error as Error).stack)}`);
      if (attempt === 2 && !isDone(operation, error))
        problems.push(`second attempt: ${String(error)}`);
      counted = calls;
    }
  }
  listen(null);
  const promised = { operation, acknowledged: true, foreign: false };
  problems.push(...(await problemsOfFiles(place, promised)));
  return { problems, calls: counted };
}
