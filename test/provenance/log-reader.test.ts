// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { concat, hex, type ObjectStore, utf8 } from '../../src/core/index.ts';
import { LogReader } from '../../src/provenance/log-reader.ts';
import {
  foldRight,
  type Hash,
  leafHash,
  nodeHash,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from '../../src/provenance/merkle.ts';
import { encodeBundle, tilePath } from '../../src/provenance/tiles.ts';
import { TreeEdge } from '../../src/provenance/tree-edge.ts';
import { LogAuthor } from '../support/log-author.ts';
import { LogWorld } from '../support/log-world.ts';
import { codeRejectedBy, expectRejection, flipBit } from '../support/tampering.ts';

const ENTRIES = Array.from({ length: 700 }, (_, i) => utf8(`entry ${i}`));
const LEAVES = ENTRIES.map(leafHash);
const LEAF = leafHash(utf8('same'));

/** A published log of these entries, whatever they say. */
async function logOf(size: number): Promise<[LogWorld, LogReader]> {
  const world = new LogWorld(new LogAuthor());
  await world.forge(ENTRIES.slice(0, size));
  return [world, new LogReader(world.store, LogWorld.prefix)];
}

describe('reading a log', () => {
  it.each([1, 2, 255, 256, 257, 512, 700])('of %d entries proves every entry', async (size) => {
    const [, reader] = await logOf(size);
    const head = { size, root: rootOf(LEAVES.slice(0, size)) };
    for (let index = 0; index < size; index += size > 64 ? 17 : 1) {
      expect(Buffer.from(await reader.provenEntry(index, head)).toString()).toBe(`entry ${index}`);
      const proof = await reader.inclusionProof(index, size);
      const leaf = LEAVES[index] as Hash;
      expect(verifyInclusion(leaf, { index, size }, proof, head.root)).toBe(true);
    }
  });

  it.each([
    [1, 700],
    [255, 256],
    [256, 700],
    [257, 513],
    [300, 700],
    [512, 512],
  ])('proves that %d entries are the beginning of %d', async (oldSize, size) => {
    const [, reader] = await logOf(size);
    const older = { size: oldSize, root: rootOf(LEAVES.slice(0, oldSize)) };
    const newer = { size, root: rootOf(LEAVES.slice(0, size)), origin: 'x', note: '' };
    const proof = await reader.consistencyProof(oldSize, size);
    expect(verifyConsistency(older, newer, proof)).toBe(true);
    await reader.checkContinues(older, newer);
    const forged = { ...older, root: leafHash(older.root) };
    await expectRejection(reader.checkContinues(forged, newer), 'SPLIT_VIEW');
    if (oldSize < size)
      await expectRejection(reader.checkContinues(newer, { ...newer, ...older }), 'ROLLBACK');
  });

  it.each([
    [1, 700],
    [2, 3],
    [255, 700],
    [256, 700],
    [300, 700],
    [512, 513],
  ])('INV-LOG-TILES: tells damaged tiles from a rollback of %d to %d', async (oldSize, size) => {
    const [world, reader] = await logOf(size);
    const older = { size: oldSize, root: rootOf(LEAVES.slice(0, oldSize)) };
    const newer = { size, root: rootOf(LEAVES.slice(0, size)), origin: 'x', note: '' };
    const codes = new Set<string | null>();
    for (const path of await world.paths('tile/')) {
      const tile = (await world.bytes(path)) ?? utf8('');
      await world.plant(path, flipBit(tile, tile.length * 8 - 1));
      // Tiles that the proof does not need may say what they like.
      codes.add(
        await codeRejectedBy(
          new LogReader(world.store, LogWorld.prefix).checkContinues(older, newer),
        ),
      );
      const refused = await codeRejectedBy(reader.checkContinues(older, newer));
      await world.plant(path, tile);
      // The refusal made it forget, so that a repaired store is read again.
      if (refused !== null) await reader.checkContinues(older, newer);
      reader.forget();
    }
    expect(codes).toEqual(new Set([null, 'PROOF_INVALID']));
  });

  it('takes the full tile and bundle when the partial one was removed after the log grew', async () => {
    const [world, reader] = await logOf(300);
    await world.forge(ENTRIES);
    for (const path of ['tile/0/001.p/44', 'tile/entries/001.p/44']) await world.plant(path, null);
    const head = { size: 300, root: rootOf(LEAVES.slice(0, 300)) };
    expect(Buffer.from(await reader.provenEntry(299, head)).toString()).toBe('entry 299');
    const older = { size: 257, root: rootOf(LEAVES.slice(0, 257)) };
    await reader.checkContinues(older, { ...head, origin: 'x', note: '' });
    expect(hex((await reader.edge(290, 300)).root())).toBe(hex(rootOf(LEAVES.slice(0, 290))));
    for (const path of ['tile/0/001', 'tile/entries/001']) {
      const bytes = (await world.bytes(path)) ?? utf8('');
      await world.plant(path, bytes.slice(0, -1));
      const fresh = new LogReader(world.store, LogWorld.prefix);
      await expectRejection(fresh.provenEntry(299, head), 'LOG_TRUNCATED');
      await world.plant(path, bytes);
    }
  });

  it('gives the right edge of the log at every earlier size', async () => {
    const [, reader] = await logOf(700);
    for (const at of [0, 1, 255, 256, 257, 511, 512, 513, 699, 700]) {
      const edge = await reader.edge(at, 700);
      const expected = TreeEdge.empty.append(LEAVES.slice(0, at)).edge;
      expect(edge.size).toBe(at);
      expect(edge.levels.map((hashes) => hashes.map(hex))).toEqual(
        expected.levels.map((hashes) => hashes.map(hex)),
      );
      expect(hex(edge.root())).toBe(hex(rootOf(LEAVES.slice(0, at))));
    }
  });

  it('INV-LOG-INCLUSION: does not give an entry that is not under the signed root', async () => {
    const [world, reader] = await logOf(300);
    const head = { size: 300, root: rootOf(LEAVES.slice(0, 300)) };
    const other = ENTRIES.slice(256, 300).with(3, utf8('entry x'));
    await world.plant('tile/entries/001.p/44', encodeBundle(other));
    await expectRejection(reader.provenEntry(259, head), 'PROOF_INVALID');
    // The refusal made it forget the bundle, so that a repaired store is read again.
    await world.plant('tile/entries/001.p/44', encodeBundle(ENTRIES.slice(256, 300)));
    expect(Buffer.from(await reader.provenEntry(259, head)).toString()).toBe('entry 259');
    expect(Buffer.from(await reader.provenEntry(258, head)).toString()).toBe('entry 258');
    const tile = (await world.bytes('tile/0/001.p/44')) ?? utf8('');
    await world.plant('tile/0/001.p/44', flipBit(tile, 0));
    await expectRejection(
      new LogReader(world.store, LogWorld.prefix).provenEntry(258, head),
      'PROOF_INVALID',
    );
  });

  it('says when tiles or entries are missing or have another size', async () => {
    const [world, reader] = await logOf(300);
    const head = { size: 300, root: rootOf(LEAVES.slice(0, 300)) };
    await expect(reader.provenEntry(300, head)).rejects.toThrow(RangeError);
    const tile = (await world.bytes('tile/0/000')) ?? utf8('');
    for (const bytes of [
      null,
      tile.slice(32),
      concat(tile, tile.slice(0, 32)),
      tile.slice(1),
      utf8(''),
    ]) {
      await world.plant('tile/0/000', bytes);
      const fresh = new LogReader(world.store, LogWorld.prefix);
      expect(await codeRejectedBy(fresh.inclusionProof(5, 300))).toBe('LOG_TRUNCATED');
    }
    await world.plant('tile/entries/000', null);
    await expectRejection(reader.entry(5, 300), 'LOG_TRUNCATED');
    await expectRejection(reader.entry(600, 300), 'LOG_TRUNCATED');
    await expectRejection(reader.edge(600, 300), 'LOG_TRUNCATED');
  });

  it('reads again what it has read before only after it was told to forget', async () => {
    const [world, reader] = await logOf(300);
    const before = await reader.entry(1, 300);
    await world.plant('tile/entries/000', encodeBundle(ENTRIES.slice(1, 257)));
    expect(await reader.entry(1, 300)).toBe(before);
    reader.forget();
    expect(Buffer.from(await reader.entry(1, 300)).toString()).toBe('entry 2');
  });
});

const uniform = new Map<number, Hash>([[0, LEAF]]);
function uniformRoot(level: number): Hash {
  const known = uniform.get(level);
  if (known !== undefined) return known;
  const below = uniformRoot(level - 1);
  const hash = nodeHash(below, below);
  uniform.set(level, hash);
  return hash;
}

/** The tiles of a log of `size` equal entries, computed when they are asked for; nothing else is there. */
function uniformStore(size: number): ObjectStore {
  const getRange = (path: string): Promise<Uint8Array | null> => {
    const level = Number(/^log\/tile\/(\d+)\//.exec(path)?.[1] ?? Number.NaN);
    const width = Number(/\.p\/(\d+)$/.exec(path)?.[1] ?? 256);
    const count = Math.floor(size / 256 ** level);
    const last = tilePath({ level, index: Math.floor(count / 256), width: count % 256 });
    if (width !== 256 && path !== `log/${last}`) return Promise.resolve(null);
    return Promise.resolve(concat(...new Array<Hash>(width).fill(uniformRoot(8 * level))));
  };
  return { getRange } as unknown as ObjectStore;
}

describe('a log too large to write in a test', () => {
  /** One complete subtree for each bit of the size. */
  const rootAt = (size: number): Hash => {
    const bits = Array.from(size.toString(2));
    const levels = bits.flatMap((bit, i) => (bit === '1' ? [bits.length - 1 - i] : []));
    return foldRight(levels.map(uniformRoot));
  };

  it.each([65_535, 65_536, 65_537, 65_536 + 256, 2 ** 24 + 5, 2 ** 32 + 2 ** 16 + 1, 2 ** 40 - 1])(
    'of %d entries proves entries, older sizes and its edge',
    async (size) => {
      const reader = new LogReader(uniformStore(size), 'log/');
      const newer = { size, root: rootAt(size), origin: 'x', note: '' };
      for (const index of [0, 255, 256, 65_534, Math.floor(size / 2), size - 1]) {
        const proof = await reader.inclusionProof(index, size);
        expect(verifyInclusion(LEAF, { index, size }, proof, newer.root)).toBe(true);
      }
      for (const at of [1, 256, 65_535, Math.floor(size / 3), size - 1]) {
        await reader.checkContinues({ size: at, root: rootAt(at) }, newer);
        expect(hex((await reader.edge(at, size)).root())).toBe(hex(rootAt(at)));
      }
      const appended = (await reader.edge(size - 1, size)).append([LEAF]).edge;
      expect(hex(appended.root())).toBe(hex(newer.root));
    },
  );
});
