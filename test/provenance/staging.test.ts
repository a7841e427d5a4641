// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { concat, hex, lp, u32be, utf8 } from '../../src/core/index.ts';
import { leafHash } from '../../src/provenance/merkle.ts';
import {
  batchFiles,
  decodeStaging,
  encodeStaging,
  MAX_STAGED_ENTRIES,
  stagingPath,
} from '../../src/provenance/staging.ts';
import { decodeBundle } from '../../src/provenance/tiles.ts';
import { TreeEdge } from '../../src/provenance/tree-edge.ts';
import { everyTruncation, expectRefusal } from '../support/tampering.ts';

const ENTRIES = Array.from({ length: 600 }, (_, i) => utf8(`entry ${i}`));

describe('a staged batch', () => {
  it('gives back its entries', () => {
    const most = ENTRIES.slice(0, MAX_STAGED_ENTRIES);
    expect(decodeStaging(encodeStaging(most))).toEqual(most);
    expect(decodeStaging(encodeStaging([]))).toEqual([]);
  });

  it('is refused cut inside an entry, without its label, or with lengths that lie', () => {
    const [one, two] = [encodeStaging(ENTRIES.slice(0, 1)), encodeStaging(ENTRIES.slice(0, 2))];
    const label = lp('sr/staging/v1');
    for (const cut of everyTruncation(two)) {
      if (cut.length === one.length || cut.length === label.length) continue;
      expectRefusal(() => decodeStaging(cut), 'FORMAT_INVALID');
    }
    expectRefusal(() => decodeStaging(lp('sr/staging/v2')), 'FORMAT_INVALID');
    expectRefusal(() => decodeStaging(concat(label, u32be(2 ** 32 - 1))), 'FORMAT_INVALID');
    expectRefusal(() => decodeStaging(lp(Uint8Array.of(0xff))), 'FORMAT_INVALID');
  });

  it('is named by the size and root that it leads to', () => {
    const root = leafHash(utf8('x'));
    expect(stagingPath(12, root)).toBe(`staging/12-${hex(root)}`);
  });
});

describe('the files of a batch', () => {
  /** Writes the log batch by batch, as a sequencer does, and returns the newest bytes of every path. */
  function written(cuts: readonly number[]): Map<string, Uint8Array> {
    const files = new Map<string, Uint8Array>();
    let before = TreeEdge.empty;
    for (const cut of cuts) {
      const fresh = ENTRIES.slice(before.size, cut);
      const { edge: after, full } = before.append(fresh.map(leafHash));
      const tail = ENTRIES.slice(before.size - (before.size % 256), before.size);
      for (const { path, bytes } of batchFiles({
        before,
        after,
        full,
        entries: [...tail, ...fresh],
      })) {
        files.set(path, bytes);
      }
      before = after;
    }
    return files;
  }

  it('hold the leaf hashes and entries of their places, full or partial', () => {
    const files = written([600]);
    expect([...files.keys()].sort()).toEqual([
      ...['tile/0/000', 'tile/0/001', 'tile/0/002.p/88', 'tile/1/000.p/2'],
      ...['tile/entries/000', 'tile/entries/001', 'tile/entries/002.p/88'],
    ]);
    const tile = concat(...ENTRIES.slice(256, 512).map(leafHash));
    expect(hex(files.get('tile/0/001') ?? tile.subarray(1))).toBe(hex(tile));
    const bundle = files.get('tile/entries/002.p/88') ?? new Uint8Array(0);
    expect(decodeBundle(bundle, 88)).toEqual(ENTRIES.slice(512));
  });

  it('are the same full tiles, however the log was cut into batches', () => {
    const whole = written([600]);
    for (const cuts of [
      [1, 255, 256, 257, 511, 512, 600],
      [64, 128, 192, 256, 320, 600],
      [300, 599, 600],
    ]) {
      const files = written(cuts);
      for (const [path, bytes] of whole)
        expect(hex(files.get(path) ?? utf8(path))).toBe(hex(bytes));
    }
  });
});
