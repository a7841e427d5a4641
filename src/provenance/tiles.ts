// SPDX-License-Identifier: Apache-2.0
// C2SP tlog-tiles: paths, widths and bundles. Pure.
import { concat, fail, readU16, u16be } from '../core/index.ts';

/** Hashes of a full tile, entries of a full bundle. */
export const TILE_WIDTH = 256;
const TILE_HEIGHT = 8;

/** Longest bytes of a hash tile: a full one. */
export const MAX_TILE_BYTES = TILE_WIDTH * 32;

/** Longest bytes of a bundle: a full one of the longest entries that a u16be length allows, which need not be ours. */
export const MAX_BUNDLE_BYTES = TILE_WIDTH * (2 + 0xffff);

/** One hash tile or entry bundle of a log of some size. */
export interface TileRef {
  /** Tile level, or 'entries' for a bundle. */
  readonly level: number | 'entries';
  readonly index: number;
  /** 1..256; 256 is a full tile. */
  readonly width: number;
}

/** `tile/<L>/<N>[.p/<W>]`, N in groups of three digits. */
export function tilePath({ level, index, width }: TileRef): string {
  const partial = width === TILE_WIDTH ? '' : `.p/${width}`;
  return `tile/${level}/${groups(index)}${partial}`;
}

/** How many hashes a tile level holds in a log of `size` entries. */
export function levelCount(level: number, size: number): number {
  return Math.floor(size / TILE_WIDTH ** level);
}

/** The tile at a place in a log of `size`, or null when the log has none there. */
export function tileAt(level: number | 'entries', index: number, size: number): TileRef | null {
  const count = levelCount(level === 'entries' ? 0 : level, size) - index * TILE_WIDTH;
  return count > 0 ? { level, index, width: Math.min(TILE_WIDTH, count) } : null;
}

/** The tiles and bundles that a log of `size` has and one of `oldSize` had not. */
export function newTiles(oldSize: number, size: number): TileRef[] {
  const refs: TileRef[] = [];
  for (let level = 0; levelCount(level, size) > 0; level++) {
    const [before, after] = [levelCount(level, oldSize), levelCount(level, size)];
    if (before === after) continue;
    const last = Math.floor((after - 1) / TILE_WIDTH);
    for (let index = Math.floor(before / TILE_WIDTH); index <= last; index++) {
      const tile = tileAt(level, index, size);
      if (tile === null) continue;
      refs.push(tile);
      if (level === 0) refs.push({ ...tile, level: 'entries' });
    }
  }
  return refs;
}

/** The partial tiles of a log of `size`: the right edge, superseded when the log grows. */
export function partialTiles(size: number): TileRef[] {
  const refs: TileRef[] = [];
  for (let level = 0; levelCount(level, size) > 0; level++) {
    const tile = tileAt(level, Math.floor(levelCount(level, size) / TILE_WIDTH), size);
    if (tile === null) continue;
    refs.push(tile);
    if (level === 0) refs.push({ ...tile, level: 'entries' });
  }
  return refs;
}

/** Where a tree node (level, index) is found: a tile and the range of its hashes that the node covers. */
export function nodePlace(
  level: number,
  index: number,
): { tileLevel: number; tileIndex: number; from: number; count: number } {
  const tileLevel = Math.floor(level / TILE_HEIGHT);
  const count = 2 ** (level - tileLevel * TILE_HEIGHT);
  const first = index * count;
  return {
    tileLevel,
    tileIndex: Math.floor(first / TILE_WIDTH),
    from: first % TILE_WIDTH,
    count,
  };
}

/** An entry bundle: each entry as u16be length || bytes. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  return concat(...entries.flatMap((entry) => [u16be(entry.length), entry]));
}

/**
 * Splits a bundle.
 * @param width how many entries it must hold
 * @throws {LOG_TRUNCATED} when it holds fewer, more or broken ones
 */
export function decodeBundle(bytes: Uint8Array, width: number): Uint8Array[] {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at + 2 <= bytes.length && entries.length < width) {
    const length = readU16(bytes, at);
    if (at + 2 + length > bytes.length) break;
    entries.push(bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  if (entries.length !== width || at !== bytes.length) {
    throw fail('LOG_TRUNCATED', 'an entry bundle of the log is damaged');
  }
  return entries;
}

function groups(index: number): string {
  const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, '0');
  const parts = digits.match(/.{3}/g) ?? [];
  return parts.map((part, i) => (i < parts.length - 1 ? `x${part}` : part)).join('/');
}
