// SPDX-License-Identifier: Apache-2.0
// YAML as people write permissions: maps with plain names as keys, lists and scalars, no tags. Documents bring such texts
// along, so none of them may cost more than reading it.
import {
  type Document,
  isCollection,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { fail } from '../core/index.ts';

/** Deepest nesting of a text; access files need 5 levels. */
const MAX_DEPTH = 16;
/** Aliases may repeat this many nodes in all. */
const MAX_ALIASES = 100;

/** A text that was read as one YAML document. */
export interface YamlText {
  readonly document: Document;
  /** The document as plain data. */
  readonly value: unknown;
  /** The line of the nearest node on a path, or null. */
  readonly lineOf: LineOf;
}

/** Finds the line of a field; of one that is absent, the line of what should hold it. */
export type LineOf = (path: readonly PropertyKey[]) => number | null;

/**
 * Reads a text.
 * @throws {ACCESS_INVALID} naming the line, when it is not YAML, or has tags, other keys than distinct
 *   scalars, or too much of nesting or aliases
 */
export function readYaml(text: string): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    schema: 'core',
    uniqueKeys: true,
    logLevel: 'error',
  });
  // An unknown tag is a warning to the library; here nobody may think that it means something.
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const [message = 'is not YAML'] = problem.message.split('\n');
    throw invalid(message, problem.linePos?.[0].line ?? null);
  }
  refuseOddNodes(document.contents, lines);
  const lineOf: LineOf = (path) => nearestLine(document, lines, path);
  return { document, value: plainValue(document, lines), lineOf };
}

/** The error of a text: what is wrong, and where. */
export function invalid(
  problem: string,
  line: number | null,
  path: readonly PropertyKey[] = [],
): Error {
  const field = path.map(String).join('.');
  const where = line === null ? '' : `line ${line}: `;
  return fail('ACCESS_INVALID', `${where}${field === '' ? 'the access file' : field} ${problem}`, {
    line,
  });
}

/** Turning nested keys into texts takes the library time that grows exponentially; nobody needs them. */
function refuseOddNodes(root: Node | null, lines: LineCounter): void {
  const open: [unknown, number][] = [[root, 0]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [node, depth] = next;
    if (!isCollection(node)) continue;
    if (depth === MAX_DEPTH) throw invalid('is nested too deeply', lineAt(node, lines));
    if (isMap(node)) {
      refuseOddKeys(node, lines);
      for (const { value } of node.items) open.push([value, depth + 1]);
    } else {
      for (const item of node.items) open.push([item, depth + 1]);
    }
  }
}

/** `7` and `"7"` are two keys of YAML and one of the data; `__proto__` is one that objects do not keep. */
function refuseOddKeys(map: YAMLMap, lines: LineCounter): void {
  const seen = new Set(['__proto__']);
  for (const { key } of map.items) {
    if (!isScalar(key)) throw invalid('has a key that is no plain name', lineAt(map, lines));
    const name = String(key.value);
    if (seen.has(name)) throw invalid('has a key twice, or __proto__', lineAt(key, lines));
    seen.add(name);
  }
}

function plainValue(document: Document, lines: LineCounter): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch {
    const line = lineAt(document.contents, lines);
    throw invalid('has aliases that lead nowhere, or too many', line);
  }
}

function nearestLine(
  document: Document,
  lines: LineCounter,
  path: readonly PropertyKey[],
): number | null {
  for (let length = path.length; length > 0; length--) {
    const line = lineAt(document.getIn(path.slice(0, length), true), lines);
    if (line !== null) return line;
  }
  return lineAt(document.contents, lines);
}

function lineAt(node: unknown, lines: LineCounter): number | null {
  const start = isNode(node) ? node.range?.[0] : undefined;
  return start === undefined ? null : lines.linePos(start).line;
}
