// SPDX-License-Identifier: Apache-2.0
import { csvLoader } from './csv.ts';
import type { Loader, Source } from './document.ts';
import { docxLoader, mailLoader, pdfLoader } from './foreign.ts';
import { htmlLoader } from './html.ts';
import { jsonLinesLoader, jsonLoader } from './json.ts';
import { markdownLoader } from './markdown.ts';
import { epubLoader, odtLoader } from './open-formats.ts';
import { plainTextLoader } from './plain-text.ts';
import { codeLoader } from './source-code.ts';

/** Every loader, in the order in which they are asked. */
export const LOADERS: readonly Loader[] = [
  markdownLoader,
  htmlLoader,
  plainTextLoader,
  jsonLoader,
  jsonLinesLoader,
  csvLoader,
  codeLoader,
  pdfLoader,
  docxLoader,
  epubLoader,
  odtLoader,
  mailLoader((source) => loaderFor(source)),
];

// Enough to see how a file starts.
const SNIFFED_BYTES = 1024;

/**
 * The loader for a source: by its media type, else by the extension of its name. Files without extension (LICENSE,
 * README, CHANGELOG) are HTML when they start like it, else plain text.
 * @param own loaders that are asked before the built-in ones
 * @returns null when the type or extension is none that can be read
 */
export function loaderFor(source: Source, own: readonly Loader[] = []): Loader | null {
  const all = [...own, ...LOADERS];
  const named = source.mediaType === undefined ? null : mediaType(source.mediaType);
  const byType = named === null ? undefined : all.find((loader) => loader.matches(named));
  if (byType !== undefined) return byType;
  const extension = extensionOf(source.uri);
  if (extension === null) return sniffed(source.bytes);
  return all.find((loader) => loader.matches(extension)) ?? null;
}

function mediaType(value: string): string {
  return (value.split(';')[0] as string).trim().toLowerCase();
}

/** Lower-case extension of the last path segment; null when it has none. A leading dot starts no extension. */
function extensionOf(uri: string): string | null {
  const path = /^[a-z][a-z0-9+.-]+:/i.test(uri) ? uri.replace(/[?#].*$/s, '') : uri;
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  const dot = name.lastIndexOf('.');
  return dot > 0 && dot < name.length - 1 ? name.slice(dot + 1).toLowerCase() : null;
}

function sniffed(bytes: Uint8Array): Loader {
  const head = new TextDecoder().decode(bytes.subarray(0, SNIFFED_BYTES));
  return /^\s*<(?:!doctype html|html)\b/i.test(head) ? htmlLoader : plainTextLoader;
}
