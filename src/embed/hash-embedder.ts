// SPDX-License-Identifier: Apache-2.0
import { setImmediate } from 'node:timers/promises';
import { stem } from 'porter2';
import { fail, hex, jcsBytes, sha256 } from '../core/index.ts';
import type { Embedder, EmbedderIdentity, EmbedOptions } from './embedder.ts';

const DIMS = 256;
/** Words taken of one text. */
const MAX_WORDS = 4096;
/** Characters in a row that make a feature: two in scripts written without spaces, four elsewhere. */
const GRAM = 4;
const UNSPACED_GRAM = 2;
/** Worth of a character feature; that of a word is 1. */
const GRAM_WEIGHT = 0.5;
/** Texts between two turns of the event loop: some 10 ms. */
const SLICE = 64;

// The regular expressions and words are those of the lexical index today, but not shared with it: they are frozen by
// the digest below, while the index may learn better ones.
const WORD = /[\p{L}\p{N}\p{M}]{1,64}/gu;
const ENGLISH = /^[a-z]{3,}$/;
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const FUNCTION_WORDS =
  'a an and are as at be but by can do does for from had has have he her his how i if in into is it its me my no not ' +
  'of on or our s she so t than that the their them then there these they this to was we were what when where which ' +
  'who why will with would you your';

/** Everything that decides a vector. */
const PARAMETERS = {
  algorithm: 'sr/hash-embedder/v1',
  dims: DIMS,
  maxWords: MAX_WORDS,
  word: WORD.source,
  english: ENGLISH.source,
  stemmer: 'porter2 1.1.0',
  unspaced: UNSPACED.source,
  functionWords: FUNCTION_WORDS,
  gram: GRAM,
  unspacedGram: UNSPACED_GRAM,
  gramWeight: String(GRAM_WEIGHT),
  weight: '1 + ln(occurrences)',
  hash: 'fnv-1a-32 over utf-16 units, murmur3 fmix32; bucket = low bits, sign = top bit',
};

const IDENTITY: EmbedderIdentity = {
  space: 'sr/hash-256/v1',
  model: { id: 'strongroom-hash-256-v1', sha256: hex(sha256(jcsBytes(PARAMETERS))) },
  dims: DIMS,
  dtype: 'i8',
};

/** How often each feature occurs in a text, by hash. */
interface Features {
  readonly words: Map<number, number>;
  readonly grams: Map<number, number>;
}

const WORD_BASIS = 0x811c9dc5;
const GRAM_BASIS = 0x050c5d1f;
const SKIPPED: ReadonlySet<string> = new Set(FUNCTION_WORDS.split(' '));

/**
 * The embedder that is always there: no model file, no network, no randomness. Feature hashing (Weinberger et al.,
 * 2009): stemmed words and short runs of characters are hashed to signed buckets, weighted `1 + ln(occurrences)`. It
 * finds shared words and spellings, not meaning: a little help beside BM25, weak alone.
 *
 * A text without letters or digits, or of function words only, counts as one word of its first 64 code units; so every
 * text has a feature, and the empty one too. Should all features cancel out, the vector is the first unit vector.
 *
 * Questions and passages are embedded alike. All work is done on the calling thread, in slices of 64 texts; between them
 * the signal is heard, with {@link ABORTED}.
 */
export function hashEmbedder(): Embedder {
  return {
    identity: IDENTITY,
    async embedDocuments(texts, { signal }: EmbedOptions = {}) {
      const vectors: Float32Array[] = [];
      for (const text of texts) {
        if (vectors.length % SLICE === 0) await setImmediate();
        if (signal?.aborted === true) throw fail('ABORTED', 'embedding was cancelled');
        vectors.push(embed(text));
      }
      return vectors;
    },
    async embedQuery(text, options) {
      const [vector] = await this.embedDocuments([text], options);
      return vector as Float32Array;
    },
  };
}

function embed(text: string): Float32Array {
  const features: Features = { words: new Map(), grams: new Map() };
  let words = 0;
  for (const [word] of text.matchAll(WORD)) {
    if (words++ === MAX_WORDS) break;
    const folded = fold(word);
    if (!SKIPPED.has(folded)) addWord(features, folded);
  }
  if (features.words.size === 0) addWord(features, fold(text.slice(0, 64)));
  const vector = new Float32Array(DIMS);
  project(features.words, 1, vector);
  project(features.grams, GRAM_WEIGHT, vector);
  if (vector.every((component) => component === 0)) vector[0] = 1;
  return vector;
}

function addWord({ words, grams }: Features, word: string): void {
  count(words, hashOf(ENGLISH.test(word) ? stem(word) : word, WORD_BASIS));
  const width = UNSPACED.test(word) ? UNSPACED_GRAM : GRAM;
  const bounded = `<${word}>`;
  for (let at = 0; at + width <= bounded.length; at++) {
    count(grams, hashOf(bounded.slice(at, at + width), GRAM_BASIS));
  }
}

function count(features: Map<number, number>, hash: number): void {
  features.set(hash, (features.get(hash) ?? 0) + 1);
}

function project(
  features: ReadonlyMap<number, number>,
  weight: number,
  vector: Float32Array,
): void {
  for (const [hash, occurrences] of features) {
    const bucket = hash & (DIMS - 1);
    const sign = hash < 0 ? -1 : 1;
    vector[bucket] = (vector[bucket] as number) + sign * weight * (1 + Math.log(occurrences));
  }
}

/** FNV-1a over UTF-16 code units with the finaliser of MurmurHash3, so that all bits may be used. Signed 32 bits. */
function hashOf(text: string, basis: number): number {
  let h = basis;
  for (let at = 0; at < text.length; at++) {
    h = Math.imul(h ^ text.charCodeAt(at), 0x01000193);
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function fold(word: string): string {
  return word.normalize('NFKC').toLowerCase();
}
