// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { hashEmbedder, passageText } from '../../src/embed/index.ts';
import { quantise } from '../../src/provenance/index.ts';
import { expectRejection } from '../support/tampering.ts';
import { describeEmbedder, likeness } from './conformance.ts';

const embedder = hashEmbedder();

describeEmbedder('the hash embedder', embedder, [
  '6fe3002ee993aecd',
  '3d4adfc1b16126aa',
  'eb355807135441aa',
  'ecdde957bd73fddc',
  'aac040d530486da1',
]);

describe('the hash embedder', () => {
  it('says what it is', () => {
    expect(embedder.identity).toEqual({
      space: 'sr/hash-256/v1',
      model: {
        id: 'strongroom-hash-256-v1',
        // A vault names this digest for ever: another one is another model and needs another id.
        sha256: '22cb23e075bfb97431a5d87d6af2b9cc3e0d4c6df237fcab5ef5b6b248d17920',
      },
      dims: 256,
      dtype: 'i8',
    });
  });

  it.each([
    ['nothing', ''],
    ['white space', ' \n\t'],
    ['symbols', '→ ※ !!'],
    ['a lone surrogate', '\ud800'],
    ['function words', 'what is the'],
    ['a megabyte of symbols', '!'.repeat(1_000_000)],
    ['a megabyte of letters', 'a'.repeat(1_000_000)],
    ['a million letters that grow when folded', '\ufdfa'.repeat(1_000_000)],
    ['a million words', 'ab '.repeat(1_000_000)],
  ])('gives a vector that can be stored for %s', async (_, text) => {
    expect(quantise(await embedder.embedQuery(text)).scale).toBeGreaterThan(0);
  });

  it('reads 4,096 words of a text', async () => {
    const text = Array.from({ length: 4096 }, (_, at) => `word${at % 9}`).join(' ');
    const [all, more] = await embedder.embedDocuments([text, `${text} more`]);
    expect(more).toEqual(all);
  });

  it('gives the first unit vector when all features cancel out', async () => {
    const vector = await embedder.embedQuery('\u03c08r');
    expect([...vector.entries()].filter(([, x]) => x !== 0)).toEqual([[0, 1]]);
  });

  it('finds texts more alike the more words and spellings they share', async () => {
    const text = 'encrypt the bucket with a customer managed key';
    const same = await likeness(embedder, text, 'The bucket: encrypt with customer managed KEY!');
    const inflected = await likeness(
      embedder,
      text,
      'encrypting buckets by managing customers keys',
    );
    const misspelt = await likeness(embedder, text, 'encrpt bukcet custmer mannaged');
    const other = await likeness(embedder, text, 'wing flutter at supersonic speed');
    expect(same).toBeGreaterThan(0.99);
    expect(inflected).toBeGreaterThan(misspelt);
    expect(misspelt).toBeGreaterThan(other + 0.1);
  });

  it('lets repeats count less and less', async () => {
    const once = await likeness(embedder, 'grant policy audit', 'grant');
    const thrice = await likeness(embedder, 'grant grant grant policy audit', 'grant');
    const often = await likeness(embedder, `${'grant '.repeat(9)} policy audit`, 'grant');
    expect(thrice - once).toBeGreaterThan(often - thrice);
  });

  it('stops in the middle of its work when it is told to', async () => {
    const controller = new AbortController();
    const work = embedder.embedDocuments(Array(100_000).fill('some words to embed'), {
      signal: controller.signal,
    });
    setImmediate(() => controller.abort());
    await expectRejection(work, 'ABORTED');
  });
});

describe('the text of a passage', () => {
  it('begins with what stands above it', () => {
    const place = { sourceUri: 'kms/key-rotation.md', title: 'Guide', headings: ['Guide', 'Part'] };
    expect(passageText(place, 'body')).toBe('kms key rotation\nGuide\nPart\nbody');
    expect(passageText({ sourceUri: '', title: null, headings: [] }, 'body')).toBe('body');
  });
});
