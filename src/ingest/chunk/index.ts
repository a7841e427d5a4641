// SPDX-License-Identifier: Apache-2.0
// Documents into chunks.
export { type Chunk, chunkDocument, CHUNKER, type ChunkOptions, MAX_CHUNKS } from './chunker.ts';
export { sentencesOf, type Span } from './sentences.ts';
export { approximateTokens, type TokenCounter } from './token-counter.ts';
