// SPDX-License-Identifier: Apache-2.0

/** How much each ranking counts: `words * bm25 / max(bm25) + vectors * cos+ / max(cos+)`. */
export interface FusionWeights {
  readonly words: number;
  readonly vectors: number;
}

/** For spaces that were not measured: right for the vectors of transformers. */
const EQUAL_WEIGHTS: FusionWeights = { words: 1, vectors: 1 };

/**
 * Feature hashing ranks weakly by itself, and at equal weight it makes the whole worse than words alone. 0.1 was chosen
 * from 0, 0.05, 0.1 .. 0.3 and 1 on four collections, each cut into rows of 120 words, of 256 and not at all: nDCG@10
 * rises by 0.001 to 0.004 on Cranfield, 0.007 to 0.013 on Medline and 0.001 on 470 questions about five long texts,
 * and falls by 0.000 to 0.012 on 38 questions about AWS guides, where larger weights lose more. `eval:retrieval`
 * repeats the measurement.
 */
const BY_SPACE: Readonly<Record<string, FusionWeights>> = {
  'sr/hash-256/v1': { words: 1, vectors: 0.1 },
  // Whole abstracts gain up to weight 1 (Cranfield, Medline), passages of long texts lose from 0.3 on: between the two.
  'sr/minilm-256/v1': { words: 1, vectors: 0.6 },
};

/** What of the best a row has; 0 where nothing is found. */
export function share(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}

/** The score of a row by its shares of the best BM25 and of the best positive similarity among the caller's rows. */
export function fusedScore(
  { words, vectors }: FusionWeights,
  byWords: number,
  byVector: number,
): number {
  return words * byWords + vectors * byVector;
}

/**
 * Questions by the transformer point more exactly than those by the table, to passages of either: at equal weights Cranfield and
 * Medline gain .005 and .011 over 0.6, and questions about guides neither gain nor lose.
 */
const BY_QUESTIONS: Readonly<Record<string, FusionWeights>> = {
  'strongroom-minilm-256-v1': EQUAL_WEIGHTS,
};

/**
 * The weights for vectors of a space.
 * @param questions id of the model of the question, where that is known
 */
export function fusionWeights(space: string, questions = ''): FusionWeights {
  if (Object.hasOwn(BY_QUESTIONS, questions)) return BY_QUESTIONS[questions] as FusionWeights;
  return Object.hasOwn(BY_SPACE, space) ? (BY_SPACE[space] as FusionWeights) : EQUAL_WEIGHTS;
}
