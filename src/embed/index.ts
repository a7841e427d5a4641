// SPDX-License-Identifier: Apache-2.0
// The public face of embedding: the port, and the embedder that needs no model.
export * from './embedder.ts';
export * from './hash-embedder.ts';
