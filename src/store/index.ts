// SPDX-License-Identifier: Apache-2.0
// The public face of store: object stores, sealed documents and records, key table, home directory.
export * from './audit-trail.ts';
export * from './conflict.ts';
export * from './document-open.ts';
export * from './document-seal.ts';
export * from './file-lock.ts';
export * from './file-store.ts';
export * from './home.ts';
export * from './key-table.ts';
export * from './ledger-cache.ts';
export * from './lock-store.ts';
export * from './memory-store.ts';
export * from './paths.ts';
export * from './sealed-bytes.ts';
export * from './sealed-record.ts';
export * from './sqlite.ts';
export * from './writer-lock.ts';
