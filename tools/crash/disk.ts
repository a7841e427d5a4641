// SPDX-License-Identifier: Apache-2.0
// Crashes on real files: each operation runs once on a vault in files while every state of its folder is kept, as it was
// before each call to the file system and to SQLite, with the last write torn, and as a power failure leaves it. Then each
// state is laid into a fresh folder and restarted from.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CrashOptions, Tally } from './tally.ts';
import { listen } from './watched.ts';

const { DiskRecorder, lay } = await import('./disk-recorder.ts');
const { makeFileStarts, openAt, placeIn, problemsOfFiles } = await import('./file-world.ts');
const { operations } = await import('./operations.ts');
const { World } = await import('./world.ts');

type Operation = ReturnType<typeof operations>[number];
type State = InstanceType<typeof DiskRecorder>['states'][number];

/** Unless all are wanted, one state of so many is restarted from. */
const SAMPLE = 25;
/** The foreign verifier reads the log after one restart of so many. */
const FOREIGN = 5;

/** Runs the points of each operation. */
export async function diskPoints(options: CrashOptions): Promise<Tally[]> {
  const world = new World();
  const folder = mkdtempSync(path.join(tmpdir(), 'strongroom-disk-'));
  const tallies: Tally[] = [];
  try {
    const starts = await makeFileStarts(world, folder);
    for (const operation of operations(world)) {
      if (options.only !== undefined && !options.only.includes(operation.name)) continue;
      const work = path.join(folder, 'work');
      cpSync(starts[operation.start], work, { recursive: true });
      const { states, acknowledgedFrom } = await record(operation, work);
      rmSync(work, { recursive: true });
      for (const fault of ['stop', 'torn', 'power'] as const) {
        const points = states
          .map((state, i) => ({ state, acknowledged: i >= acknowledgedFrom }))
          .filter(({ state }) => state.fault === fault);
        const every = options.all ? 1 : (options.every ?? SAMPLE);
        const tally = await restartAll({ operation, fault, folder: work }, points, every);
        tallies.push(tally);
        options.onTally?.(tally);
      }
    }
  } finally {
    world.close();
    rmSync(folder, { recursive: true });
  }
  return tallies;
}

/** Runs an operation and keeps the states of its folder. @returns also the first state after its acknowledgement */
async function record(
  operation: Operation,
  work: string,
): Promise<{ states: readonly State[]; acknowledgedFrom: number }> {
  const recorder = new DiskRecorder(work);
  listen((_, name, fd) => {
    recorder.before(name, fd);
  });
  try {
    const vault = await openAt(placeIn(work));
    await operation.run(vault);
    const acknowledgedFrom = recorder.states.length;
    // What power leaves at this moment may equal what it left before, and is promised now.
    recorder.forget();
    recorder.before('acknowledged', null);
    vault.close();
    recorder.before('closed', null);
    return { states: recorder.states, acknowledgedFrom };
  } finally {
    listen(null);
  }
}

interface Point {
  readonly state: State;
  readonly acknowledged: boolean;
}

/** Every n-th point, and each that comes after the acknowledgement. */
async function restartAll(
  at: { readonly operation: Operation; readonly fault: State['fault']; readonly folder: string },
  points: readonly Point[],
  every: number,
): Promise<Tally> {
  const { operation, fault, folder } = at;
  const offset = operation.name.length % every;
  const chosen = points.filter(
    ({ acknowledged }, i) => (acknowledged && fault === 'power') || i % every === offset,
  );
  const problems: string[] = [];
  for (const [i, { state, acknowledged }] of chosen.entries()) {
    mkdirSync(folder);
    lay(state, folder);
    const foreign = i % FOREIGN === 0;
    const found = await problemsOfFiles(placeIn(folder), { operation, acknowledged, foreign });
    problems.push(...found.map((problem) => `before ${state.at}: ${problem}`));
    rmSync(folder, { recursive: true });
  }
  const covered = chosen.length;
  const named = { part: 'disk', operation: operation.name, fault } as const;
  return { ...named, total: points.length, covered, restarts: covered, problems };
}
