// SPDX-License-Identifier: Apache-2.0
// OpenDocument texts (ODF 1.3 part 3) by way of HTML. Runs in a thread of its own.
import { fail } from '../../core/index.ts';
import { Tally } from '../../guard/index.ts';
import type { IsolatedReading } from './isolated.ts';
import { readXml, type XmlHandler } from './xml-tokens.ts';
import { unzipChecked } from './zip-check.ts';

/** Largest sum of all parts when unpacked; pictures count. */
const MAX_UNPACKED = 256 * 2 ** 20;

/** Spaces that one element may stand for. */
const MAX_SPACES = 100;

/** Elements of HTML that mean the same. */
const MEANS: Readonly<Record<string, string>> = {
  'text:p': 'p',
  'text:list': 'ul',
  'text:list-item': 'li',
  'text:list-header': 'li',
  'table:table': 'table',
  'table:table-row': 'tr',
  'table:table-cell': 'td',
};

/** Elements that are no part of the text: what was deleted, comments, field declarations, pictures' data. */
const LEFT_OUT = new Set([
  'text:tracked-changes',
  'office:annotation',
  'text:sequence-decls',
  'text:variable-decls',
  'office:forms',
  'office:binary-data',
  'text:note-citation',
]);

/**
 * Reads a document's headings, paragraphs, lists, tables and notes. Text that its format hides is part of it, as copying shows
 * it, and is counted.
 * @throws {SOURCE_TOO_LARGE} {@link SOURCE_MALFORMED}
 */
export function readOdt(bytes: Uint8Array, maxBytes: number): IsolatedReading {
  const wanted = new Set(['content.xml', 'styles.xml', 'meta.xml']);
  const parts = unzipChecked(bytes, Math.max(maxBytes, MAX_UNPACKED), (name) => wanted.has(name));
  const text = (name: string): string => new TextDecoder().decode(parts.get(name));
  if (!parts.has('content.xml')) throw fail('SOURCE_MALFORMED', 'a document lacks its content');
  const hidden = new Set([
    ...hiddenStyles(text('styles.xml')),
    ...hiddenStyles(text('content.xml')),
  ]);
  const writer = new HtmlOfOdt(hidden);
  readXml(text('content.xml'), writer);
  return {
    title: titleOf(text('meta.xml')),
    html: writer.html(),
    findings: writer.findings.findings(),
  };
}

/** Names of the styles whose text is not displayed. */
function hiddenStyles(xml: string): string[] {
  const names: string[] = [];
  let style = '';
  readXml(xml, {
    open(name, attributes) {
      if (name === 'style:style') style = attributes.get('style:name') ?? '';
      const isHidden = attributes.get('text:display') === 'none';
      if (name === 'style:text-properties' && isHidden && style !== '') names.push(style);
    },
    close: () => undefined,
    text: () => undefined,
  });
  return names;
}

function titleOf(xml: string): string | null {
  let title: string | null = null;
  let isTitle = false;
  readXml(xml, {
    open: (name) => {
      isTitle = name === 'dc:title';
    },
    close: () => {
      isTitle = false;
    },
    text: (text) => {
      if (isTitle) title = (title ?? '') + text;
    },
  });
  return title;
}

/** Writes the body of a document as HTML. */
class HtmlOfOdt implements XmlHandler {
  readonly findings = new Tally();
  readonly #hidden: ReadonlySet<string>;
  readonly #out: string[] = [];
  #inBody = false;
  /** How deep in elements that are left out. */
  #leftOut = 0;
  /** Levels of the headings that are open. */
  readonly #levels: number[] = [];

  constructor(hidden: ReadonlySet<string>) {
    this.#hidden = hidden;
  }

  html(): string {
    return `<!doctype html><body>${this.#out.join('')}</body>`;
  }

  open(name: string, attributes: ReadonlyMap<string, string>): void {
    if (name === 'office:body') this.#inBody = true;
    if (!this.#inBody) return;
    if (name === 'text:changed-region' || name === 'office:annotation') {
      this.findings.add('odt-deleted', 1);
    }
    if (LEFT_OUT.has(name)) this.#leftOut += 1;
    if (this.#leftOut > 0) return;
    if (this.#isHidden(name, attributes)) this.findings.add('odt-hidden', 1);
    if (name === 'text:h') {
      const level = Number(attributes.get('text:outline-level') ?? 1);
      this.#levels.push(level >= 1 && level <= 6 ? Math.trunc(level) : 6);
      this.#out.push(`<h${String(this.#levels.at(-1))}>`);
    } else if (name === 'text:s') {
      const spaces = Number(attributes.get('text:c') ?? 1);
      this.#out.push(' '.repeat(spaces >= 1 ? Math.min(MAX_SPACES, Math.trunc(spaces)) : 1));
    } else if (name === 'text:tab') this.#out.push(' ');
    else if (name === 'text:line-break') this.#out.push('<br>');
    else if (name === 'text:note-body') this.#out.push(' (');
    else if (Object.hasOwn(MEANS, name)) this.#out.push(`<${MEANS[name] as string}>`);
  }

  close(name: string): void {
    if (name === 'office:body') this.#inBody = false;
    if (!this.#inBody) return;
    const isOut = this.#leftOut > 0;
    if (LEFT_OUT.has(name)) this.#leftOut = Math.max(0, this.#leftOut - 1);
    if (isOut) return;
    if (name === 'text:h') this.#out.push(`</h${String(this.#levels.pop() ?? 6)}>`);
    else if (name === 'text:note-body') this.#out.push(') ');
    else if (Object.hasOwn(MEANS, name)) this.#out.push(`</${MEANS[name] as string}>`);
  }

  text(text: string): void {
    if (!this.#inBody || this.#leftOut > 0) return;
    this.#out.push(text.replaceAll('&', '&amp;').replaceAll('<', '&lt;'));
  }

  #isHidden(name: string, attributes: ReadonlyMap<string, string>): boolean {
    if (name === 'text:hidden-text' || name === 'text:hidden-paragraph') return true;
    const style = attributes.get('text:style-name');
    return style !== undefined && this.#hidden.has(style);
  }
}
