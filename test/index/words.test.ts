// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { type Language, LANGUAGES } from '../../src/index/language.ts';
import { MAX_QUERY_TERMS, MAX_TERMS, queryTermsOf, termsOf } from '../../src/index/words.ts';
import { fc } from '../support/property.ts';

describe('terms of a text', () => {
  it.each([
    ['folds case and stems English', 'Encrypting ENCRYPTION keys', ['encrypt', 'encrypt', 'key']],
    [
      'keeps a code-like name whole and in parts',
      's3:GetObject',
      ['s3', 'getobject', 'get', 'object', 's3:getobject'],
    ],
    ['knows acronyms before a hump', 'HTMLParser', ['htmlparser', 'html', 'parser']],
    [
      'joins words by a single connector',
      'user_id, docs/guide.md',
      ['user', 'id', 'user_id', 'doc', 'guid', 'md', 'docs/guide.md'],
    ],
    [
      'does not join across two connectors',
      'arn:aws:s3:::logs',
      ['arn', 'aw', 's3', 'arn:aws:s3', 'log'],
    ],
    ['keeps numbers', 'TLS 1.3', ['tls', '1', '3', '1.3']],
    ['keeps marks and other scripts', 'Žluťoučký नमस्ते', ['žluťoučký', 'नमस्ते']],
    ['folds compatibility forms', 'ﬁle ＡＢＣ', ['file', 'abc']],
    [
      'pairs neighbours where nothing separates words, and adds words that are no pairs',
      '東京都 あ',
      ['東京', '京都', '都', 'あ'],
    ],
    ['splits at apostrophes', "bucket's", ['bucket', 's']],
    ['finds nothing in symbols', '!!! → ((…)) 😀', []],
    ['finds nothing in lone surrogates', '\ud800 \udc00', []],
  ])('%s', (_, text, terms) => {
    expect(termsOf(text)).toEqual(terms);
  });

  it('cuts what is too long to be a word', () => {
    expect(termsOf(`${'a'.repeat(100)} b`)).toEqual(['a'.repeat(64), 'b']);
    const part = 'b'.repeat(60);
    expect(termsOf(`${part}-${part}-${part}`)).toEqual([part, part, part, `${part}-bbb`]);
    expect(termsOf('語'.repeat(100))).toHaveLength(63 + 64 + 35 + 36);
    expect(termsOf('a-'.repeat(20))).toContain('a-'.repeat(16).slice(0, -1));
  });

  it('treats canonically equal spellings alike', () => {
    expect(termsOf('cafe\u0301')).toEqual(termsOf('caf\u00e9'));
  });

  it.each([
    ['one endless word', 'a'.repeat(2_000_000)],
    ['one endless name', 'a-'.repeat(1_000_000)],
    ['endless humps', 'aB'.repeat(1_000_000)],
    ['endless marks', '\u0301'.repeat(1_000_000)],
    ['letters that grow when folded', '\ufdfa'.repeat(1_000_000)],
    ['text without spaces', '語'.repeat(1_000_000)],
    ['surrogate pairs', '\u{1d49c}'.repeat(1_000_000)],
    ['many words', 'ab '.repeat(1_000_000)],
    ['connectors alone', '_'.repeat(2_000_000)],
  ])('bounds number and length of terms for %s', (_, text) => {
    const terms = termsOf(text);
    expect(terms.length).toBeLessThanOrEqual(MAX_TERMS);
    expect(Math.max(0, ...terms.map((term) => term.length))).toBeLessThanOrEqual(64);
  });

  it('gives well-formed terms that are not empty for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const terms = termsOf(text);
        expect(terms.filter((term) => term === '' || !term.isWellFormed())).toEqual([]);
      }),
    );
  });
});

describe('terms of a text in another language', () => {
  const german = LANGUAGES[0] as Language;

  it('are stemmed by it, and carry its code', () => {
    expect(termsOf('Die Häuser', german)).toEqual(['=de=die', '=de=haus']);
    expect(termsOf('Häusern', german)).toEqual(termsOf('Hauses', german));
  });

  it('leave names, numbers and short words as they are', () => {
    expect(termsOf('s3:GetObject TLS 1.3', german)).toEqual([
      's3',
      '=de=getobject',
      '=de=get',
      '=de=object',
      's3:getobject',
      '=de=tls',
      '1',
      '3',
      '1.3',
    ]);
  });

  it('stand at the same places as in English', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        for (const language of LANGUAGES) {
          expect(termsOf(text, language)).toHaveLength(termsOf(text).length);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('terms of a query', () => {
  const plain = (text: string): string[] => queryTermsOf(text).map((term) => term.plain);

  it('have a form for each language', () => {
    const [term] = queryTermsOf('Häuser');
    expect(term?.in(LANGUAGES[0] as Language)).toBe('=de=haus');
    const [name] = queryTermsOf('s3:GetObject').slice(-1);
    expect(name?.in(LANGUAGES[0] as Language)).toBe('s3:getobject');
  });

  it('leave out function words of the language they are in', () => {
    expect(plain('Wie werden die Schlüssel rotiert?')).toEqual(['schlüssel', 'rotiert']);
    expect(plain('die cast')).toEqual(['cast']);
  });

  it('leave function words and repeats out', () => {
    expect(plain('What is the policy of the policies?')).toEqual(['polici']);
  });

  it('keep function words when there is nothing else', () => {
    expect(plain('To be or not to be')).toEqual(['to', 'be', 'or', 'not']);
  });

  it('are bounded in number', () => {
    const text = Array.from({ length: 2000 }, (_, at) => `word${at}`).join(' ');
    expect(queryTermsOf(text)).toHaveLength(MAX_QUERY_TERMS);
  });
});
