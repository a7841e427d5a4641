// SPDX-License-Identifier: Apache-2.0
import { fc } from '../support/property.ts';
import { describe, expect, it } from 'vitest';
import { fromUtf8, jcs, jcsBytes, parseJcs, utf8 } from '../../src/core/index.ts';
import { codeThrownBy, expectRefusal } from '../support/tampering.ts';

/** Values that the closed rules allow, no deeper than they allow. */
const allowed = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'grapheme' }),
    fc.maxSafeInteger().map((n) => (n === 0 ? 0 : n)),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 6 }), tie('value'), { maxKeys: 4 }),
  ),
})).value;

const nested = (depth: number): unknown => {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
};

describe('writing canonical JSON', () => {
  it('gives a text that parses to the same value and is its own canonical form', () => {
    fc.assert(
      fc.property(allowed, (value) => {
        const bytes = jcsBytes(value);
        expect(jcs(parseJcs(bytes))).toBe(fromUtf8(bytes));
        expect(JSON.parse(fromUtf8(bytes))).toEqual(value);
      }),
    );
  });

  it('orders keys by UTF-16 code units', () => {
    expect(jcs({ '\u{1f602}': 1, '\ufb33': 2, b: 3, '': 4, B: 5 })).toBe(
      '{"":4,"B":5,"b":3,"\u{1f602}":1,"\ufb33":2}',
    );
  });

  it('does not depend on the order in which keys were set', () => {
    expect(jcs({ b: 1, a: 2, 10: 3, 9: 4 })).toBe(jcs({ 9: 4, 10: 3, a: 2, b: 1 }));
  });

  it.each([
    ['a float', 0.5],
    ['an integer beyond 2^53', 2 ** 53],
    ['minus zero', -0],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['undefined', undefined],
    ['an undefined field', { a: undefined }],
    ['a hole in an array', [1, , 2]],
    ['a big integer', 1n],
    ['a symbol', Symbol('a')],
    ['a function', () => 1],
    ['a lone high surrogate', '\ud800'],
    ['a lone low surrogate in a key', { '\udc00': 1 }],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['bytes', new Uint8Array(1)],
    ['an object of a class', new URL('https://strongroom.invalid/')],
    ['an object with toJSON of its own', { toJSON: () => 'x' }],
    ['an object with toJSON above it', Object.create({ toJSON: () => 'x' })],
  ])('refuses %s', (_name, value) => {
    expectRefusal(() => jcs(value), 'FORMAT_INVALID');
  });

  it('writes sixteen levels and refuses seventeen', () => {
    expect(codeThrownBy(() => jcs(nested(16)))).toBeNull();
    expectRefusal(() => jcs(nested(17)), 'FORMAT_INVALID');
  });

  it('treats __proto__ and constructor as ordinary keys', () => {
    const text = '{"__proto__":{"a":1},"constructor":2,"hasOwnProperty":3}';
    const value = parseJcs(utf8(text));
    expect(jcs(value)).toBe(text);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect('a' in {}).toBe(false);
  });

  it('writes an object without a prototype like any other', () => {
    const bare = Object.assign(Object.create(null) as object, { a: 1 });
    expect(jcs(bare)).toBe('{"a":1}');
  });
});

describe('parsing canonical JSON', () => {
  it.each([
    ['a duplicate key', '{"a":1,"a":1}'],
    ['a duplicate key in another spelling', '{"a":1,"\\u0061":2}'],
    ['keys out of order', '{"b":1,"a":2}'],
    ['white space', '{"a": 1}'],
    ['a trailing line break', '{"a":1}\n'],
    ['a byte-order mark', '\ufeff{"a":1}'],
    ['an exponent', '1e2'],
    ['a fraction that is an integer', '1.0'],
    ['minus zero', '-0'],
    ['an integer that rounds', '9007199254740993'],
    ['an escaped slash', '"\\/"'],
    ['an escape that is not needed', '"\\u0041"'],
    ['an upper-case escape', '"\\u000F"'],
    ['an escaped lone surrogate', '"\\ud800"'],
    ['a comment', '/**/1'],
    ['a trailing comma', '[1,]'],
    ['two values', '1 2'],
    ['nothing', ''],
    ['a word', 'undefined'],
  ])('INV-JCS-CANONICAL: refuses %s', (_name, text) => {
    expectRefusal(() => parseJcs(utf8(text)), 'FORMAT_INVALID');
  });

  it('refuses bytes that are not UTF-8', () => {
    expectRefusal(() => parseJcs(Uint8Array.of(0x22, 0xff, 0x22)), 'FORMAT_INVALID');
  });

  it('refuses deep nesting without running out of stack', () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const deep = `${open.repeat(100_000)}1${close.repeat(100_000)}`;
      expectRefusal(() => parseJcs(utf8(deep)), 'FORMAT_INVALID');
    }
  });

  it('never throws anything but a typed error for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        expect([null, 'FORMAT_INVALID']).toContain(codeThrownBy(() => parseJcs(utf8(text))));
      }),
    );
  });

  it('accepts exactly the texts that it would write', () => {
    const json = fc.json({ maxDepth: 3 });
    fc.assert(
      fc.property(json, (text) => {
        if (codeThrownBy(() => parseJcs(utf8(text))) === null) {
          expect(jcs(JSON.parse(text))).toBe(text);
        }
      }),
    );
  });
});
