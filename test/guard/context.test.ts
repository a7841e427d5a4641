// SPDX-License-Identifier: Apache-2.0
// Where an invisible character does honest work, by the scripts and emoji that need it, and where the same one does not.
import { describe, expect, it } from 'vitest';
import {
  fillsSyllable,
  holdsMarks,
  isHonestBidi,
  joins,
  selects,
  separatesWords,
} from '../../src/guard/context.ts';
import { screenHiddenText } from '../../src/guard/index.ts';
import { fc } from '../support/property.ts';

const ZWJ = '\u200d';
const ZWNJ = '\u200c';

describe('a joiner', () => {
  it.each([
    ['of a family', '👩', ZWJ, '👧'],
    ['after a skin tone', '🏽', ZWJ, '🚒'],
    ['after an emoji style', '\ufe0f', ZWJ, '🔥'],
    ['after a tagged flag', '\u{e007f}', ZWJ, '☠'],
    ['between Persian letters', 'ی', ZWNJ, 'خ'],
    ['after a Persian letter at the end of a word', 'ه', ZWNJ, ' '],
    ['after a virama', '\u094d', ZWJ, 'ष'],
    ['after an Arabic mark', '\u0651', ZWNJ, 'ا'],
    ['in Sinhala', '\u0dca', ZWJ, 'ර'],
  ])('%s is honest', (_, before, joiner, after) => {
    expect(joins(before, joiner, after)).toBe(true);
    const { findings } = screenHiddenText(`${before}${joiner}${after}`);
    expect(findings.map(({ kind }) => kind)).not.toContain('zero-width');
  });

  it.each([
    ['between Latin letters', 'a', ZWJ, 'b'],
    ['between digits', '1', ZWNJ, '2'],
    ['at the start', '', ZWJ, 'a'],
    ['between an emoji and a letter', '👩', ZWJ, 'a'],
    ['that separates emoji', '👩', ZWNJ, '👧'],
    ['after a mark of Latin letters', '\u0301', ZWJ, 'b'],
    ['between Cyrillic letters', 'п', ZWNJ, 'а'],
    ['after another one', ZWJ, ZWJ, '👧'],
  ])('%s hides something', (_, before, joiner, after) => {
    expect(joins(before, joiner, after)).toBe(false);
    const { findings } = screenHiddenText(`${before}${joiner}${after}`);
    expect(findings.map(({ kind }) => kind)).toEqual(['zero-width']);
  });
});

describe('a zero-width space', () => {
  it('separates words where no spaces are written, and nowhere else', () => {
    for (const [before, after] of [
      ['ក', 'ខ'],
      ['ส', 'ว'],
      ['ພ', 'າ'],
      ['མ', 'ཆ'],
    ] as const) {
      expect(separatesWords(before, after)).toBe(true);
    }
    for (const [before, after] of [
      ['ส', 'a'],
      ['a', 'ส'],
      ['a', 'b'],
      ['', 'ส'],
      ['ส', ''],
      ['日', '本'],
    ] as const) {
      expect(separatesWords(before, after)).toBe(false);
    }
  });
});

describe('a variation selector', () => {
  it.each([
    ['text or emoji style', '❤', '\ufe0f', true],
    ['a keycap', '1', '\ufe0f', true],
    ['a keycap sign', '#', '\ufe0f', true],
    ['an ideograph', '葛', '\u{e0100}', true],
    ['a Mongolian letter', 'ᠠ', '\u180b', true],
    ['a Latin letter', 'a', '\ufe0f', false],
    ['an ideograph’s on a letter', 'a', '\u{e0100}', false],
    ['an ideograph’s on an emoji', '😀', '\u{e0101}', false],
    ['a Mongolian one elsewhere', 'ක', '\u180b', false],
    ['a selector', '\ufe0f', '\ufe0e', false],
    ['a space', ' ', '\ufe0f', false],
    ['nothing', '', '\ufe0f', false],
  ])('on %s', (_, before, selector, isHonest) => {
    expect(selects(before, selector)).toBe(isHonest);
  });
});

describe('other characters', () => {
  it('hold marks apart only between a letter and a mark', () => {
    expect(holdsMarks('a', '\u0301')).toBe(true);
    expect(holdsMarks('\u0323', '\u0301')).toBe(true);
    expect(holdsMarks('a', 'b')).toBe(false);
    expect(holdsMarks(' ', '\u0301')).toBe(false);
    expect(holdsMarks('a', '\u034f')).toBe(false);
    expect(holdsMarks('', '')).toBe(false);
  });

  it('fill syllables only beside the jamo that they complete', () => {
    expect(fillsSyllable('', '\u115f', '\u1161')).toBe(true);
    expect(fillsSyllable('\u1100', '\u1160', '')).toBe(true);
    expect(fillsSyllable('', '\u115f', '\u11a8')).toBe(false);
    expect(fillsSyllable('\u1160', '\u1160', '')).toBe(false);
    expect(fillsSyllable('a', '\u115f', 'b')).toBe(false);
  });
});

describe('controls of direction', () => {
  it.each([
    ['isolates around Latin in a Hebrew line', 'שלום \u2066abc\u2069', true],
    ['embeddings, nested and closed', 'مرحبا \u202a\u2067abc\u2069\u202c', true],
    ['no right-to-left letter', 'abc \u2066def\u2069', false],
    ['an override', 'שלום \u202dabc\u202c', false],
    ['an isolate that stays open', 'שלום \u2067abc', false],
    ['an embedding that stays open', 'שלום \u202babc', false],
    ['an end without a start', 'שלום abc\u2069', false],
    ['ends in the wrong order', 'שלום \u202a\u2067abc\u202c\u2069', false],
    ['right-to-left digits alone', '\u0661\u0662 \u2066a\u2069', false],
    ['the deepest nesting', `א${'\u2067'.repeat(125)}${'\u2069'.repeat(125)}`, true],
    ['one more', `א${'\u2067'.repeat(126)}${'\u2069'.repeat(126)}`, false],
  ])('%s', (_, line, isHonest) => {
    expect(isHonestBidi(line)).toBe(isHonest);
  });

  it('are honest only when every start has its end, whatever is written', () => {
    const pieces = fc.constantFrom(
      '\u202a',
      '\u202b',
      '\u2066',
      '\u2067',
      '\u2068',
      '\u202c',
      '\u2069',
      'x',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (list) => {
        let rest = list.filter((piece) => piece !== 'x').join('');
        for (let before = ''; before !== rest;) {
          before = rest;
          rest = rest.replace(/[\u202a\u202b]\u202c|[\u2066-\u2068]\u2069/g, '');
        }
        expect(isHonestBidi(`א${list.join('')}`)).toBe(rest === '');
      }),
    );
  });
});
