// SPDX-License-Identifier: Apache-2.0
// The public face of the index: passages by access class, found by vector and by words.
export { type Bag, idOf, languageOfRows, occurrencesOf } from './bags.ts';
export { B, K1 } from './bm25.ts';
export { type Centroids, centroidsOf, trainCentroids } from './centroids.ts';
export { fusedScore, fusionWeights, type FusionWeights, share } from './fusion.ts';
export { LANGUAGES } from './language.ts';
export * from './memory-index.ts';
export * from './port.ts';
export { checkClasses, checkClassNo, checkedSearch, prepare } from './prepare.ts';
export { type DecodedClass, decodeClass, type SegmentPlace } from './segment-decode.ts';
export { type EncodedSegment, SEGMENT_BYTES } from './segment-encode.ts';
export { queryTermsOf, TOKENISER } from './words.ts';
