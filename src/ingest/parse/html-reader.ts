// SPDX-License-Identifier: Apache-2.0
import { type DefaultTreeAdapterTypes, defaultTreeAdapter, html, Parser } from 'parse5';
import { fail } from '../../core/index.ts';
import type { Draft } from './draft.ts';
import { hidingOf, UNDRAWN } from './html-hiding.ts';
import { TextLocator } from './html-source.ts';
import { HtmlWriter } from './html-writer.ts';
import type { Pace } from './pace.ts';

type Node = DefaultTreeAdapterTypes.ChildNode;
type Element = DefaultTreeAdapterTypes.Element;
type TextNode = DefaultTreeAdapterTypes.TextNode;
type ParentNode = DefaultTreeAdapterTypes.ParentNode;

/** Largest HTML in UTF-16 units: attributes take up to two hundred times the memory of their source. */
export const MAX_HTML_LENGTH = 16 * 1024 * 1024;

/**
 * Refuses HTML too long to be taken apart.
 * @throws {SOURCE_TOO_LARGE} when it is longer than the limit
 */
export function requireHtmlLength(length: number): void {
  if (length <= MAX_HTML_LENGTH) return;
  throw fail('SOURCE_TOO_LARGE', 'the HTML of a file is longer than the limit', {
    limit: MAX_HTML_LENGTH,
  });
}

// Nodes of a tree. Unclosed formatting elements can make far more of them than the source has tags.
const MAX_HTML_NODES = 2 ** 20;

// How much the tokenizer is given between two looks at the clock.
const CHUNK = 64 * 1024;

/** What is read of HTML, and where it goes. */
export interface HtmlReading {
  readonly draft: Draft;
  readonly pace: Pace;
  /** The whole decoded source. */
  readonly source: string;
}

/**
 * Reads a range of the source as HTML and writes what a browser would show of it into the draft; what is hidden goes
 * into the draft's findings. The tree is built by the rules of the HTML standard, and walked without recursion.
 * @returns the text of the title element, if there is one
 * @throws {SOURCE_TOO_LARGE} when the HTML is too long, or its tree has too many nodes
 */
export async function readHtml(
  reading: HtmlReading,
  range: { readonly start: number; readonly end: number },
  form: 'document' | 'fragment',
): Promise<string | null> {
  requireHtmlLength(range.end - range.start);
  const root = await treeOf(reading, range, form);
  const walk = new Walk(reading, range.start);
  const path: { readonly node: ParentNode; next: number }[] = [{ node: root, next: 0 }];
  for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
    const child = step.node.childNodes[step.next++];
    if (child === undefined) {
      path.pop();
      if (path.length > 0) walk.leave(step.node as Element);
    } else if (walk.visit(child)) {
      path.push({ node: child as Element, next: 0 });
    }
    if (reading.pace.spend(1)) await reading.pace.rest();
  }
  walk.end();
  return walk.title;
}

async function treeOf(
  { source, pace }: HtmlReading,
  range: { readonly start: number; readonly end: number },
  form: 'document' | 'fragment',
): Promise<ParentNode> {
  let nodes = 0;
  const count = <T>(node: T): T => {
    if (++nodes > MAX_HTML_NODES) {
      throw fail('SOURCE_TOO_LARGE', 'the markup of a file makes too many elements', {
        limit: MAX_HTML_NODES,
      });
    }
    return node;
  };
  const options = {
    sourceCodeLocationInfo: true,
    treeAdapter: {
      ...defaultTreeAdapter,
      createElement: (...facts: Parameters<typeof defaultTreeAdapter.createElement>) =>
        count(defaultTreeAdapter.createElement(...facts)),
      createCommentNode: (data: string) => count(defaultTreeAdapter.createCommentNode(data)),
    },
  };
  const parser =
    form === 'document' ? new Parser(options) : Parser.getFragmentParser(null, options);
  for (let at = range.start; at < range.end || at === range.start; at += CHUNK) {
    const end = Math.min(at + CHUNK, range.end);
    parser.tokenizer.write(source.slice(at, end), end === range.end);
    if (pace.spend(end - at)) await pace.rest();
  }
  return form === 'document' ? parser.document : parser.getFragment();
}

/** Tells a writer what stands in a tree, node by node in document order. */
class Walk {
  readonly #draft: Draft;
  readonly #writer: HtmlWriter;
  readonly #locator: TextLocator;
  /** Offset of the parsed range in the source. */
  readonly #offset: number;
  /** The first title of the document. */
  title: string | null = null;

  constructor({ draft, source }: HtmlReading, offset: number) {
    this.#draft = draft;
    this.#writer = new HtmlWriter(draft);
    this.#locator = new TextLocator(source);
    this.#offset = offset;
  }

  /** @returns true when the node is an element to go into */
  visit(node: Node): boolean {
    if ('tagName' in node) return this.#enter(node);
    if (isText(node)) this.#text(node);
    else if (node.nodeName === '#comment') this.#draft.findings.add('html-comment');
    return false;
  }

  leave(element: Element): void {
    this.#writer.exit(element.tagName);
  }

  end(): void {
    this.#writer.end();
  }

  #enter(element: Element): boolean {
    const name = element.tagName;
    if (UNDRAWN.has(name)) {
      if (name === 'title' && element.namespaceURI === html.NS.HTML) {
        this.title ??= textsOf(element).join('');
      }
      return false;
    }
    const hiding = hidingOf(name, element.attrs);
    if (hiding !== null) {
      if (textsOf(element).some((text) => /\S/.test(text))) this.#draft.findings.add(hiding);
      return false;
    }
    this.#writer.enter(name, name === 'ol' ? firstNumber(element) : 1);
    if (name === 'img') this.#alternative(element);
    return true;
  }

  #alternative(image: Element): void {
    const text = image.attrs.find((attribute) => attribute.name === 'alt')?.value ?? '';
    const location = image.sourceCodeLocation?.attrs?.['alt'] ?? image.sourceCodeLocation;
    const from = this.#offset + (location?.startOffset ?? 0);
    const to = this.#offset + (location?.endOffset ?? 0);
    this.#writer.text({ text, from, to, isExact: false });
  }

  #text(node: TextNode): void {
    const location = node.sourceCodeLocation;
    const from = this.#offset + (location?.startOffset ?? 0);
    const to = this.#offset + (location?.endOffset ?? 0);
    for (const piece of this.#locator.locate(node.value, from, to)) this.#writer.text(piece);
  }
}

function firstNumber(list: Element): number {
  const start = list.attrs.find((attribute) => attribute.name === 'start')?.value ?? '';
  return /^-?[0-9]{1,9}$/.test(start) ? Number(start) : 1;
}

function isText(node: Node): node is TextNode {
  return node.nodeName === '#text';
}

/** The texts inside an element, drawn or not, in no particular order. */
function textsOf(element: Element): readonly string[] {
  const texts: string[] = [];
  const open: Node[] = [element];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (isText(node)) texts.push(node.value);
    else if ('childNodes' in node) for (const child of node.childNodes) open.push(child);
  }
  return texts;
}
