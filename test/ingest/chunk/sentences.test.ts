// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { sentencesOf } from '../../../src/ingest/chunk/index.ts';
import { fc } from '../../support/property.ts';

const split = (text: string) =>
  Array.from(sentencesOf(text, { start: 0, end: text.length }), ({ start, end }) =>
    text.slice(start, end),
  );

describe('sentences', () => {
  it.each([
    'A first sentence here.|And a second one?|Then comes a third!',
    'We met Dr. Smith and Mrs. Jones there.|They had come from St. Ives today.',
    'See Fig. 3 and Eq. 4 for the details.|The rest is in Vol. 2 of it.',
    'He lives in the U.S. Government housing there.|J. R. R. Tolkien did not live there.',
    'Use a tool, e.g. Hammer or Saw, for that.|It is faster, i.e. Cheaper for us.',
    'It grew by 3.5 percent in 2023.|Version 1.2.3 came out then.',
    'The line ends\nin the middle of it.|The next one\ndoes the same thing.',
    'He went home at 5 p.m. after a long day.|She had left well before that.',
    'Ask the people of Acme Inc. Lawyers about it.|They know all of it.',
  ])('end where %j is marked', (marked) => {
    expect(split(marked.replaceAll('|', ' '))).toEqual(marked.split('|'));
  });

  it('take up fragments of fewer than four words', () => {
    expect(split('No. Yes. That is all there is. Really? The end is near now. Ok.')).toEqual([
      'No. Yes. That is all there is.',
      'Really? The end is near now. Ok.',
    ]);
  });

  it('of scripts without spaces are found by their marks', () => {
    expect(split('这是一个句子。这是另一个。终于完了。')).toEqual([
      '这是一个句子。',
      '这是另一个。',
      '终于完了。',
    ]);
  });

  it('are found in a part of a text', () => {
    const text = 'Skip this one here. Take only this one here. Skip this again here.';
    const spans = [...sentencesOf(text, { start: 20, end: 44 })];
    expect(spans).toEqual([{ start: 20, end: 44 }]);
  });

  it('of long text are those of its parts', () => {
    const sentence = 'This is a sentence of eight words here. ';
    expect(new Set(split(sentence.repeat(2000)))).toEqual(new Set([sentence.trim()]));
    expect(split(sentence.repeat(2000))).toHaveLength(2000);
  });

  it('hold everything visible, in order', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        let end = 0;
        for (const span of sentencesOf(text, { start: 0, end: text.length })) {
          expect(text.slice(end, span.start).trim()).toBe('');
          expect(text.slice(span.start, span.end)).toMatch(/^\S(?:[^]*\S)?$/);
          end = span.end;
        }
        expect(text.slice(end).trim()).toBe('');
      }),
    );
  });
});
