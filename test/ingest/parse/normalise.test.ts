// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { firstCharacters, normalise, plainLine } from '../../../src/ingest/parse/normalise.ts';
import { OffsetMapBuilder } from '../../../src/ingest/parse/offset-map.ts';
import { fc } from '../../support/property.ts';

/** Text of everything that normalisation treats in its own way. */
const piece = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
  { weight: 4, arbitrary: fc.string({ unit: 'grapheme-ascii', maxLength: 20 }) },
  fc.constantFrom(
    'e\u0301',
    'a\u0323\u0301',
    'q\u0301\u0323',
    '\u212b',
    '\u0958',
    '\u1100\u1161\u11a8',
  ),
  fc.constantFrom(
    '\r\n',
    '\r',
    '\f',
    '\x85',
    '\n',
    '\u200b',
    '\u202e',
    '\u00ad',
    '\ufeff',
    '\ud800',
  ),
  fc.constantFrom(
    'é',
    '😀',
    '👩\u200d🚀',
    'می\u200cخواهم',
    '\ue000',
    '\ufb2c',
    '\u0344',
    '\u{1d15e}',
  ),
);
const raw = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));

describe('normalisation', () => {
  it.each([
    ['composes', 'e\u0301 \u1100\u1161\u11a8 A\u030a', 'é 각 Å'],
    ['replaces characters that have a better form', '\u212b \u2126', 'Å Ω'],
    ['puts marks into their order', 'q\u0301\u0323', 'q\u0323\u0301'],
    ['makes every line end one', 'a\r\nb\rc\nd\fe\vf\x85g\r\r\nh', 'a\nb\nc\nd\ne\nf\ng\n\nh'],
    ['removes what nobody sees', 'pass\u200bword \u202eevil\u{e0041}', 'password evil'],
    ['composes across what it removed', 'e\u200b\u0301', 'é'],
    ['replaces halves of pairs', 'a\ud800b\udc00\ud83d\ude00', 'a\ufffdb\ufffd😀'],
    ['leaves normal text', 'naïve 😀\n', 'naïve 😀\n'],
  ])('%s', (_, before, after) => {
    expect(normalise(before).text).toBe(after);
  });

  it('maps ranges back over every kind of change', () => {
    const before = 'e\u0301x\r\ny\u200bz\u212b!';
    const { text, source, derived } = normalise(before);
    expect(text).toBe('éx\nyzÅ!');
    const taken = (part: string) => {
      const { start, end } = source(text.indexOf(part), text.indexOf(part) + part.length);
      return before.slice(start, end);
    };
    expect(['é', 'x', '\n', 'y', 'z', 'yz', 'Å', 'zÅ!'].map(taken)).toEqual([
      'e\u0301',
      'x',
      '\n',
      'y',
      'z',
      'y\u200bz',
      '\u212b',
      'z\u212b!',
    ]);
    expect([0, 1, 2, 3, 5, 6, 7, 8, 9, 10].map(derived)).toEqual([0, 1, 1, 2, 3, 4, 4, 5, 6, 7]);
  });

  it('gives the same for its own result', () => {
    fc.assert(
      fc.property(raw, (text) => {
        const once = normalise(text);
        expect(normalise(once.text).text).toBe(once.text);
      }),
    );
  });

  it('maps each range to source text that normalises to it', () => {
    fc.assert(
      fc.property(raw, fc.nat(), fc.nat(), (text, a, b) => {
        const normal = normalise(text);
        const borders = clusterBorders(normal.text);
        const [from, to] = [a % borders.length, b % borders.length].sort((x, y) => x - y);
        const [start, end] = [borders[from as number] as number, borders[to as number] as number];
        const range = normal.source(start, end);
        const again = normalise(text.slice(range.start, range.end));
        // A removed character decides by its neighbours: only where nothing was removed must the text come back.
        if (removedNothing(again)) expect(again.text).toBe(normal.text.slice(start, end));
        expect(range.start).toBeLessThanOrEqual(range.end);
        expect(range.end).toBeLessThanOrEqual(text.length);
      }),
    );
  });

  it('maps ranges monotonously and offsets back and forth', () => {
    fc.assert(
      fc.property(raw, (text) => {
        const normal = normalise(text);
        let last = 0;
        for (let i = 0; i < normal.text.length; i++) {
          const { start, end } = normal.source(i, i + 1);
          expect(start).toBeGreaterThanOrEqual(last);
          expect(normal.derived(start)).toBeLessThanOrEqual(i);
          expect(end).toBeGreaterThan(start);
          last = start;
        }
        expect(normal.derived(text.length)).toBe(normal.text.length);
      }),
    );
  });

  it('composes long text as the standard does, in pieces', () => {
    const text = 'Việt e\u0301\u0323 한국 \u1112\u1161\u11ab q\u0301\u0323 \u0958 😀 '.repeat(2000);
    const normal = normalise(text);
    expect(normal.text).toBe(text.normalize('NFC'));
    const { start, end } = normal.source(normal.text.length - 2, normal.text.length - 1);
    expect(text.slice(start, end)).toBe('\ude00');
  });

  it('is not slowed down by floods of marks', () => {
    const flood = 'a' + '\u0301\u0323'.repeat(200_000);
    expect(normalise(flood).text.length).toBeLessThan(40);
    expect(normalise('\u1161'.repeat(300_000) + 'e\u0301').text).toHaveLength(300_001);
  });
});

describe('plain lines', () => {
  it('are trimmed, on one line, without hidden characters, at most 200 characters', () => {
    expect(plainLine('  a\n b\u200b\t c ')).toBe('a b c');
    expect(plainLine('')).toBe('');
    expect(Array.from(plainLine('😀'.repeat(900)))).toHaveLength(200);
    expect(plainLine(`${'x'.repeat(199)}   y`)).toBe('x'.repeat(199));
  });

  it('are cut between characters', () => {
    expect(firstCharacters('a😀b', 2)).toBe('a😀');
    expect(firstCharacters('ab', 5)).toBe('ab');
    expect(firstCharacters('ab', 0)).toBe('');
  });
});

describe('an offset map', () => {
  it('covers inserted, exact and whole parts', () => {
    const builder = new OffsetMapBuilder();
    builder.exact(3, 10);
    builder.exact(2, 13);
    builder.whole(2, 15, 15);
    builder.whole(1, 20, 26);
    builder.exact(4, 5);
    builder.exact(0, 99);
    const map = builder.build();
    expect(map.length).toBe(12);
    expect(map.source(0, 5)).toEqual({ start: 10, end: 15 });
    expect(map.source(1, 2)).toEqual({ start: 11, end: 12 });
    expect(map.source(5, 7)).toEqual({ start: 15, end: 15 });
    expect(map.source(4, 8)).toEqual({ start: 14, end: 26 });
    expect(map.source(7, 9)).toEqual({ start: 5, end: 26 });
    expect(map.source(9, 9)).toEqual({ start: 6, end: 6 });
    expect(new OffsetMapBuilder().build().source(0, 0)).toEqual({ start: 0, end: 0 });
  });
});

/** Offsets between which normalisation keeps characters together. */
function clusterBorders(text: string): readonly number[] {
  const borders = [0];
  for (const match of text.matchAll(/[^][\p{M}\u1160-\u11ff]*/gu)) {
    borders.push(match.index + match[0].length);
  }
  return borders;
}

function removedNothing(normal: ReturnType<typeof normalise>): boolean {
  return normal.findings.every(({ kind }) => /^(?:private|bidi-mark)/.test(kind));
}
