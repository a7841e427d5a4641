// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { concat, u16be, u32be, utf8 } from '../../src/core/index.ts';
import { leafHash } from '../../src/provenance/merkle.ts';
import {
  decodeBundle,
  encodeBundle,
  levelCount,
  newTiles,
  nodePlace,
  partialTiles,
  tileAt,
  type TileRef,
  tilePath,
} from '../../src/provenance/tiles.ts';
import { fc } from '../support/property.ts';
import { everyTruncation, expectRefusal } from '../support/tampering.ts';

describe('paths', () => {
  it.each<[TileRef, string]>([
    [{ level: 0, index: 0, width: 256 }, 'tile/0/000'],
    [{ level: 0, index: 1_234_067, width: 256 }, 'tile/0/x001/x234/067'],
    [{ level: 1, index: 999, width: 256 }, 'tile/1/999'],
    [{ level: 1, index: 1000, width: 1 }, 'tile/1/x001/000.p/1'],
    [{ level: 0, index: 273, width: 112 }, 'tile/0/273.p/112'],
    [{ level: 'entries', index: 5, width: 255 }, 'tile/entries/005.p/255'],
    [{ level: 63, index: 999_999, width: 256 }, 'tile/63/x999/999'],
    [{ level: 'entries', index: 10 ** 9, width: 256 }, 'tile/entries/x001/x000/x000/000'],
  ])('of %j is %s as C2SP tlog-tiles has it', (ref, path) => {
    expect(tilePath(ref)).toBe(path);
  });
});

describe('the tiles of a log', () => {
  it('of 70,000 entries are those of the C2SP example', () => {
    const paths = newTiles(0, 70_000).map(tilePath);
    expect(paths.filter((path) => path.startsWith('tile/0/'))).toHaveLength(274);
    expect(paths).toContain('tile/0/273.p/112');
    expect(paths).toContain('tile/1/000');
    expect(paths).toContain('tile/1/001.p/17');
    expect(paths).toContain('tile/2/000.p/1');
    expect(paths).toContain('tile/entries/273.p/112');
    expect(partialTiles(70_000).map(tilePath).sort()).toEqual([
      'tile/0/273.p/112',
      'tile/1/001.p/17',
      'tile/2/000.p/1',
      'tile/entries/273.p/112',
    ]);
  });

  it.each([
    [0, 1, ['tile/0/000.p/1', 'tile/entries/000.p/1']],
    [1, 1, []],
    [255, 256, ['tile/0/000', 'tile/entries/000', 'tile/1/000.p/1']],
    [256, 257, ['tile/0/001.p/1', 'tile/entries/001.p/1']],
    [65_535, 65_536, ['tile/0/255', 'tile/entries/255', 'tile/1/000', 'tile/2/000.p/1']],
  ])('that growing from %d to %d adds', (oldSize, size, paths) => {
    expect(newTiles(oldSize, size).map(tilePath)).toEqual(paths);
  });

  it('end full at a multiple of 256, without an empty tile behind', () => {
    expect(partialTiles(256).map(tilePath)).toEqual(['tile/1/000.p/1']);
    expect(tileAt(0, 1, 256)).toBeNull();
    expect(tileAt('entries', 0, 256)).toEqual({ level: 'entries', index: 0, width: 256 });
    expect(tileAt(0, 0, 0)).toBeNull();
    expect(levelCount(2, 65_536)).toBe(1);
    expect(levelCount(1, 2 ** 40)).toBe(2 ** 32);
  });

  it('together are the tiles of the final size, however the log grew', () => {
    const steps = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(steps, (growth) => {
        let size = 0;
        const widest = new Map<string, number>();
        for (const step of growth) {
          for (const ref of newTiles(size, size + step)) {
            widest.set(`${ref.level} ${ref.index}`, ref.width);
          }
          size += step;
        }
        const final = newTiles(0, size).map((ref) => [`${ref.level} ${ref.index}`, ref.width]);
        expect(Object.fromEntries(widest)).toEqual(Object.fromEntries(final));
      }),
    );
  });

  it('hold every tree node where the layout says', () => {
    expect(nodePlace(0, 300)).toEqual({ tileLevel: 0, tileIndex: 1, from: 44, count: 1 });
    expect(nodePlace(7, 3)).toEqual({ tileLevel: 0, tileIndex: 1, from: 128, count: 128 });
    expect(nodePlace(8, 257)).toEqual({ tileLevel: 1, tileIndex: 1, from: 1, count: 1 });
    expect(nodePlace(17, 0)).toEqual({ tileLevel: 2, tileIndex: 0, from: 0, count: 2 });
  });
});

describe('entry bundles', () => {
  const entries = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 20 });

  it('give back their entries', () => {
    fc.assert(
      fc.property(entries, (list) => {
        expect(decodeBundle(encodeBundle(list), list.length)).toEqual(list);
      }),
    );
  });

  it('prefix each entry with its length in two bytes', () => {
    expect(encodeBundle([utf8('ab'), new Uint8Array(0)])).toEqual(
      concat(u16be(2), utf8('ab'), u16be(0)),
    );
  });

  it('are refused cut short, with more or fewer entries than wanted, or with bytes left over', () => {
    const list = [utf8('one'), utf8('two'), u32be(3)];
    const bundle = encodeBundle(list);
    for (const cut of everyTruncation(bundle))
      expectRefusal(() => decodeBundle(cut, 3), 'LOG_TRUNCATED');
    for (const width of [0, 2, 4, 256]) {
      expectRefusal(() => decodeBundle(bundle, width), 'LOG_TRUNCATED');
    }
    expectRefusal(() => decodeBundle(concat(bundle, u16be(0)), 3), 'LOG_TRUNCATED');
    expectRefusal(() => decodeBundle(concat(bundle, Uint8Array.of(0)), 3), 'LOG_TRUNCATED');
    const lies = concat(u16be(65_535), leafHash(u32be(1)));
    expectRefusal(() => decodeBundle(lies, 1), 'LOG_TRUNCATED');
  });
});
