// SPDX-License-Identifier: Apache-2.0
// Changing an access file as a person would: comments and order stay.
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type Node, YAMLSeq } from 'yaml';
import { fail, isStrongroomError } from '../core/index.ts';
import { type AccessRule, parseAccessFile } from './access-file.ts';
import { readYaml } from './yaml-text.ts';

/** What to set for a person; absent fields stay as they are. */
export interface PersonEdit {
  readonly clearance?: number;
  readonly actions?: readonly string[] | 'all';
  /** Exactly the groups that the person shall be a direct member of. */
  readonly groups?: readonly string[];
  /** Take the person out of the file. */
  readonly remove?: boolean;
}

/**
 * Puts a rule before all others, replacing rules of the same path.
 * @returns the new text of the file, checked
 * @throws {ACCESS_INVALID} when the file would not be valid
 */
export function withRule(text: string, rule: AccessRule): string {
  return edited(text, (document) => {
    const rules = ownNode(document, ['rules']);
    const list = isSeq(rules) ? rules : new YAMLSeq();
    if (list !== rules) document.set('rules', list);
    list.items = list.items.filter((item) => pathOf(document, item) !== rule.path);
    if (list.items.length === 0) list.flow = false;
    list.items.unshift(document.createNode(rule));
  });
}

/**
 * Changes one person and his direct memberships.
 * @returns the new text of the file, checked
 * @throws {ACCESS_INVALID} when the file would not be valid
 */
export function withPerson(text: string, name: string, edit: PersonEdit): string {
  return edited(text, (document) => {
    if (edit.remove === true) {
      document.deleteIn(['people', name]);
      setGroups(document, name, []);
      return;
    }
    if (!isMap(ownNode(document, ['people', name]))) {
      document.setIn(['people', name], document.createNode({}));
    }
    if (edit.clearance !== undefined) document.setIn(['people', name, 'clearance'], edit.clearance);
    if (edit.actions !== undefined) document.setIn(['people', name, 'actions'], edit.actions);
    if (edit.groups !== undefined) setGroups(document, name, edit.groups);
  });
}

function setGroups(document: Document, name: string, groups: readonly string[]): void {
  const present = ownNode(document, ['groups']);
  const known = isMap(present) ? present.items.map((pair) => String(pair.key)) : [];
  for (const group of new Set([...known, ...groups])) {
    const members = ownNode(document, ['groups', group]);
    if (!isSeq(members)) {
      if (!groups.includes(group)) continue;
      document.setIn(['groups', group], document.createNode([name], { flow: true }));
      continue;
    }
    const others = members.items.filter((item) => wordOf(document, item) !== name);
    const wasMember = others.length < members.items.length;
    if (wasMember === groups.includes(group)) continue;
    members.items = wasMember ? others : [...members.items, document.createNode(name)];
  }
}

/** The node at a path; one that is an alias becomes a copy first, so that a change does not reach its other places. */
function ownNode(document: Document, path: readonly string[]): unknown {
  const node: unknown = document.getIn(path, true);
  if (!isAlias(node)) return node;
  const copy = resolved(document, node)?.clone() as Node | undefined;
  if (copy === undefined) return node;
  if (!isAlias(copy)) delete copy.anchor;
  document.setIn(path, copy);
  return copy;
}

function resolved(document: Document, node: unknown): Node | undefined {
  if (isAlias(node)) return node.resolve(document);
  return isNode(node) ? node : undefined;
}

function pathOf(document: Document, item: unknown): unknown {
  const rule = resolved(document, item);
  return isMap(rule) ? wordOf(document, rule.get('path', true)) : undefined;
}

function wordOf(document: Document, item: unknown): unknown {
  const word = resolved(document, item);
  return isScalar(word) ? word.value : undefined;
}

function edited(text: string, change: (document: Document) => void): string {
  const { document } = readYaml(text);
  let changed: string;
  try {
    change(document);
    changed = document.toString({ lineWidth: 100 });
  } catch (error) {
    if (isStrongroomError(error)) throw error;
    // A list where a map should be, or an alias of something that was removed.
    throw fail('ACCESS_INVALID', 'the access file has a form that cannot be edited', {}, error);
  }
  parseAccessFile(changed);
  return changed;
}
