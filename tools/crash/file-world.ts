// SPDX-License-Identifier: Apache-2.0
// A small vault in files: what operations start from, and what must be true of it after a fault. Loads the product, and so
// comes after watched.ts.
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isStrongroomError } from '../../src/core/index.ts';
import { createVault, openVault, type Vault } from '../../src/vault/index.ts';
import { goTools } from '../../test/support/foreign-tools.ts';
import { verifyPlainLog } from '../../test/support/plain-log-verifier.ts';
import { tinyEmbedder } from '../../test/support/tiny-embedder.ts';
import { DiskRecorder, lay } from './disk-recorder.ts';
import { type Operation, operations } from './operations.ts';
import { isDone, NEVER, viewProblems } from './sound.ts';
import { listen } from './watched.ts';
import { LOG, OPEN, viewOf, type World } from './world.ts';

/** Where a vault in files lies. */
export interface Place {
  readonly vault: string;
  readonly home: string;
}

/** The place in a folder. */
export function placeIn(folder: string): Place {
  return { vault: path.join(folder, 'vault'), home: path.join(folder, 'home') };
}

/** Opens the vault as a process does. */
export function openAt(place: Place, onAlarm?: (code: string) => void): Promise<Vault> {
  return openVault({
    ...place,
    embedder: tinyEmbedder(),
    ...(onAlarm && { onAlarm: ({ code }) => onAlarm(code) }),
  });
}

/** Makes what operations start from. @returns a folder for each start */
export async function makeFileStarts(
  world: World,
  folder: string,
): Promise<Record<Operation['start'], string>> {
  const at = (name: string): string => path.join(folder, name);
  await createVault({ ...placeIn(at('empty')), access: OPEN, embedder: tinyEmbedder() });
  cpSync(at('empty'), at('filled'), { recursive: true });
  const all = operations(world);
  await runAt(placeIn(at('filled')), all[0]!);
  await makeHalfway(at('filled'), at('halfway'), all[4]!);
  return { empty: at('empty'), filled: at('filled'), halfway: at('halfway') };
}

async function runAt(place: Place, operation: Operation): Promise<void> {
  const vault = await openAt(place);
  await operation.run(vault);
  vault.close();
}

/** A vault whose writer stopped between signing a checkpoint and publishing it. */
async function makeHalfway(filled: string, halfway: string, remove: Operation): Promise<void> {
  const copy = `${filled}-copy`;
  cpSync(filled, copy, { recursive: true });
  const recorder = new DiskRecorder(copy);
  listen((_, name, fd) => {
    recorder.before(name, fd);
  });
  await runAt(placeIn(copy), remove);
  listen(null);
  const stops = recorder.states.filter(({ fault }) => fault === 'stop');
  const checkpoint = path.join('vault', 'store', LOG, 'checkpoint');
  const first = stops[0]?.files.get(checkpoint)?.bytes;
  const after = stops.findIndex(({ files }) => files.get(checkpoint)?.bytes !== first);
  if (after < 1) throw new Error('the writer never came to its checkpoint');
  lay(stops[after - 1]!, halfway);
}

/** What had been promised before the process stopped. */
export interface Promised {
  readonly operation: Operation;
  /** Whether the operation had been acknowledged. */
  readonly acknowledged: boolean;
  /** Whether the foreign verifier is asked too. */
  readonly foreign: boolean;
}

