// SPDX-License-Identifier: Apache-2.0
// The public face of ingest: files become signed, sealed, indexed documents.
export * from './binder.ts';
export * from './class-publisher.ts';
export * from './committer.ts';
export { matcher, SIDECAR_ENDING } from './discover.ts';
export * from './file-source.ts';
export { decodeGrants, MAX_SIDECAR_BYTES } from './grants.ts';
export * from './ingestion.ts';
export * from './journal.ts';
export type { CustomLoader, LoadedBlock, LoadedDocument, Source } from './parse/index.ts';
export * from './queue.ts';
export * from './reembed.ts';
export * from './source.ts';
export * from './tombstone.ts';
export * from './types.ts';
