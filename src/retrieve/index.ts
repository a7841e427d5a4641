// SPDX-License-Identifier: Apache-2.0
// The public face of retrieve: queries, contexts and receipts from verified passages.
export * from './assemble.ts';
export * from './authorise.ts';
export * from './context.ts';
export * from './proven-documents.ts';
export type { Reranker } from './reorder.ts';
export * from './search.ts';
export type { SearchFilter } from './selection.ts';
export type * from './types.ts';
