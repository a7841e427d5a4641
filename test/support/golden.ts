// SPDX-License-Identifier: Apache-2.0
// Golden files: the bytes of every format, frozen. A change of a frozen byte breaks every vault that was ever written.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** What a golden file holds: JSON, with bytes as hex or base64 text. */
export type GoldenValue =
  | string
  | number
  | boolean
  | null
  | readonly GoldenValue[]
  | { readonly [name: string]: GoldenValue };

/** One frozen format: `produce` must give the same value on every machine and in every run. */
export interface GoldenFormat {
  /** Name of the file, without `.json`. */
  readonly name: string;
  readonly produce: () => GoldenValue | Promise<GoldenValue>;
}

const ROOT = path.resolve(import.meta.dirname, '../golden');

/** True when this run writes the golden files anew instead of comparing with them. */
export const isRegenerating = process.env['STRONGROOM_REGENERATE_GOLDEN'] === '1';

/** The frozen value of a format of a version; when regenerating, the produced one after it was written. */
export function frozenValue(version: string, name: string, produced: GoldenValue): unknown {
  const file = path.join(ROOT, version, `${name}.json`);
  if (isRegenerating) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(produced, null, 2)}\n`);
  }
  if (!existsSync(file)) return `there is no golden file ${version}/${name}.json`;
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Names of the golden files of a version. */
export function frozenNames(version: string): string[] {
  return readdirSync(path.join(ROOT, version))
    .map((name) => path.basename(name, '.json'))
    .sort();
}
