// SPDX-License-Identifier: Apache-2.0
// Published test vectors live beside the repository and are never copied into it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../../../shared');

/** Absolute path below the shared folder. */
export function sharedPath(relative: string): string {
  return path.join(ROOT, relative);
}

/** True when the shared folder holds this file or folder. */
export function hasShared(relative: string): boolean {
  return existsSync(sharedPath(relative));
}

/** The end of a suite's title, which states why its tests are skipped when the vectors are absent. */
export function reasonIfAbsent(relative: string): string {
  return hasShared(relative) ? '' : ` (skipped: ../shared/${relative} is absent)`;
}

/** Bytes of a file of the shared folder. */
export function sharedBytes(relative: string): Uint8Array {
  return new Uint8Array(readFileSync(sharedPath(relative)));
}

/** A JSON file of the shared folder. */
export function sharedJson(relative: string): unknown {
  return JSON.parse(readFileSync(sharedPath(relative), 'utf8'));
}

/** Every `.json` file under a folder of the shared folder, as paths relative to that folder, in order. */
export function sharedJsonFiles(folder: string): string[] {
  return readdirSync(sharedPath(folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .sort();
}

/** A Wycheproof file: groups of tests that share parameters. */
export interface WycheproofFile<G, T> {
  readonly numberOfTests: number;
  readonly testGroups: readonly (G & { readonly tests: readonly (T & WycheproofTest)[] })[];
}

/** What every Wycheproof test says. */
export interface WycheproofTest {
  readonly tcId: number;
  readonly comment: string;
  readonly flags: readonly string[];
  readonly result: 'valid' | 'invalid' | 'acceptable';
}

/** Folder of the Wycheproof files. */
export const WYCHEPROOF = 'vectors/wycheproof/testvectors_v1';

/** Bytes of hex as Wycheproof writes it. */
export function fromVectorHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}
