// SPDX-License-Identifier: Apache-2.0
// Books (EPUB 3.3 and 2.0.1) into their chapters in reading order. Runs in a thread of its own.
import path from 'node:path';
import { fail } from '../../core/index.ts';
import type { IsolatedPart, IsolatedReading } from './isolated.ts';
import { readXml } from './xml-tokens.ts';
import { unzipChecked } from './zip-check.ts';

/** Largest sum of all parts when unpacked; pictures count. */
const MAX_UNPACKED = 256 * 2 ** 20;

const CONTAINER = 'META-INF/container.xml';
const XHTML = new Set(['application/xhtml+xml', 'text/html']);
const TEXT = /\.(?:opf|x?html?|xml)$/i;

/** What the package document says: OPF, "The package document". */
interface PackageDocument {
  readonly title: string | null;
  /** Chapters in reading order, by their names inside the package. */
  readonly chapters: readonly string[];
}

/**
 * Reads the chapters of a book, each as XHTML; pictures, styles and scripts stay behind.
 * @throws {SOURCE_TOO_LARGE} {@link SOURCE_MALFORMED} {@link SOURCE_EMPTY}
 */
export function readEpub(bytes: Uint8Array, maxBytes: number): IsolatedReading {
  const most = Math.max(maxBytes, MAX_UNPACKED);
  const parts = unzipChecked(bytes, most, (name) => name === CONTAINER || TEXT.test(name));
  const place = packagePlace(textOf(parts, CONTAINER));
  const { title, chapters } = packageDocument(textOf(parts, place));
  const folder = path.posix.dirname(place);
  const found = chapters.flatMap((href): IsolatedPart[] => {
    const bytes = parts.get(path.posix.join(folder, href));
    if (bytes === undefined) return [];
    return [{ name: href, mediaType: 'text/html', bytes: withoutDeclaration(bytes) }];
  });
  if (found.length === 0) throw fail('SOURCE_EMPTY', 'a book holds no chapter');
  return { title, parts: found, findings: [] };
}

/** HTML would take the declaration of XML for a comment. */
function withoutDeclaration(bytes: Uint8Array): Uint8Array {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 256));
  const declaration = /^(?:\u00ef\u00bb\u00bf)?\s*<\?xml[^>]*\?>/.exec(head);
  return declaration === null ? bytes : bytes.subarray(declaration[0].length);
}

/** Where the package document stands: the first rendition, as readers take it. */
function packagePlace(container: string): string {
  const places: string[] = [];
  readXml(container, {
    open(name, attributes) {
      if (name === 'rootfile') places.push(attributes.get('full-path') ?? '');
    },
    close: () => undefined,
    text: () => undefined,
  });
  const [place] = places;
  if (place !== undefined) return place;
  throw fail('SOURCE_MALFORMED', 'a book does not say where its content is');
}

function packageDocument(opf: string): PackageDocument {
  const items = new Map<string, string>();
  const chapters: string[] = [];
  let title = '';
  let isTitle = false;
  let titles = 0;
  readXml(opf, {
    open(tag, attributes) {
      const name = withoutPrefix(tag);
      const value = (key: string): string => attributes.get(key) ?? '';
      if (name === 'title') isTitle = ++titles === 1;
      if (name === 'item' && XHTML.has(value('media-type'))) items.set(value('id'), value('href'));
      const chapter = name === 'itemref' ? items.get(value('idref')) : undefined;
      if (chapter !== undefined) chapters.push(hrefOf(chapter));
    },
    close(tag) {
      if (withoutPrefix(tag) === 'title') isTitle = false;
    },
    text(text) {
      if (isTitle) title += text;
    },
  });
  return { title: title.trim() === '' ? null : title.trim(), chapters: [...new Set(chapters)] };
}

function withoutPrefix(tag: string): string {
  return tag.slice(tag.indexOf(':') + 1);
}

/** A relative address without its fragment; characters escaped in it are those of the file's name. */
function hrefOf(address: string): string {
  const [file = ''] = address.split('#');
  try {
    return decodeURIComponent(file);
  } catch {
    return file;
  }
}

/** @throws {SOURCE_MALFORMED} when a part is missing */
function textOf(parts: ReadonlyMap<string, Uint8Array>, name: string): string {
  const bytes = parts.get(name);
  if (bytes === undefined) throw fail('SOURCE_MALFORMED', 'a book lacks a part that it needs');
  return new TextDecoder().decode(bytes);
}
