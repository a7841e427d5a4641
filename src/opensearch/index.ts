// SPDX-License-Identifier: Apache-2.0
// The public face of opensearch: the index in an OpenSearch cluster. Loading it loads the client, so that `vault` does it
// only on demand.
export { replaceIndex } from './aliases.ts';
export type { PresentDocument } from './answers.ts';
export * from './connection.ts';
export { indexDefinition, type IndexShape } from './mapping.ts';
export * from './opensearch-index.ts';
export * from './security.ts';
