// SPDX-License-Identifier: Apache-2.0
// Loads sources with a planted bug, and notes which files of src/ a run has loaded.
import { registerHooks } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PlantedBug } from './planted.ts';
import { remembering } from './remembered.ts';

const SRC = path.resolve(import.meta.dirname, '..', '..', 'src');

/** Watches the loading of modules from now on. @returns the files of src/ that were loaded, as they come */
export function watchLoading(bug: PlantedBug | null): ReadonlySet<string> {
  const loaded = new Set<string>();
  registerHooks({
    load(url, context, nextLoad) {
      const result = nextLoad(url, context);
      const file = url.startsWith('file:') ? path.relative(SRC, fileURLToPath(url)) : '..';
      if (file.startsWith('..')) return result;
      loaded.add(file);
      const edits = bug?.edits.filter((edit) => edit.file === file) ?? [];
      const source = edits.reduce(edited, textOf(result.source));
      return { ...result, source: remembering(file, source) };
    },
  });
  return loaded;
}

function edited(source: string, { file, find, replace }: PlantedBug['edits'][number]): string {
  const parts = source.split(find);
  if (parts.length !== 2)
    throw new Error(`${file} holds the place of a planted bug ${parts.length - 1} times`);
  return parts.join(replace);
}

function textOf(source: unknown): string {
  if (typeof source === 'string') return source;
  return Buffer.from(source as Uint8Array).toString();
}
