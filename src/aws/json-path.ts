// SPDX-License-Identifier: Apache-2.0
// Places in JSON: the part of RFC 9535 (JSONPath) that payloads of models need: `$`, `.name`, `['name']`, `[n]`, `[*]`.
import { fail } from '../core/index.ts';

/** One step: a member, an element, or all elements. */
type Step = { readonly member: string } | number | typeof ALL;

const STEP = /\.([A-Za-z_][A-Za-z0-9_]*)|\['([^'\\\]]+)'\]|\[(\d{1,6})\]|\[(\*)\]/y;
const ALL = '[*]';

/** A parsed path. */
export interface JsonPath {
  readonly steps: readonly Step[];
}

/** Parses a path. @throws {USAGE} for one that is none, or uses more than the forms above */
export function jsonPath(text: string): JsonPath {
  const steps: Step[] = [];
  STEP.lastIndex = 1;
  if (!text.startsWith('$')) throw wrong();
  while (STEP.lastIndex < text.length) {
    const match = STEP.exec(text);
    if (match === null) throw wrong();
    const [, name, quoted, index, all] = match;
    const member = name ?? quoted;
    if (member === '__proto__') throw wrong();
    if (member !== undefined) steps.push({ member });
    else steps.push(all === undefined ? Number(index) : ALL);
  }
  return { steps };
}

/** What stands at a path, every element of `[*]` by itself; null when something is missing. */
export function valuesAt(value: unknown, { steps }: JsonPath): readonly unknown[] | null {
  let found: unknown[] = [value];
  for (const step of steps) {
    const next: unknown[] = [];
    for (const each of found) {
      if (step === ALL) {
        if (!Array.isArray(each)) return null;
        next.push(...(each as unknown[]));
      } else {
        const name = typeof step === 'number' ? step : step.member;
        if (!isHolder(each) || !Object.hasOwn(each, name)) return null;
        next.push((each as Record<string, unknown>)[name]);
      }
    }
    found = next;
  }
  return found;
}

/** A copy of JSON with a value put at a path, whose members are made where they are missing. @throws {USAGE} for `[*]` */
export function withValueAt(json: unknown, { steps }: JsonPath, value: unknown): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  if (step === ALL) throw wrong();
  const inner = { steps: rest };
  if (typeof step === 'number') {
    const list: unknown[] = Array.isArray(json) ? [...(json as unknown[])] : [];
    list[step] = withValueAt(list[step], inner, value);
    return list;
  }
  const object = isHolder(json) && !Array.isArray(json) ? (json as Record<string, unknown>) : {};
  const { member } = step;
  const present = Object.hasOwn(object, member) ? object[member] : undefined;
  return { ...object, [member]: withValueAt(present, inner, value) };
}

function isHolder(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function wrong(): Error {
  return fail('USAGE', "a path is made of $, .name, ['name'], [n] and, to read by, [*]");
}
