// SPDX-License-Identifier: Apache-2.0
// The public face of embedding: the port, the built-in models, and adapters for those of others.
export * from './built-in.ts';
export * from './embedder.ts';
export { endpointEmbedder, type EndpointOptions } from './endpoint-embedder.ts';
export * from './hash-embedder.ts';
export { MINILM_PACKAGE, minilmEmbedder, type MinilmOptions } from './minilm-embedder.ts';
export { mixedEmbedder } from './mixed-embedder.ts';
export { onnxEmbedder, type OnnxOptions } from './onnx-embedder.ts';
export type { Pooling } from './sentence-model.ts';
export { staticEmbedder, type StaticEmbedderOptions } from './static-embedder.ts';
