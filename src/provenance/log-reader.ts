// SPDX-License-Identifier: Apache-2.0
import { LRUCache } from 'lru-cache';
import {
  compareBytes,
  fail,
  need,
  type ObjectStore,
  type ObjectVersion,
  readBounded,
} from '../core/index.ts';
import type { Checkpoint } from './checkpoint.ts';
import { MAX_ENTRY_BYTES } from './dsse.ts';
import {
  consistencyRanges,
  consistencyRoots,
  type Hash,
  inclusionRanges,
  leafHash,
  rangeHash,
  type TreeHead,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';
import { MAX_NOTE_BYTES } from './note.ts';
import { LOG_KEY_PATH, RECOVERY_PATH } from './recovery.ts';
import { TileNodes } from './tile-nodes.ts';
import {
  decodeBundle,
  levelCount,
  MAX_BUNDLE_BYTES,
  MAX_TILE_BYTES,
  nodePlace,
  TILE_WIDTH,
  tileAt,
  tilePath,
  type TileRef,
} from './tiles.ts';
import { TreeEdge } from './tree-edge.ts';

const CACHED_TILES = 512;
const CACHED_BUNDLES = 32;

/** Reads tiles and entries of one log from a hostile store. What it returns is unproven unless the method says so. */
export class LogReader {
  readonly #store: ObjectStore;
  readonly #prefix: string;
  readonly #tiles = new LRUCache<string, TileNodes>({
    // By size, since a cache by count makes room for all at once.
    maxSize: CACHED_TILES,
    sizeCalculation: () => 1,
  });
  readonly #bundles = new LRUCache<string, readonly Uint8Array[]>({ max: CACHED_BUNDLES });

  /** @param prefix path of the log inside the store, ending in `/` */
  constructor(store: ObjectStore, prefix: string) {
    this.#store = store;
    this.#prefix = prefix;
  }

  /** Bytes of the published checkpoint, or null. */
  async checkpointBytes(): Promise<Uint8Array | null> {
    return readBounded(this.#store, `${this.#prefix}checkpoint`, MAX_NOTE_BYTES);
  }

  /** What the store tells at once of the published checkpoint: equal tokens, equal bytes. Null when it cannot tell. */
  checkpointToken(): ObjectVersion | null {
    return this.#store.changeToken?.(`${this.#prefix}checkpoint`) ?? null;
  }

  /** Bytes of the recovery statement that the log was taken back by, or null. */
  async recoveryBytes(): Promise<Uint8Array | null> {
    return readBounded(this.#store, `${this.#prefix}${RECOVERY_PATH}`, MAX_ENTRY_BYTES);
  }

  /** Bytes of the statement that last changed the log key, or null. */
  async logKeyBytes(): Promise<Uint8Array | null> {
    return readBounded(this.#store, `${this.#prefix}${LOG_KEY_PATH}`, MAX_ENTRY_BYTES);
  }

  /**
   * One entry of a log of `size`, unproven.
   * @throws {LOG_TRUNCATED} when its bundle is missing or damaged
   */
  async entry(index: number, size: number): Promise<Uint8Array> {
    const bundle = await this.#bundle(Math.floor(index / TILE_WIDTH), size);
    return bundle[index % TILE_WIDTH] as Uint8Array;
  }

  /** Entries [from, size) in order, bundle by bundle, unproven. */
  async *entries(from: number, size: number): AsyncGenerator<[number, Uint8Array]> {
    for (let index = from; index < size; index++) yield [index, await this.entry(index, size)];
  }

  /** Audit path of an entry in a log of `size`. */
  async inclusionProof(index: number, size: number): Promise<Hash[]> {
    return this.#ranges(inclusionRanges(index, size), size);
  }

  /** Consistency proof between two sizes of the log. */
  async consistencyProof(oldSize: number, size: number): Promise<Hash[]> {
    return this.#ranges(consistencyRanges(oldSize, size), size);
  }

  /**
   * One entry, proven into a signed checkpoint.
   * @throws {PROOF_INVALID} when it does not lead to the signed root
   */
  async provenEntry(index: number, head: TreeHead): Promise<Uint8Array> {
    const entry = await this.entry(index, head.size);
    const proof = await this.inclusionProof(index, head.size);
    const at = { index, size: head.size };
    const included = verifyInclusion(leafHash(entry), at, proof, head.root);
    if (!included) this.forget();
    need(
      'INV-LOG-INCLUSION',
      included,
      'PROOF_INVALID',
      'a log entry is not under the signed root',
    );
    return entry;
  }

  /**
   * Shows that a signed head continues one that was seen before.
   * @throws {ROLLBACK} when it is shorter; {@link SPLIT_VIEW} when it tells another history; {@link PROOF_INVALID} when
   *   the tiles do not even give the new head's root
   */
  async checkContinues(older: TreeHead, newer: Checkpoint): Promise<void> {
    need(
      'INV-LOG-ROLLBACK',
      newer.size >= older.size,
      'ROLLBACK',
      `the log ends at ${newer.size}, but this machine has seen ${older.size} entries`,
      { seen: older.size, found: newer.size },
    );
    if (older.size === 0) return;
    const proof = await this.consistencyProof(older.size, newer.size);
    const continues = verifyConsistency(older, newer, proof);
    if (!continues && newer.size > older.size) await this.#checkTiles(older.size, newer, proof);
    need(
      'INV-LOG-CONSISTENCY',
      continues,
      'SPLIT_VIEW',
      'the log is not a continuation of the head seen before',
    );
  }

  /**
   * The right edge of the log at `at` entries, read from the tiles of a log of `size`, and checked against nothing:
   * compare its root, or that of what is appended to it, with a signed one.
   */
  async edge(at: number, size: number): Promise<TreeEdge> {
    const levels: (readonly Hash[])[] = [];
    for (let level = 0; levelCount(level, at) > 0; level++) {
      const count = levelCount(level, at);
      const index = Math.floor(count / TILE_WIDTH);
      const width = count % TILE_WIDTH;
      const hashes = width === 0 ? [] : (await this.#tile(level, index, size)).hashes;
      levels.push(hashes.slice(0, width));
    }
    return new TreeEdge(at, levels);
  }

  /** Drops cached partial tiles and bundles, after the log was changed under the reader. */
  forget(): void {
    this.#tiles.clear();
    this.#bundles.clear();
  }

  /** Damaged tiles are no rollback: the signed head may well continue the other one. */
  async #checkTiles(oldSize: number, newer: TreeHead, proof: readonly Hash[]): Promise<void> {
    // A proof from a power of two begins with the older root; that of the tiles is asked here, not the one in question.
    const [root = newer.root] = await this.#ranges([[0, oldSize]], newer.size);
    const roots = consistencyRoots({ size: oldSize, root }, newer.size, proof);
    this.forget();
    const givesHead = roots !== null && compareBytes(roots.newer, newer.root) === 0;
    need(
      'INV-LOG-TILES',
      givesHead,
      'PROOF_INVALID',
      'the tiles of the log do not give its signed root',
    );
  }

  async #ranges(ranges: readonly (readonly [number, number])[], size: number): Promise<Hash[]> {
    const hashes: Hash[] = [];
    for (const range of ranges) {
      hashes.push(await rangeHash(range, (level, index) => this.#node(level, index, size)));
    }
    return hashes;
  }

  async #node(level: number, index: number, size: number): Promise<Hash> {
    const { tileLevel, tileIndex, from, count } = nodePlace(level, index);
    const node = (await this.#tile(tileLevel, tileIndex, size)).node(from, count);
    if (node === undefined) throw truncated();
    return node;
  }

  async #tile(level: number, index: number, size: number): Promise<TileNodes> {
    const ref = tileAt(level, index, size);
    if (ref === null) throw truncated();
    const path = tilePath(ref);
    const cached = this.#tiles.get(path);
    if (cached !== undefined) return cached;
    const { bytes, width } = await this.#read(ref);
    if (bytes.length !== width * 32) throw truncated();
    const hashes = Array.from({ length: ref.width }, (_, i) => bytes.subarray(i * 32, i * 32 + 32));
    const tile = new TileNodes(hashes);
    this.#tiles.set(path, tile);
    return tile;
  }

  async #bundle(index: number, size: number): Promise<readonly Uint8Array[]> {
    const ref = tileAt('entries', index, size);
    if (ref === null) throw truncated();
    const path = tilePath(ref);
    const cached = this.#bundles.get(path);
    if (cached !== undefined) return cached;
    const { bytes, width } = await this.#read(ref);
    const entries = decodeBundle(bytes, width).slice(0, ref.width);
    this.#bundles.set(path, entries);
    return entries;
  }

  /** Bytes of a tile or bundle; the full one stands in for a partial one that was removed after the log grew. */
  async #read(ref: TileRef): Promise<{ bytes: Uint8Array; width: number }> {
    const limit = ref.level === 'entries' ? MAX_BUNDLE_BYTES : MAX_TILE_BYTES;
    for (const width of [ref.width, TILE_WIDTH]) {
      const path = this.#prefix + tilePath({ ...ref, width });
      const bytes = await readBounded(this.#store, path, limit);
      if (bytes !== null) return { bytes, width };
    }
    throw truncated();
  }
}

function truncated(): Error {
  return fail('LOG_TRUNCATED', 'the log lacks tiles or entries that its checkpoint covers');
}
