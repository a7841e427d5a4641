// SPDX-License-Identifier: Apache-2.0
// The public face of the index: passages by access class, found by vector and by words.
export { type Centroids, centroidsOf, trainCentroids } from './centroids.ts';
export * from './memory-index.ts';
export * from './port.ts';
export { type DecodedClass, decodeClass, type SegmentPlace } from './segment-decode.ts';
export { type EncodedSegment, SEGMENT_BYTES } from './segment-encode.ts';
