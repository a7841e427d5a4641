// SPDX-License-Identifier: Apache-2.0
// Finding the files to ingest. Links may not lead out of the folder; order is fixed.
import type { Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import picomatch from 'picomatch';
import { compareUtf8, fail, holds, type StrongroomError } from '../core/index.ts';

/** Ending of the files that carry a document's own permissions. */
export const SIDECAR_ENDING = '.access.yaml';

/** A file that was found. */
export interface SourceFile {
  /** Path below the ingested folder, `/`-separated: the document's name. */
  readonly uri: string;
  /** Where the file lies. */
  readonly file: string;
  readonly bytes: number;
  /** The folder that was ingested, resolved: documents of one folder are pruned together. */
  readonly root: string;
}

/** What discovery gives: a file, or why a path is none. */
export type Discovered =
  | { readonly kind: 'file'; readonly source: SourceFile }
  | { readonly kind: 'skipped'; readonly uri: string; readonly reason: SkipReason }
  | { readonly kind: 'refused'; readonly uri: string; readonly error: StrongroomError }
  /** A given folder of which every part could be read: what did not come before is not in it. */
  | { readonly kind: 'folder'; readonly root: string };

/** Dot files; files that the globs leave out; linked folders, pipes, sockets and devices. */
export type SkipReason = 'hidden' | 'excluded' | 'unsupported';

/** Which files to take. */
export interface DiscoverOptions {
  /** Globs on the path below the folder; default: everything. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
}

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

function matcher(globs: readonly string[]): (uri: string) => boolean {
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
