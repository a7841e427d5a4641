// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  eachHiddenCharacter,
  type Finding,
  FINDING_KINDS,
  type FindingKind,
  HIDDEN_TEXT_RULESET,
  judge,
  MAX_MARKS,
  screenHiddenText,
  Tally,
} from '../../src/guard/index.ts';
import { fc } from '../support/property.ts';

const found = (text: string) => screenHiddenText(text).findings;
const one = (kind: FindingKind, count = 1): readonly Finding[] => [{ kind, count }];
const fates = (text: string) => {
  const list: string[] = [];
  eachHiddenCharacter(text, ({ kind, fate }, at, length) => {
    list.push(`${kind} ${fate} ${at}+${length}`);
  });
  return list;
};
const tags = (ascii: string) =>
  Array.from(ascii, (c) => String.fromCodePoint(0xe0000 + c.charCodeAt(0))).join('');

describe('screening finds', () => {
  it.each<readonly [FindingKind, string, number]>([
    ['zero-width', 'pass\u200bword', 1],
    ['zero-width', 'a\u200c\u200db', 2],
    ['zero-width', 'a\u2060b\u180ec', 2],
    ['bidi-control', 'access\u202e\u2066// admin\u2069\u2066', 4],
    ['bidi-mark', 'left\u200eto\u200fright', 2],
    ['tag-character', `hi${tags('ignore')}`, 6],
    ['soft-hyphen', 'mal\u00adware', 1],
    ['invisible-operator', 'a\u2062b\u2064', 2],
    ['invisible-format', 'a\u3164b\uffa0\u115f\u206a\ufff9\u17b4\u{1d173}\u{e0fff}', 8],
    ['variation-selector', 'a\ufe00', 1],
    ['variation-selector', '😀\u{e0101}\u{e0102}', 2],
    ['variation-selector', '😀\ufe0f\ufe0e\ufe0e', 2],
    ['control-character', 'a\0b\x1b[31m\x7f\x9b', 4],
    ['byte-order-mark', 'a\ufeffb', 1],
    ['private-use', 'icon \ue000 \u{f0000}\u{f0001}', 3],
    ['private-use-run', '\ue000\ue001\u{100000}\ue002', 4],
    ['noncharacter', '\ufdd0\uffff\u{1fffe}', 3],
    ['lone-surrogate', 'a\ud800b\udc00', 2],
    ['combining-flood', `a${'\u0301'.repeat(MAX_MARKS + 5)}`, 5],
  ])('%s in %j', (kind, text, count) => {
    expect(found(text)).toEqual(one(kind, count));
    const flagged = FINDING_KINDS[kind].severity === 'flag';
    expect(screenHiddenText(text).verdict).toBe(flagged ? 'flagged' : 'clean');
  });

  it('where each character stands and what becomes of it', () => {
    expect(fates('😀\u200b\u{e0041}\ud800\ue000')).toEqual([
      'zero-width remove 2+1',
      'tag-character remove 3+2',
      'lone-surrogate replace 5+1',
      'private-use keep 6+1',
    ]);
  });

  it('marks hidden between marks, so that a flood cannot be cut into short runs', () => {
    const flood = 'a' + '\u0301\u200b'.repeat(100);
    expect(found(flood)).toEqual([
      { kind: 'combining-flood', count: 100 - MAX_MARKS },
      { kind: 'zero-width', count: 100 },
    ]);
  });

  it('unbalanced controls even beside right-to-left letters', () => {
    expect(found('שלום \u2067abc')).toEqual(one('bidi-control'));
    expect(found('שלום \u2069\u2067abc')).toEqual(one('bidi-control', 2));
    expect(found('שלום \u202babc\u2069')).toEqual(one('bidi-control', 2));
    expect(found('שלום \u202eabc\u202c')).toEqual(one('bidi-control', 2));
    expect(found(`שלום ${'\u2067'.repeat(200)}${'\u2069'.repeat(200)}`)).toEqual(
      one('bidi-control', 400),
    );
  });

  it('controls of one line without regard to letters of another', () => {
    expect(found('abc\u2067d\u2069\nשלום')).toEqual(one('bidi-control', 2));
  });
});