/** Restarts on a vault in files and looks at everything. @returns what is wrong */
export async function problemsOfFiles(place: Place, promised: Promised): Promise<string[]> {
  const { operation, acknowledged, foreign } = promised;
  const problems: string[] = [];
  const alarms: string[] = [];
  try {
    const vault = await openAt(place, (code) => void alarms.push(code));
    try {
      // As a reader first: nothing may depend on somebody who writes.
      problems.push(...viewProblems(operation, await viewOf(vault), false));
      await vault.session.writer();
      problems.push(...viewProblems(operation, await viewOf(vault), acknowledged));
      problems.push(...(await proofProblems(vault)), ...(await logProblems(place, foreign)));
      // The interrupted work is simply done again.
      await operation.run(vault).catch((error: unknown) => {
        if (!isDone(operation, error)) throw error;
      });
      const view = viewProblems(operation, await viewOf(vault), true);
      problems.push(...[...view, ...(await proofProblems(vault))].map((p) => `again: ${p}`));
    } finally {
      vault.close();
    }
    problems.push(...(await problemsOfNext(place, operation)));
  } catch (error) {
    const said = isStrongroomError(error) ? error.code : String((error as Error).stack);
    problems.push(`restart: ${said} ${(error as Error).message}`);
  }
  const forbidden = alarms.filter((code) => NEVER.includes(code));
  return [...problems, ...forbidden.map((code) => `false alarm ${code}`)];
}

/** The writer after that finds everything as it was left, and nothing that was staged before. */
async function problemsOfNext(place: Place, operation: Operation): Promise<string[]> {
  const vault = await openAt(place);
  try {
    await vault.session.writer();
    const view = viewProblems(operation, await viewOf(vault), true);
    const { failures } = await vault.verifyAll();
    const problems = [...view, ...failures.map(({ code }) => `verifyAll: ${code}`)];
    return [...problems.map((problem) => `next: ${problem}`), ...stagedProblems(place)];
  } finally {
    vault.close();
  }
}

/** What does not hold after `fsck` has repaired what it can. */
async function proofProblems(vault: Vault): Promise<string[]> {
  const { failures } = await vault.verifyAll();
  const { problems } = await vault.fsck({ repair: true, orphanAge: 0 });
  return [
    ...failures.map(({ code }) => `verifyAll: ${code}`),
    ...problems.map(({ code, what, where }) => `fsck: ${code} ${what} ${where}`),
  ];
}

const go = goTools();

/** Why the foreign verifier of the log is not asked, or null. */
export const foreignMissing: string | null = go.missing;

async function logProblems(place: Place, foreign: boolean): Promise<string[]> {
  const folder = path.join(place.vault, 'store', LOG);
  const vkey = keysOf(place);
  try {
    const fetch = (name: string): Promise<Uint8Array | null> =>
      Promise.resolve(readOrNull(path.join(folder, name)));
    await verifyPlainLog(fetch, vkey.log);
  } catch (error) {
    return [`log: ${(error as Error).message}`];
  }
  if (!foreign || go.run === null) return [];
  const keys = path.join(place.home, 'foreign-keys.json');
  writeFileSync(keys, JSON.stringify({ ...vkey, quorum: 0 }));
  const { stdout, stderr } = go.run('verify-log', ['-keys', keys, '-log', folder]);
  return stdout.startsWith('GO OK') ? [] : [`foreign log verifier: ${stdout}${stderr}`];
}

/** The log's key as the trust file of the home directory says it. */
function keysOf({ home }: Place): { origin: string; log: string } {
  const folder = path.join(home, 'trust');
  const file = readdirSync(folder).find((name) => name.endsWith('.json')) ?? '';
  const { logVkey } = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as {
    logVkey: string;
  };
  return { origin: logVkey.slice(0, logVkey.indexOf('+')), log: logVkey };
}

/** What was staged and never won is discarded by the first writer that finds the log beyond it. */
function stagedProblems(place: Place): string[] {
  const folder = path.join(place.vault, 'store', LOG);
  const note = readOrNull(path.join(folder, 'checkpoint'));
  const size = Number(note?.toString().split('\n')[1]);
  let staged: string[] = [];
  try {
    staged = readdirSync(path.join(folder, 'staging'));
  } catch {
    // Never anything.
  }
  return staged.filter((name) => Number.parseInt(name, 10) <= size).map((name) => `left: ${name}`);
}

function readOrNull(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch {
    return null;
  }
}
