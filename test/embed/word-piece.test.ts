// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { WordPiece } from '../../src/embed/word-piece.ts';
import { fc } from '../support/property.ts';

const MODEL = path.resolve('models/static-256/vocab.txt');
const vocabulary = readFileSync(MODEL, 'utf8').trimEnd().split('\n');
const tokens = new WordPiece(vocabulary);
const ALL = 100_000;

const textOf = (ids: readonly number[]): string[] => ids.map((id) => vocabulary[id] as string);

/** Made with the Rust `tokenizers` 0.23.3: BertNormalizer, BertPreTokenizer and WordPiece, no added tokens. */
const reference = JSON.parse(
  readFileSync(path.resolve('test/embed/reference-tokens.json'), 'utf8'),
) as { readonly text: string; readonly ids: readonly number[] }[];

describe('the tokeniser', () => {
  it.each(reference.map(({ text, ids }) => [JSON.stringify(text).slice(0, 60), text, ids]))(
    'cuts %s as the reference does',
    (_, text, ids) => {
      expect(tokens.encode(text, ALL)).toEqual(ids);
    },
  );

  it('has enough references', () => {
    expect(reference.length).toBeGreaterThan(60);
  });

  it('reads the names of control tokens as text', () => {
    expect(textOf(tokens.encode('[SEP] [CLS][MASK]', ALL))).toEqual([
      '[',
      'sep',
      ']',
      '[',
      'cl',
      '##s',
      ']',
      '[',
      'mask',
      ']',
    ]);
    const control = new Set([0, 101, 102, 103]);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
        const spiked = `${text}[SEP]${text}[CLS] [PAD]`;
        expect(tokens.encode(spiked, ALL).filter((id) => control.has(id))).toEqual([]);
      }),
    );
  });

  it('gives the first tokens of a text and no more', () => {
    const text = 'unaffable embeddings of tokens '.repeat(50);
    const all = tokens.encode(text, ALL);
    for (const limit of [0, 1, 5, 33])
      expect(tokens.encode(text, limit)).toEqual(all.slice(0, limit));
  });

  it('gives the same tokens again when its memory was full', () => {
    const small = new WordPiece(vocabulary);
    const text = 'word unaffable';
    const before = small.encode(text, ALL);
    for (let n = 0; n < 60_000; n++) small.encode(`x${n.toString(36)}`, ALL);
    expect(small.encode(text, ALL)).toEqual(before);
  });

  it.each([
    ['a megabyte of one letter', 'a'.repeat(1_000_000), 1],
    ['a million marks', '\u0301'.repeat(1_000_000), 0],
    ['white space', ' \n'.repeat(500_000), 0],
    ['letters that grow when decomposed', '\ufdfa'.repeat(300_000), 1],
    ['surrogates without a partner', '\ud800'.repeat(300_000), 0],
  ])('is done with %s', (_, text, count) => {
    expect(tokens.encode(text, 1024)).toHaveLength(count);
  });

  it('bounds what one text gives', () => {
    expect(tokens.encode('a b '.repeat(1_000_000), 1024)).toHaveLength(1024);
  });
});
