// SPDX-License-Identifier: Apache-2.0
// The public face of provenance: signed statements, trees, the log, the ledger and their verification.
export * from './apply.ts';
export type { CommitOutcome, RefusalReason, StateSnapshot } from './batch.ts';
export * from './checkpoint.ts';
export * from './chunk-tree.ts';
export * from './cosignature.ts';
export * from './dsse.ts';
export * from './ledger.ts';
export * from './log-reader.ts';
export * from './merkle.ts';
export * from './note.ts';
export * from './predicates.ts';
export * from './public-key.ts';
export * from './published-head.ts';
export * from './receipt.ts';
export * from './receipt-verify.ts';
export * from './replay.ts';
export * from './roles.ts';
export * from './sealed-list.ts';
export * from './sequencer.ts';
export { type HeadRecord, INITIAL_LOCK, type LockState, type LockStore } from './staging.ts';
export * from './state.ts';
export * from './statement.ts';
export { levelCount, partialTiles, TILE_WIDTH, tileAt, tilePath, type TileRef } from './tiles.ts';
export * from './tlog-proof.ts';
export * from './trie.ts';
export * from './trust.ts';
export * from './vector.ts';