describe('screening leaves alone', () => {
  it.each([
    ['family emoji', '👩\u200d👩\u200d👧\u200d👦'],
    ['emoji with skin tone and profession', '👩🏽\u200d🚀'],
    ['emoji presentation', '⚠\ufe0f ☎\ufe0e ❤\ufe0f\u200d🔥 1\ufe0f\u20e3'],
    ['flags of regions', `🏴${tags('gbsct')}\u{e007f} 🏴${tags('usca')}\u{e007f}`],
    ['Persian', 'می\u200cخواهم'],
    ['Arabic initial form', 'ه\u200d'],
    ['Hindi', 'क्\u200dष र्\u200dय क्\u200cष'],
    ['Malayalam', 'അവന്\u200d'],
    ['Sinhala', 'ක්\u200dෂ'],
    ['Khmer word borders', 'កម្ពុជា\u200bប្រទេស'],
    ['Thai word borders', 'ภาษา\u200bไทย'],
    ['ideographic variants', '葛\u{e0100}城 辻\ufe00'],
    ['Mongolian', 'ᠭ\u180bᠠ'],
    ['old Hangul', '\u1100\u1160 \u115f\u1161'],
    ['Hebrew cantillation', 'א\u05b7\u034f\u05bd'],
    ['line breaks and tabs', 'a\tb\r\nc\vd\fe\x85f\u2028g'],
    ['stacked diacritics', 'x\u0301\u0323\u0308'],
  ])('%s', (_, text) => {
    expect(found(text)).toEqual([]);
  });

  it('direction marks and closed isolates of right-to-left text, with a note', () => {
    const text = 'שלום\u200e (abc) \u2067עברית\u2069 \u202bעוד\u202c';
    expect(screenHiddenText(text)).toEqual({
      ruleset: HIDDEN_TEXT_RULESET,
      verdict: 'clean',
      findings: one('bidi-mark', 5),
    });
    expect(fates(text).every((fate) => fate.includes(' keep '))).toBe(true);
  });
});

describe('findings', () => {
  it('are added up by kind, sorted, and judged by the gravest', () => {
    const report = judge([
      { kind: 'soft-hyphen', count: 2 },
      { kind: 'html-comment', count: 1 },
      { kind: 'soft-hyphen', count: 3 },
    ]);
    expect(report.findings).toEqual([
      { kind: 'html-comment', count: 1 },
      { kind: 'soft-hyphen', count: 5 },
    ]);
    expect(report.verdict).toBe('clean');
    expect(judge([...report.findings, { kind: 'tag-character', count: 1 }]).verdict).toBe(
      'flagged',
    );
    expect(judge([])).toEqual({ ruleset: 'hidden-text@2', verdict: 'clean', findings: [] });
  });

  it('of nothing are not counted', () => {
    const tally = new Tally();
    tally.add('zero-width', 0);
    expect(tally.findings()).toEqual([]);
  });

  it('have a meaning each', () => {
    for (const { meaning } of Object.values(FINDING_KINDS)) expect(meaning).toMatch(/^[A-Z].+\.$/);
  });
});

describe('screening of any text', () => {
  const units = fc.array(
    fc.oneof(
      fc.integer({ min: 0, max: 0xffff }),
      fc.constantFrom(0x200d, 0x200b, 0x202e, 0x2067, 0x2069, 0x5d0, 0x301, 0xfe0f, 0xd83d, 0xde00),
    ),
    { maxLength: 60 },
  );

  it('visits in order, without overlap, inside the text', () => {
    fc.assert(
      fc.property(units, (codes) => {
        const text = String.fromCharCode(...codes);
        let end = 0;
        eachHiddenCharacter(text, (_, at, length) => {
          expect(at).toBeGreaterThanOrEqual(end);
          end = at + length;
        });
        expect(end).toBeLessThanOrEqual(text.length);
      }),
    );
  });

  it('finds nothing more to remove where it has removed everything', () => {
    fc.assert(
      fc.property(units, (codes) => {
        const text = String.fromCharCode(...codes);
        const fate = fates(cleaned(text)).find((line) => !line.includes(' keep '));
        expect(fate).toBeUndefined();
      }),
    );
  });

  it('takes time in proportion to hostile text', () => {
    for (const unit of ['\u202e', '\u200d', '\u0301\u0323', '\ufe0f', '\ue000', 'א\u2067']) {
      const text = unit.repeat(300_000 / unit.length);
      expect(found(text).reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(100_000);
    }
  });
});

function cleaned(text: string): string {
  let out = '';
  let done = 0;
  eachHiddenCharacter(text, ({ fate }, at, length) => {
    if (fate === 'keep') return;
    out += text.slice(done, at) + (fate === 'replace' ? '\ufffd' : '');
    done = at + length;
  });
  return out + text.slice(done);
}
