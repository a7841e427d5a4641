// SPDX-License-Identifier: Apache-2.0
import { discover } from './discover.ts';
import { readSource } from './read-source.ts';
import type { DocumentSource } from './source.ts';

/** Files and folders of this machine. */
export function fileSource(paths: readonly string[]): DocumentSource {
  return {
    kind: 'file',
    namespace: 'files',
    isCountedFirst: true,
    discover: (options) => discover(paths, options),
    read: readSource,
  };
}
