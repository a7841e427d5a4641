// SPDX-License-Identifier: Apache-2.0
// The public face of ingest: files become signed, sealed, indexed documents.
export * from './binder.ts';
export * from './class-publisher.ts';
export * from './committer.ts';
export * from './discover.ts';
export { decodeGrants } from './grants.ts';
export * from './ingestion.ts';
export * from './journal.ts';
export * from './reembed.ts';
export * from './tombstone.ts';
export * from './types.ts';
