// SPDX-License-Identifier: Apache-2.0
// A file system that really fills up: a memory disk of some kilobytes, mounted for one process.
import { spawnSync } from 'node:child_process';
import { Child } from './child-process.ts';

/** True where a process may mount a memory disk that only it sees (Linux with user namespaces). */
export const HAS_SMALL_DISKS =
  process.platform === 'linux' &&
  spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;

/** The end of a title that says why its tests are skipped. */
export const REASON_WITHOUT = HAS_SMALL_DISKS
  ? ''
  : ' (skipped: no memory disk can be mounted here)';

/** Runs code in a process that finds an empty disk of so many kilobytes in `folder`. */
export function onSmallDisk(folder: string, kilobytes: number, code: string): Child {
  const mount = `mount -t tmpfs -o size=${kilobytes}k none "$0" && exec "$@"`;
  return new Child(code, ['unshare', '-rm', 'sh', '-c', mount, folder]);
}
