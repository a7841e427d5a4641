// SPDX-License-Identifier: Apache-2.0
// Changes of the structure of JSON: fields dropped, added, swapped, values of another type, deep nesting. The result is
// mostly in canonical form again, for only that gets past the first check of most parsers.
import type { Dice } from './dice.ts';
import type { Material } from './mutate.ts';

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
type Container = Json[] | { [key: string]: Json };

const STRANGE: readonly (() => Json)[] = [
  () => null,
  () => true,
  () => '',
  () => 'x'.repeat(300),
  () => '\ud800',
  () => 0,
  () => -1,
  () => 1.5,
  () => 1,
  () => 9_007_199_254_740_991,
  () => 1e300,
  () => [],
  () => ({}),
  () => [[]],
  () => '0'.repeat(64),
  () => 'AAAA',
  () => 'everyone',
  () => JSON.parse('{"__proto__":1}') as Json,
  () => nested(17),
  () => nested(500),
];

/** A value inside JSON, with what holds it. */
interface Place {
  readonly holder: Container;
  readonly key: string | number;
}

/** A copy of JSON bytes with some changes; null when they are none, or nested too deeply to work on. */
export function mutateJson(
  input: Uint8Array,
  material: Material,
  changes: number,
): Uint8Array | null {
  try {
    return changed(input, material, changes);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function changed(input: Uint8Array, material: Material, changes: number): Uint8Array | null {
  const { dice, tokens, corpus } = material;
  const value = parsed(input);
  if (value === undefined) return null;
  const root = { root: value };
  const other = (): Json => {
    if (dice.once(3))
      return Buffer.from(dice.pick(tokens.length > 0 ? tokens : [input])).toString();
    const other = parsed(dice.pick(corpus));
    if (other === undefined) return dice.pick(STRANGE)();
    const found: Place[] = [];
    gather({ root: other }, found, 0);
    return get(dice.pick(found));
  };
  for (let i = 0; i < changes; i++) {
    const places: Place[] = [];
    gather(root, places, 0);
    change(dice.pick(places), places, dice, other);
  }
  const text = dice.once(24) ? JSON.stringify(root.root, null, 1) : canonical(root.root, 0);
  return new TextEncoder().encode(text);
}

// Eight ways; `other` brings in something foreign.
function change(place: Place, places: readonly Place[], dice: Dice, other: () => Json): void {
  const value = get(place);
  switch (dice.below(8)) {
    case 0:
      drop(place);
      return;
    case 1:
      set(place, dice.pick(STRANGE)());
      return;
    case 2:
      set(place, other());
      return;
    case 3: {
      const second = dice.pick(places);
      const swapped = structuredClone(get(second));
      if (swapped === value) return;
      set(second, structuredClone(value));
      set(place, swapped);
      return;
    }
    case 4:
      if (Array.isArray(value)) {
        if (value.length > 0) value.push(structuredClone(dice.pick(value)));
        else value.push(other());
        if (dice.once(8)) while (value.length < 70) value.push(structuredClone(value[0] ?? null));
      } else if (typeof value === 'object' && value !== null) {
        value[typeof dice.pick(places).key === 'string' ? String(dice.pick(places).key) : 'x'] =
          other();
      } else set(place, [value]);
      return;
    case 5:
      if (Array.isArray(value)) value.reverse();
      else if (typeof value === 'object' && value !== null) set(place, Object.values(value));
      else set(place, { value });
      return;
    default:
      set(place, scalar(value, dice));
  }
}

/** A small change of a text, a number or a word; other values become one of the strange ones. */
function scalar(value: Json, dice: Dice): Json {
  if (typeof value === 'number') return value + dice.pick([1, -1, 2, -2, 256, 0.5]);
  if (typeof value === 'boolean') return !value;
  if (typeof value !== 'string') return dice.pick(STRANGE)();
  const at = dice.below(value.length + 1);
  const piece = dice.pick(['', '0', 'f', 'A', '=', '-', ' ', '\u0000', 'é', '\u{1f600}']);
  return value.slice(0, at) + piece + value.slice(at + dice.below(3));
}

function gather(holder: Container, places: Place[], depth: number): void {
  if (depth > 24) return;
  for (const key of Array.isArray(holder) ? holder.keys() : Object.keys(holder)) {
    const place = { holder, key };
    places.push(place);
    const value = get(place);
    if (typeof value === 'object' && value !== null) gather(value, places, depth + 1);
  }
}

function get({ holder, key }: Place): Json {
  return (holder as Record<string | number, Json>)[key] ?? null;
}

function set({ holder, key }: Place, value: Json): void {
  (holder as Record<string | number, Json>)[key] = value;
}

function drop({ holder, key }: Place): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else if (key !== 'root') Reflect.deleteProperty(holder, key);
}

function nested(depth: number): Json {
  let value: Json = 1;
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}

function parsed(bytes: Uint8Array): Json | undefined {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as Json;
  } catch {
    return undefined;
  }
}

/** Sorted keys and no white space; values that canonical JSON refuses are written as they are. */
function canonical(value: Json, depth: number): string {
  if (typeof value !== 'object' || value === null || depth > 3000) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join(',')}]`;
  const keys = Object.keys(value).sort();
  const fields = keys.map(
    (key) => `${JSON.stringify(key)}:${canonical(value[key] as Json, depth + 1)}`,
  );
  return `{${fields.join(',')}}`;
}
