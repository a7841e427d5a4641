// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { fc } from '../../support/property.ts';
import { outline, parseAs, tryParse } from './document-rules.ts';

describe('a table of values', () => {
  it('is read row by row under the names of its columns', async () => {
    const text = 'name,role\nAda,"lead, of all"\n\nDan,\n"two\nlines",x,more\n';
    const document = await parseAs('x.csv', text);
    expect(outline(document)).toEqual([
      'record: name: Ada\nrole: lead, of all',
      'record: name: Dan',
      'record: name: two lines\nrole: x\nmore',
    ]);
    const at = document.text.indexOf('name: Dan');
    const range = document.sourceRange(at, at + 9);
    expect(text.slice(range?.start, range?.end)).toContain('Dan,');
  });

  it.each([
    ['x.tsv', 'a\tb\n1\t2\n'],
    ['x.csv', 'a;b\n1;2\n'],
    ['x.csv', '\ufeffa,b\r\n1,2\r\n'],
  ])('of %s %j finds its delimiter', async (name, text) => {
    expect(outline(await parseAs(name, text))).toEqual(['record: a: 1\nb: 2']);
  });

  it('of one row is that row', async () => {
    expect(outline(await parseAs('x.csv', 'just,one'))).toEqual(['record: just\none']);
  });

  it.each(['a,b\n"open,1\n', 'a,b\n1,"x"y\n'])(
    'with broken quoting is refused: %j',
    async (text) => {
      expect(await tryParse('x.csv', text)).toBe('SOURCE_MALFORMED');
    },
  );

  it('with too large a row is refused', async () => {
    expect(await tryParse('x.csv', `a\n"${'x'.repeat(3 * 2 ** 20)}"\n`)).toBe('SOURCE_TOO_LARGE');
    expect(await tryParse('x.csv', `${','.repeat(5000)}\n`)).toBe('SOURCE_TOO_LARGE');
  });

  it('keeps every value', async () => {
    const value = fc.stringMatching(/^[a-z]{1,5}$/);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(value, { minLength: 2, maxLength: 2 }), { minLength: 1, maxLength: 5 }),
        async (rows) => {
          const { text } = await parseAs(
            'x.csv',
            `h1,h2\n${rows.map((row) => row.join(',')).join('\n')}`,
          );
          expect(text).toBe(rows.map(([a, b]) => `h1: ${a}\nh2: ${b}`).join('\n\n'));
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('a program', () => {
  it('is cut where a blank line comes before the margin', async () => {
    const text = 'import os\n\ndef a():\n    x = 1\n\n    return x\n\n\nclass B:\n    pass\n';
    expect(outline(await parseAs('x.py', text))).toEqual([
      'code: import os',
      'code: def a():\n    x = 1\n\n    return x',
      'code: class B:\n    pass',
    ]);
  });

  it('keeps closing brackets with what they close', async () => {
    const text = 'function f() {\n  return [\n\n1];\n\n}\n\nf();\n';
    expect(outline(await parseAs('x.ts', text)).at(-1)).toBe('code: f();');
  });
});
