// SPDX-License-Identifier: Apache-2.0
// The public face of retrieve: queries, contexts and receipts from verified passages.
export * from './assemble.ts';
export * from './authorise.ts';
export * from './context.ts';
export * from './proven-documents.ts';
export * from './search.ts';
export type * from './types.ts';
