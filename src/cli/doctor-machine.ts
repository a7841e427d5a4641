// SPDX-License-Identifier: Apache-2.0
// What `doctor` looks at outside the vault: runtime, disk, home directory, access file.
import { mkdtemp, rm, stat, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isStrongroomError } from '../core/index.ts';
import { readIfPresent } from '../keys/index.ts';
import { readAccessFile } from '../vault/index.ts';
import { type Finding, ok, problem, warning } from './doctor-finding.ts';
import type { Invocation } from './command.ts';
import { bytesText, count } from './text.ts';

/** Free bytes below which a warning is due. */
const LITTLE_SPACE = 1e9;

/** Is Node.js new enough? */
export function checkRuntime(): Promise<Finding[]> {
  return Promise.resolve([runtimeFinding(process.versions.node)]);
}

/** The finding for a version of Node.js. */
export function runtimeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isNew = major > 22 || (major === 22 && minor >= 13);
  const text = `Node.js ${version}, OpenSSL ${process.versions.openssl}`;
  return isNew ? ok('runtime', text) : problem('runtime', `${text}: install 22.13 or newer`);
}

/** Can the vault's disk be written, and is there room? */
export async function checkDisk({ vault: directory }: Invocation<unknown>): Promise<Finding[]> {
  const place = (await isFolder(directory)) ? directory : path.dirname(directory);
  try {
    const { bavail, bsize } = await statfs(place);
    const free = bavail * bsize;
    const probe = await mkdtemp(path.join(place, '.strongroom-doctor-'));
    await writeFile(path.join(probe, 'probe'), 'x', { flush: true });
    await rm(probe, { recursive: true });
    const text = `writable, ${bytesText(free)} free`;
    return [free > LITTLE_SPACE ? ok('disk', text) : warning('disk', `${text}: make room`)];
  } catch {
    return [problem('disk', `${place} cannot be written: check that it exists and whose it is`)];
  }
}

/** Is the directory of keys and trust private? */
export async function checkHome({ home }: Invocation<unknown>): Promise<Finding[]> {
  const stats = await stat(home).catch(() => null);
  if (stats === null) return [warning('home', `${home} does not exist yet: strongroom init`)];
  const isPrivate = process.platform === 'win32' || (stats.mode & 0o077) === 0;
  return [
    isPrivate
      ? ok('home', `${home}, private`)
      : problem('home', `${home} is open to others: chmod 700 ${home}`),
  ];
}

/** Is there a valid access file? */
export async function checkAccessFile(invocation: Invocation<unknown>): Promise<Finding[]> {
  const file = invocation.accessFile();
  try {
    if ((await readIfPresent(file)) === null) {
      return [warning('access file', `none at ${file}: strongroom init writes one`)];
    }
    const { directory, rules, default: rule } = await readAccessFile(file);
    const people = count(directory.length, 'person', 'people');
    return [ok('access file', `${people}, ${count(rules.length, 'rule')}, default ${rule}`)];
  } catch (error) {
    const text = isStrongroomError(error) ? error.message : 'unreadable';
    return [problem('access file', `${file}: ${text}`)];
  }
}

async function isFolder(directory: string): Promise<boolean> {
  return (await stat(directory).catch(() => null))?.isDirectory() ?? false;
}
