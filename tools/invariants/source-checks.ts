// SPDX-License-Identifier: Apache-2.0
// Finds security checks in source text and makes them removable while a test runs.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Root of the project. */
export const ROOT = path.resolve(import.meta.dirname, '../..');

const CALL = /\b(?:need|holds)\(\s*'(INV-[A-Z0-9-]+)'\s*,/g;

/** One security check of the source. */
export interface Check {
  readonly id: string;
  /** Path from the root of the project, with `/`. */
  readonly file: string;
}

/** Every check of `src`, by file. */
export function checksOfSource(): Check[] {
  return readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `src/${name.replaceAll(path.sep, '/')}`)
    .sort()
    .flatMap((file) => {
      const text = readFileSync(path.join(ROOT, file), 'utf8');
      return [...text.matchAll(CALL)].map(([, id = '']) => ({ id, file }));
    });
}

/**
 * The source with every check asking `globalThis.isRemovedCheck(id)` before its condition counts. The condition is still
 * evaluated, as its calls may have effects; only what it says is ignored.
 */
export function removable(source: string): string {
  let result = '';
  let end = 0;
  for (const match of source.matchAll(CALL)) {
    const start = match.index + match[0].length;
    const stop = endOfArgument(source, start);
    const condition = source.slice(start, stop);
    result += `${source.slice(end, start)} globalThis.withoutCheck('${match[1] ?? ''}', (${condition}))`;
    end = stop;
  }
  return result + source.slice(end);
}

/** Where the argument that starts at `start` ends: at a comma or parenthesis outside brackets, texts and comments. */
function endOfArgument(source: string, start: number): number {
  let depth = 0;
  for (let i = start; i < source.length; i++) {
    const char = source[i] ?? '';
    if ('\'"`'.includes(char)) i = source.indexOf(char, i + 1);
    else if ('([{'.includes(char)) depth += 1;
    else if (depth === 0 && ',)'.includes(char)) return i;
    else if (')]}'.includes(char)) depth -= 1;
  }
  throw new Error('a check has no end');
}
