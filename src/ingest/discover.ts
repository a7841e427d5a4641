// SPDX-License-Identifier: Apache-2.0
// Finding the files to ingest. Links may not lead out of the folder; order is fixed.
import type { Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import picomatch from 'picomatch';
import { compareUtf8, fail, holds } from '../core/index.ts';
import type { Discovered, DiscoverOptions } from './source.ts';

/** Ending of the files that carry a document's own permissions. */
export const SIDECAR_ENDING = '.access.yaml';

/**
 * Walks files and folders in a fixed order. Names that begin with a dot are skipped, and so are sidecar files; a folder
 * or file that is given twice is walked once.
 * @throws {SOURCE_MISSING} when a given path does not exist; {USAGE} for an empty glob
 */
export async function* discover(
  paths: readonly string[],
  options: DiscoverOptions,
): AsyncGenerator<Discovered> {
  const include = matcher(options.include ?? ['**']);
  const exclude = matcher(options.exclude ?? []);
  const walked = new Set<string>();
  for (const [i, given] of paths.entries()) {
    const start = path.resolve(given);
    if (walked.has(start)) continue;
    walked.add(start);
    const stats = await stat(start).catch(() => null);
    if (stats === null) {
      throw fail('SOURCE_MISSING', `path ${i + 1} of ${paths.length} to ingest does not exist`);
    }
    const root = await realpath(stats.isDirectory() ? start : path.dirname(start)).catch(
      (error: unknown) => {
        throw fail('SOURCE_UNREADABLE', 'a folder to ingest could not be read', {}, error);
      },
    );
    const walk = stats.isDirectory() ? walkFolder(root, '') : single(root, path.basename(start));
    let isWhole = stats.isDirectory();
    for await (const found of walk) {
      const { uri } = found.kind === 'file' ? found.source : found;
      if (found.kind === 'unread') {
        isWhole = false;
        const error = fail('SOURCE_UNREADABLE', 'a folder could not be read');
        yield { kind: 'refused', uri, error };
      } else if (found.kind !== 'skipped' && (!include(uri) || exclude(uri))) {
        yield { kind: 'skipped', uri, reason: 'excluded' };
      } else yield found;
    }
    if (isWhole) yield { kind: 'folder', root };
  }
}

/** Whether a name matches one of the globs. @throws {USAGE} for an empty one */
export function matcher(globs: readonly string[]): (uri: string) => boolean {
  if (globs.includes('')) throw fail('USAGE', 'a glob of files is empty');
  return picomatch([...globs], { dot: true });
}

/** What walking meets: a path, or a folder that could not be read. */
type Walked =
  | Exclude<Discovered, { readonly kind: 'folder' }>
  | { readonly kind: 'unread'; readonly uri: string };

async function* walkFolder(root: string, prefix: string): AsyncGenerator<Walked> {
  const folder = path.join(root, prefix);
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => null);
  if (entries === null) {
    yield { kind: 'unread', uri: prefix };
    return;
  }
  for (const entry of entries.sort((a, b) => compareUtf8(a.name, b.name))) {
    const uri = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.name.startsWith('.')) yield { kind: 'skipped', uri, reason: 'hidden' };
    else if (entry.isDirectory()) yield* walkFolder(root, uri);
    else yield* single(root, uri);
  }
}

async function* single(root: string, uri: string): AsyncGenerator<Walked> {
  if (uri.endsWith(SIDECAR_ENDING)) return;
  if (!uri.isWellFormed()) {
    // Such a name has no document id: with U+FFFD in its place two names would be one document.
    const error = fail('SOURCE_UNREADABLE', 'the name of a file is not valid Unicode');
    yield { kind: 'refused', uri: uri.toWellFormed(), error };
    return;
  }
  const found = await look(path.join(root, uri));
  if (found === null) {
    const error = fail('SOURCE_UNREADABLE', 'a file has vanished, or a link leads nowhere');
    yield { kind: 'refused', uri, error };
  } else if (!holds('INV-SOURCE-INSIDE', isWithin(root, found.target))) {
    yield { kind: 'refused', uri, error: fail('SOURCE_OUTSIDE', 'a link leads out of the folder') };
  } else if (!found.stats.isFile()) {
    // A linked folder would be walked twice, or for ever; a pipe would never end.
    yield { kind: 'skipped', uri, reason: 'unsupported' };
  } else {
    yield {
      kind: 'file',
      source: { uri, file: found.target, bytes: found.stats.size, root },
    };
  }
}

/** What a path leads to, links resolved; null when it leads nowhere, be it that somebody removes it at this moment. */
export async function look(file: string): Promise<{ target: string; stats: Stats } | null> {
  try {
    const target = await realpath(file);
    return { target, stats: await stat(target) };
  } catch {
    return null;
  }
}

/** True for the folder itself and everything below it; both paths resolved. */
export function isWithin(folder: string, target: string): boolean {
  const relative = path.relative(folder, target);
  return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}
