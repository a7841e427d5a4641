// SPDX-License-Identifier: Apache-2.0
// Replaces the file system and SQLite under the product, which must not be loaded before this is.
import { countFiles, type OnCall } from './counted-files.ts';

let listener: OnCall | null = null;

countFiles((...call) => listener?.(...call));

/** Tells of each call from now on; null: nobody listens. */
export function listen(next: OnCall | null): void {
  listener = next;
}
