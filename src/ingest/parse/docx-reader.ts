// SPDX-License-Identifier: Apache-2.0
// Word documents by way of HTML. Runs in a thread of its own.
import mammoth from 'mammoth';
import { fromUtf8 } from '../../core/index.ts';
import { Tally } from '../../guard/index.ts';
import type { IsolatedReading } from './isolated.ts';
import { unzipChecked } from './zip-check.ts';

/** Largest sum of all parts when unpacked; pictures count. */
const MAX_UNPACKED = 256 * 2 ** 20;

const BODY = 'word/document.xml';
// Hidden by its format, or white: ECMA-376 part 1, 17.3.2.41 and 17.3.2.6.
const HIDDEN = /<w:vanish(?:\s+w:val="(?:true|1|on)")?\s*\/>|<w:color\b[^>]*\bw:val="[fF]{6}"/g;
const DELETED = /<w:(?:del|moveFrom)\s/g;
const TITLE = /<dc:title>([^<]{1,1000})<\/dc:title>/;

/**
 * Reads a document's visible structure: headings, paragraphs, lists, tables, notes. Pictures are left out. Text that its
 * format hides is part of it, as copying shows it, and is counted.
 * @throws {SOURCE_TOO_LARGE} {@link SOURCE_MALFORMED}
 */
export async function readDocx(bytes: Uint8Array, maxBytes: number): Promise<IsolatedReading> {
  const wanted = new Set([BODY, 'docProps/core.xml']);
  const parts = unzipChecked(bytes, Math.max(maxBytes, MAX_UNPACKED), (name) => wanted.has(name));
  const findings = new Tally();
  const body = textOf(parts.get(BODY));
  findings.add('docx-hidden', count(body, HIDDEN));
  findings.add('docx-deleted', count(body, DELETED));
  const { value: html } = await mammoth.convertToHtml(
    { buffer: Buffer.from(bytes) },
    {
      // Nothing is read from beside the document, no picture becomes text, no style map of its own is followed.
      externalFileAccess: false,
      includeEmbeddedStyleMap: false,
      convertImage: mammoth.images.imgElement(() => Promise.resolve({ src: '' })),
    },
  );
  const title = TITLE.exec(textOf(parts.get('docProps/core.xml')))?.[1] ?? null;
  return { title: title === null ? null : unescaped(title), html, findings: findings.findings() };
}

function textOf(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return '';
  try {
    return fromUtf8(bytes);
  } catch {
    // The library may know the encoding; for what is looked at here, letters are enough.
    return new TextDecoder('latin1').decode(bytes);
  }
}

function count(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].length;
}

function unescaped(text: string): string {
  const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'" };
  const named = text.replace(/&(lt|gt|quot|apos);/g, (_, name: string) => entities[name] ?? '');
  return named.replaceAll('&amp;', '&');
}
