// SPDX-License-Identifier: Apache-2.0
// Changes of bytes, as a hostile store would make them: bits, ranges, lengths, pieces of other inputs.
import type { Dice } from './dice.ts';
import { mutateJson } from './mutate-json.ts';

/** What mutations draw from. */
export interface Material {
  readonly dice: Dice;
  readonly corpus: readonly Uint8Array[];
  /** Texts that mean something to the parser. */
  readonly tokens: readonly Uint8Array[];
  /** Longest input. */
  readonly maxBytes: number;
  /** Inputs are JSON, or a text; what a mutation knows of their form. */
  readonly form: 'json' | 'text' | 'bytes';
}

const NUMBERS = [0, 1, 2, 16, 31, 32, 63, 64, 255, 256, 8191, 8192, 65535, 65536, 2 ** 20];
const LARGE = [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
const BYTES = [0, 1, 0x0a, 0x20, 0x22, 0x2e, 0x7f, 0x80, 0xc3, 0xff];

type Change = (input: Uint8Array, material: Material) => Uint8Array;

const flipBit: Change = (input, { dice }) => {
  const out = Uint8Array.from(input);
  const at = dice.below(Math.max(1, out.length));
  if (out.length > 0) out[at] = (out[at] as number) ^ (1 << dice.below(8));
  return out;
};

const setByte: Change = (input, { dice }) => {
  const out = Uint8Array.from(input);
  if (out.length > 0)
    out[dice.below(out.length)] = dice.once(2) ? dice.pick(BYTES) : dice.below(256);
  return out;
};

/** Overwrites a big-endian length field, or what might be one, with another length. */
const setLength: Change = (input, { dice }) => {
  const width = dice.pick([2, 4, 4, 4, 8]);
  if (input.length < width) return input;
  const out = Uint8Array.from(input);
  const view = new DataView(out.buffer);
  const at = dice.below(out.length - width + 1);
  const near = [out.length, out.length - at - width, 32, 64];
  const value = dice.once(4) ? dice.pick(LARGE) : dice.pick(dice.once(2) ? near : NUMBERS);
  if (width === 2) view.setUint16(at, value & 0xffff);
  else if (width === 4)
    view.setUint32(at, dice.once(3) ? view.getUint32(at) + dice.pick([1, -1]) : value);
  else view.setBigUint64(at, dice.once(3) ? 2n ** 53n : BigInt(value));
  return out;
};

const cut: Change = (input, { dice }) => {
  const from = dice.below(input.length + 1);
  const length = dice.once(3) ? input.length : 1 + dice.below(16);
  return spliced(input, from, length, new Uint8Array(0));
};

const truncate: Change = (input, { dice }) => input.slice(0, dice.below(input.length + 1));

const repeat: Change = (input, { dice }) => {
  const from = dice.below(input.length + 1);
  const piece = input.subarray(from, from + 1 + dice.below(dice.once(4) ? 256 : 16));
  const times = dice.once(16) ? 512 : 1 + dice.below(3);
  const many = new Uint8Array(piece.length * times);
  for (let i = 0; i < times; i++) many.set(piece, i * piece.length);
  return spliced(input, from, 0, many);
};

const token: Change = (input, { dice, tokens }) => {
  if (tokens.length === 0) return input;
  const piece = dice.pick(tokens);
  const at = dice.below(input.length + 1);
  return spliced(input, at, dice.once(2) ? piece.length : 0, piece);
};

const cross: Change = (input, { dice, corpus }) => {
  const other = dice.pick(corpus);
  const from = dice.below(other.length + 1);
  const piece = other.subarray(from, from + 1 + dice.below(other.length));
  const at = dice.below(input.length + 1);
  return spliced(input, at, dice.once(2) ? piece.length : input.length, piece);
};

const insert: Change = (input, { dice }) => {
  const bytes = Uint8Array.from({ length: 1 + dice.below(8) }, () => dice.pick(BYTES));
  return spliced(input, dice.below(input.length + 1), 0, bytes);
};

/** Moves, doubles or drops a line. */
const line: Change = (input, { dice }) => {
  const lines = Buffer.from(input).toString('latin1').split('\n');
  const [moved = ''] = lines.splice(dice.below(lines.length), 1);
  const copies = dice.below(3);
  for (let i = 0; i < copies; i++) lines.splice(dice.below(lines.length + 1), 0, moved);
  return new Uint8Array(Buffer.from(lines.join('\n'), 'latin1'));
};

const CHANGES: readonly Change[] = [
  ...[flipBit, flipBit, setByte, setByte, setLength, setLength],
  ...[cut, cut, truncate, repeat, token, token, cross, insert],
];

/** The next input: one of the corpus after a few changes. */
export function mutate(material: Material): Uint8Array {
  const { dice, corpus, form } = material;
  // Newer inputs reach further and are taken more often.
  const recent = corpus.slice(-Math.max(8, corpus.length >> 3));
  let out = dice.once(3) ? dice.pick(recent) : dice.pick(corpus);
  const changes = 1 << dice.below(4);
  const structured = form === 'json' && !dice.once(4) ? mutateJson(out, material, changes) : null;
  if (structured !== null) return structured.slice(0, material.maxBytes);
  for (let i = 0; i < changes; i++) {
    const change = form !== 'bytes' && dice.once(6) ? line : dice.pick(CHANGES);
    out = change(out, material);
    if (out.length > material.maxBytes) out = out.slice(0, material.maxBytes);
  }
  return out;
}

function spliced(input: Uint8Array, at: number, drop: number, piece: Uint8Array): Uint8Array {
  const rest = input.subarray(Math.min(input.length, at + drop));
  const out = new Uint8Array(at + piece.length + rest.length);
  out.set(input.subarray(0, at));
  out.set(piece, at);
  out.set(rest, at + piece.length);
  return out;
}
