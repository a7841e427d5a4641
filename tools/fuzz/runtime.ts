// SPDX-License-Identifier: Apache-2.0
// The counters that instrumented code raises, and the module hook that instruments it on loading.
import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Branch, COUNTERS, instrument } from './instrument.ts';

/** Root of the project. */
export const ROOT = path.resolve(import.meta.dirname, '../..');

/** Loops may turn this often in one execution before it counts as hanging. Deterministic, unlike any number of seconds. */
export const MAX_TURNS = 1_000_000;
const MAX_BRANCHES = 16_384;

/** Thrown out of a loop that turns too often; no code of the product catches it as its own. */
export class Hang extends Error {
  override readonly name = 'Hang';
}

/** One branch with the file it stands in. */
export type PlacedBranch = Branch & { readonly file: string };

/** A fault that is put into a source file on loading. */
export interface Plant {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** What instrumented code counts, since the last `reset`. */
export class Counters {
  readonly c = new Uint32Array(MAX_BRANCHES);
  turns = 0;
  /** Every branch that was loaded; its place in the list is its counter. */
  readonly branches: PlacedBranch[] = [];
  readonly tokens = new Set<string>();

  readonly loop = (): void => {
    this.turns += 1;
    if (this.turns > MAX_TURNS) throw new Hang('a loop does not end');
  };

  reset(): void {
    this.c.fill(0, 0, this.branches.length);
    this.turns = 0;
  }
}

/**
 * Instruments the named files (relative to the root) when they are loaded from now on.
 * @throws when a planted fault does not fit its file exactly once
 */
export function watch(files: ReadonlySet<string>, plants: readonly Plant[] = []): Counters {
  const counters = new Counters();
  (globalThis as Record<string, unknown>)[COUNTERS] = counters;
  registerHooks({
    load(url, context, nextLoad) {
      const file = url.startsWith('file:') ? path.relative(ROOT, fileURLToPath(url)) : '';
      const own = plants.filter((plant) => plant.file === file);
      if (!files.has(file) && own.length === 0) return nextLoad(url, context);
      let text = readFileSync(path.join(ROOT, file), 'utf8');
      for (const plant of own) text = planted(text, plant);
      const made = instrument(text, counters.branches.length);
      counters.branches.push(...made.branches.map((branch) => ({ ...branch, file })));
      for (const token of made.tokens) counters.tokens.add(token);
      const source = stripTypeScriptTypes(made.source);
      return { format: 'module', source, shortCircuit: true };
    },
  });
  return counters;
}

function planted(text: string, { file, find, replace }: Plant): string {
  const parts = text.split(find);
  if (parts.length !== 2) throw new Error(`a planted fault fits ${file} ${parts.length - 1} times`);
  return parts.join(replace);
}
