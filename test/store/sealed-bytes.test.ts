// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/core/index.ts';
import { MemoryStore, SealedBytes } from '../../src/store/index.ts';
import { FixedClock } from '../support/fixed-clock.ts';

/** A store with two objects of ten bytes, of which it tells what was read; and a memory of 25 bytes over it. */
async function memory(): Promise<{ sealed: SealedBytes; reads: string[]; store: MemoryStore }> {
  const store = new MemoryStore(new FixedClock());
  for (const name of ['a', 'b', 'c']) await store.putIfAbsent(name, utf8('0123456789'));
  const reads: string[] = [];
  const watched = {
    stat: (path: string) => store.stat(path),
    getRange: (path: string, offset: number, length: number) => {
      reads.push(`${path} ${offset} ${length}`);
      return store.getRange(path, offset, length);
    },
  };
  return { sealed: new SealedBytes(watched, 25), reads, store };
}

const text = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString();

describe('sealed bytes in memory', () => {
  it('are those that were proven, and none that were only read', async () => {
    const { sealed, reads } = await memory();
    const read = await sealed.getRange('a', 2, 6);
    expect(text(await sealed.getRange('a', 2, 6))).toBe('234567');
    expect(reads).toHaveLength(2);
    sealed.keep('a', 2, read!);
    expect(text(await sealed.getRange('a', 2, 6))).toBe('234567');
    expect(text(await sealed.getRange('a', 3, 2))).toBe('34');
    expect(reads).toHaveLength(2);
    expect((await sealed.stat('a'))?.bytes).toBe(10);
  });

  it('do not answer for what lies before, behind, or in another object', async () => {
    const { sealed, reads } = await memory();
    sealed.keep('a', 2, utf8('234567'));
    expect(text(await sealed.getRange('a', 1, 3))).toBe('123');
    expect(text(await sealed.getRange('a', 7, 2))).toBe('78');
    expect(text(await sealed.getRange('a', 0, 11))).toBe('0123456789');
    expect(text(await sealed.getRange('b', 2, 6))).toBe('234567');
    expect(reads).toEqual(['a 1 3', 'a 7 2', 'a 0 11', 'b 2 6']);
  });

  it('are several ranges of one object, and leave when there are too many or they are forgotten', async () => {
    const { sealed, reads } = await memory();
    sealed.keep('a', 0, utf8('012'));
    sealed.keep('a', 5, utf8('567'));
    sealed.keep('b', 0, utf8('0123456789'));
    await sealed.getRange('a', 6, 2);
    await sealed.getRange('a', 0, 3);
    await sealed.getRange('b', 0, 10);
    expect(reads).toEqual([]);
    sealed.keep('c', 0, utf8('0123456789'));
    await sealed.getRange('a', 0, 3);
    expect(reads).toEqual(['a 0 3']);
    sealed.forget('b');
    await sealed.getRange('b', 0, 10);
    await sealed.getRange('c', 0, 10);
    expect(reads).toEqual(['a 0 3', 'b 0 10']);
    sealed.forget();
    await sealed.getRange('c', 0, 10);
    expect(reads).toHaveLength(3);
  });
});
