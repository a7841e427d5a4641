// SPDX-License-Identifier: Apache-2.0
// The public face of embedding: the port, and the embedders that need no network.
export * from './built-in.ts';
export * from './embedder.ts';
export { endpointEmbedder, type EndpointOptions } from './endpoint-embedder.ts';
export * from './hash-embedder.ts';
export { staticEmbedder, type StaticEmbedderOptions } from './static-embedder.ts';
