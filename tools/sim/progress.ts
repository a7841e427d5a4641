// SPDX-License-Identifier: Apache-2.0
// How far a long run has come, in a file, so that it can be stopped and go on.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { RangeResult } from './run.ts';
import type { Verdict } from './simulation.ts';

/** What was run. */
export interface Progress {
  readonly first: number;
  /** The first seed that was not run. */
  readonly next: number;
  readonly seeds: number;
  readonly reads: number;
  readonly acknowledged: number;
  readonly failed: readonly Verdict[];
}

/** Nothing was run, or what a file says. @throws {Error} when the file belongs to a run with another first seed */
export function progressOf(file: string | undefined, first: number): Progress {
  if (file === undefined || !existsSync(file)) {
    return { first, next: first, seeds: 0, reads: 0, acknowledged: 0, failed: [] };
  }
  const saved = JSON.parse(readFileSync(file, 'utf8')) as Progress;
  if (saved.first !== first) throw new Error(`${file} is of a run from seed ${saved.first}`);
  return saved;
}

/** One more range. */
export function advanced(
  before: Progress,
  next: number,
  results: readonly RangeResult[],
): Progress {
  const sum = (of: (result: RangeResult) => number): number =>
    results.reduce((all, result) => all + of(result), 0);
  return {
    first: before.first,
    next,
    seeds: before.seeds + sum((result) => result.seeds),
    reads: before.reads + sum((result) => result.reads),
    acknowledged: before.acknowledged + sum((result) => result.acknowledged),
    failed: [...before.failed, ...results.flatMap((result) => result.failed)],
  };
}

/** Keeps it, whole or not at all. */
export function save(file: string, progress: Progress): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(progress)}\n`);
  renameSync(`${file}.new`, file);
}
