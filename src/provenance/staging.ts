// SPDX-License-Identifier: Apache-2.0
import { concat, fail, fromUtf8, type Hex, hex, lp, readU32 } from '../core/index.ts';
import { MAX_ENTRY_BYTES } from './dsse.ts';
import type { Hash } from './merkle.ts';
import { encodeBundle, newTiles, TILE_WIDTH, type TileRef, tilePath } from './tiles.ts';
import type { FullTile, TreeEdge } from './tree-edge.ts';

/** A file of the log: path relative to the log's prefix, and its bytes. */
export interface LogFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Path of a batch's staging object. */
export function stagingPath(size: number, root: Hash): string {
  return `staging/${size}-${hex(root)}`;
}

/** The log size that a staging path names; 0 for one that no sequencer has written. */
export function stagedSize(path: string): number {
  return Number(/\/([1-9][0-9]{0,15})-[0-9a-f]+$/.exec(path)?.[1] ?? 0);
}

/** What a batch adds to the log, from the edge before it to the edge after it. */
export interface BatchTiles {
  readonly before: TreeEdge;
  readonly after: TreeEdge;
  readonly full: readonly FullTile[];
  /** Entries of the bundle that was partial before the batch, followed by the batch's own. */
  readonly entries: readonly Uint8Array[];
}

/** The tiles and bundles that publishing a batch writes. */
export function batchFiles(batch: BatchTiles): LogFile[] {
  return newTiles(batch.before.size, batch.after.size).map((ref) => ({
    path: tilePath(ref),
    bytes: ref.level === 'entries' ? bundleBytes(batch, ref) : tileBytes(batch, ref),
  }));
}

/** A batch is up to 63 entries and the state entry that ends it. */
export const MAX_STAGED_ENTRIES = 64;
const STAGING_LABEL = lp('sr/staging/v1');
/** The longest staging object. */
export const MAX_STAGING_BYTES = STAGING_LABEL.length + MAX_STAGED_ENTRIES * (4 + MAX_ENTRY_BYTES);

/** Staged bytes of a batch: its new entries alone, from which everything else is computed again before signing. */
export function encodeStaging(entries: readonly Uint8Array[]): Uint8Array {
  return concat(STAGING_LABEL, ...entries.map((entry) => lp(entry)));
}

/**
 * Reads a staging object.
 * @throws {FORMAT_INVALID} when it is not one
 */
export function decodeStaging(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length > MAX_STAGING_BYTES)
    throw fail('FORMAT_INVALID', 'a staged batch is longer than any batch');
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = at + 4 <= bytes.length ? readU32(bytes, at) : Number.NaN;
    if (!(at + 4 + length <= bytes.length) || parts.length > MAX_STAGED_ENTRIES)
      throw fail('FORMAT_INVALID', 'a staged batch is cut short, or has too many entries');
    parts.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  const [label, ...entries] = parts;
  if (label === undefined || fromUtf8(label) !== 'sr/staging/v1') {
    throw fail('FORMAT_INVALID', 'not a staged batch');
  }
  return entries;
}

/** A head in the lock store's form. */
export interface HeadRecord {
  readonly size: number;
  readonly root: Hex;
}

/** What the lock store holds; it lies outside the object store, where a rollback of the store cannot reach it. */
export interface LockState {
  /** Rises by one when a sequencer takes over. */
  readonly fence: number;
  /** The newest head whose checkpoint was published. */
  readonly signed: HeadRecord | null;
  /** The head that is being signed and published, with the digest of its staging object. */
  readonly pending: (HeadRecord & { readonly stagingDigest: Hex }) | null;
}

/** One small record with compare-and-swap, writable by sequencers only. */
export interface LockStore {
  read(): Promise<LockState>;
  /** Replaces the record if it still equals `expected`; durable on return. */
  swap(expected: LockState, next: LockState): Promise<boolean>;
}

/** The lock state before the first batch. */
export const INITIAL_LOCK: LockState = { fence: 0, signed: null, pending: null };

function tileBytes(batch: BatchTiles, ref: TileRef): Uint8Array {
  const full = batch.full.find((tile) => tile.level === ref.level && tile.index === ref.index);
  const hashes = full?.hashes ?? batch.after.levels[ref.level as number] ?? [];
  return concat(...hashes);
}

function bundleBytes(batch: BatchTiles, ref: TileRef): Uint8Array {
  const firstIndex = batch.before.size - (batch.before.size % TILE_WIDTH);
  const from = ref.index * TILE_WIDTH - firstIndex;
  return encodeBundle(batch.entries.slice(from, from + ref.width));
}
