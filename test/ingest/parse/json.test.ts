// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { isStrongroomError, utf8 } from '../../../src/core/index.ts';
import { JsonReader, MAX_JSON_DEPTH } from '../../../src/ingest/parse/json-reader.ts';
import { fc } from '../../support/property.ts';
import {
  hasShared,
  reasonIfAbsent,
  sharedBytes,
  sharedJsonFiles,
} from '../../support/shared-vectors.ts';
import { counts, outline, parseAs, sourceOf, tryParse } from './document-rules.ts';

const SUITE = 'data/files-jsontestsuite/test_parsing';
const NAUGHTY = 'data/files-naughtystrings/blns.json';

const textOf = async (json: string) => (await parseAs('x.json', json)).text;

/** Reads all tokens; true when the text is accepted. */
function isAccepted(text: string): boolean {
  const reader = new JsonReader(text);
  try {
    while (reader.next().kind !== 'end');
    return true;
  } catch (error) {
    if (isStrongroomError(error, 'SOURCE_MALFORMED')) return false;
    throw error;
  }
}

function isAcceptedByPlatform(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('JSON', () => {
  it('becomes a line per leaf and a record per outermost element', async () => {
    const document = await parseAs(
      'x.json',
      '{"name": "Ann", "tags": ["a", "b"], "home": {"street": "x", "no": 12.50}, "none": null}',
    );
    expect(outline(document)).toEqual([
      'record: name: Ann',
      'record: tags[0]: a\ntags[1]: b',
      'record: home.street: x\nhome.no: 12.50',
      'record: none: null',
    ]);
    expect(document).toMatchObject({
      title: null,
      parser: 'json@1',
      mediaType: 'application/json',
    });
    expect(outline(await parseAs('x.json', '[{"a": [[1], []]}, {}, "", "x", [[true]]]'))).toEqual([
      'record: [0].a[0][0]: 1\n[0].a[1]: []',
      'record: [1]: {}',
      'record: [2]: ""',
      'record: [3]: x',
      'record: [4][0][0]: true',
    ]);
  });

  it.each([
    ['"text"', 'text'],
    ['12e400', '12e400'],
    ['12345678901234567890', '12345678901234567890'],
    ['[]', '[]'],
    [
      '{"": 1, "a.b": 2, "x: y": 3, "a b": 4, "\\n": 5}',
      '[""]: 1\n\n["a.b"]: 2\n\n["x: y"]: 3\n\na b: 4\n\n["\\n"]: 5',
    ],
    ['{"a": "line\\nadmin: true\\r\\nx"}', 'a: line\n  admin: true\n  x'],
    ['{"a": "e\\u0301\\u200b"}', 'a: é'],
    ['{"__proto__": {"x": 1}}', '__proto__.x: 1'],
  ])('%s reads as %j', async (json, text) => {
    expect(await textOf(json)).toBe(text);
  });

  it('cuts long keys', async () => {
    expect(await textOf(`{"${'😀'.repeat(300)}": 1}`)).toBe(`["${'😀'.repeat(100)}…"]: 1`);
  });

  it('knows where each line stands in the file', async () => {
    const bytes = utf8('{ "é": {"b" : "x" , "c":[ 1, 2 ]}, "d": [] }');
    const document = await parseAs('x.json', bytes);
    expect(sourceOf(document, bytes, 'é.b: x')).toBe('"b" : "x"');
    expect(sourceOf(document, bytes, 'é.c[0]: 1')).toBe('1');
    expect(sourceOf(document, bytes, 'é.c[1]: 2')).toBe('2');
    expect(sourceOf(document, bytes, 'd: []')).toBe('[]');
    expect(document.blocks.map(({ pos }) => pos)).toEqual([
      { start: 9, end: 31 },
      { start: 41, end: 43 },
    ]);
  });

  it('reports keys that occur twice and keeps them all', async () => {
    const document = await parseAs('x.json', '{"a": 1, "b": {"a": 2, "a": 3}, "\\u0061": 4}');
    expect(document.text).toBe('a: 1\n\nb.a: 2\nb.a: 3\n\na: 4');
    expect(counts(document)).toEqual({ 'json-duplicate-key': 2 });
  });

  it('replaces halves of pairs that escapes make, and says so', async () => {
    const document = await parseAs('x.json', '["\\ud800", "\\ud83d\\ude00"]');
    expect(document.text).toBe('[0]: \ufffd\n\n[1]: 😀');
    expect(counts(document)).toEqual({ 'lone-surrogate': 1 });
  });

  it.each([
    ['{"a": 1,\n "b" 2}', 2, 6],
    ['[1,\r\n\r2,]', 3, 3],
    ['{"a": 01}', 1, 8],
    ['["a\nb"]', 1, 4],
    ['[1] x', 1, 5],
    ['["\\q"]', 1, 3],
    ["{'a': 1}", 1, 2],
    ['[1', 1, 3],
    ['{"a":1,}', 1, 8],
    ['nul', 1, 1],
  ])('refuses %j at its line and column', async (json, line, column) => {
    await expect(parseAs('x.json', json)).rejects.toMatchObject({
      code: 'SOURCE_MALFORMED',
      details: { line, column },
    });
  });

  it('is read to a depth, however deep it is', async () => {
    const nested = (depth: number) => `${'['.repeat(depth)}1${']'.repeat(depth)}`;
    expect(await textOf(nested(MAX_JSON_DEPTH))).toBe(`${'[0]'.repeat(MAX_JSON_DEPTH)}: 1`);
    expect(await tryParse('x.json', nested(MAX_JSON_DEPTH + 1))).toBe('SOURCE_MALFORMED');
    expect(await tryParse('x.json', '['.repeat(100_000))).toBe('SOURCE_MALFORMED');
    expect(await tryParse('x.json', '{"a":'.repeat(100_000))).toBe('SOURCE_MALFORMED');
  });

  it('that becomes far more text than it is long is refused', async () => {
    const key = 'k'.repeat(90);
    const json = `${`{"${key}":`.repeat(500)}[${'1,'.repeat(50_000)}1]${'}'.repeat(500)}`;
    expect(await tryParse('x.json', json)).toBe('SOURCE_TOO_LARGE');
  });

  it('is accepted exactly when the platform accepts it', () => {
    const part = fc.oneof(
      fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"',
        '"a"',
        '1',
        '-',
        '0',
        '.5',
        'e+1',
        'true',
        'null',
      ),
      fc.constantFrom(
        ' ',
        '\n',
        '\t',
        '\\',
        '\\u00e9',
        '\\"',
        '\ufeff',
        '\x01',
        'nan',
        '"b":',
        '1.0',
      ),
    );
    const text = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          fc.json(),
          fc.json().map((json) => json.slice(1)),
        ),
        (json) => {
          expect([json, isAccepted(json)]).toEqual([json, isAcceptedByPlatform(json)]);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('JSON Lines', () => {
  it('become a record per line, blank lines left out', async () => {
    const bytes = utf8('{"a": 1}\r\n\n  \n[1, 2]\n"x"');
    const document = await parseAs('x.jsonl', bytes);
    expect(outline(document)).toEqual(['record: a: 1', 'record: [0]: 1\n[1]: 2', 'record: x']);
    expect(sourceOf(document, bytes, 'x')).toBe('"x"');
    expect(document.parser).toBe('jsonl@1');
  });

  it('are refused with the number of the line that is malformed', async () => {
    await expect(parseAs('x.jsonl', '{"a": 1}\n\n{"a": }\n')).rejects.toMatchObject({
      code: 'SOURCE_MALFORMED',
      details: { line: 3, column: 7 },
    });
    expect(await tryParse('x.ndjson', '{"a":\n1}')).toBe('SOURCE_MALFORMED');
  });
});

const files = hasShared(SUITE) ? sharedJsonFiles(SUITE) : [];

describe.skipIf(files.length === 0)(`the JSON test suite${reasonIfAbsent(SUITE)}`, () => {
  it.each(files)('%s', async (name) => {
    const result = await tryParse(name, sharedBytes(`${SUITE}/${name}`));
    // A string of white space alone is valid and shows nothing.
    const isValid = typeof result !== 'string' || result === 'SOURCE_EMPTY';
    if (name.startsWith('y_')) expect(isValid).toBe(true);
    if (name.startsWith('n_')) expect(REFUSALS).toContain(result);
  });
});

const REFUSALS = ['SOURCE_MALFORMED', 'SOURCE_BINARY', 'SOURCE_EMPTY'];

describe.skipIf(!hasShared(NAUGHTY))(`the naughty strings${reasonIfAbsent(NAUGHTY)}`, () => {
  it('are read by every loader or refused with a typed error', async () => {
    const bytes = sharedBytes(NAUGHTY);
    const document = await parseAs('blns.json', bytes);
    expect(document.blocks.length).toBeGreaterThan(500);
    expect(counts(document)).toMatchObject({ 'zero-width': expect.any(Number) as number });
    for (const text of JSON.parse(new TextDecoder().decode(bytes)) as string[]) {
      for (const name of ['x.txt', 'x.md', 'x.html', 'x.json', 'x.jsonl']) {
        await tryParse(name, text);
      }
    }
  });
});
