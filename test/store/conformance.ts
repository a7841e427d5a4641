// SPDX-License-Identifier: Apache-2.0
// What every object store must do: adapters of services pass this very suite.
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { compareUtf8, type ObjectStore, utf8 } from '../../src/core/index.ts';
import { collect } from '../support/collect.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { expectRejection } from '../support/tampering.ts';

/** Names that lead out of a store, to its hidden files, or nowhere. */
const HOSTILE_PATHS = [
  '',
  '/',
  '.',
  '..',
  '../a',
  'a/../b',
  'a/..',
  'a/./b',
  '/etc/passwd',
  'a//b',
  'a/',
  '.hidden',
  'a/.hidden',
  'a\\b',
  'C:a',
  'a b',
  'a\0b',
  'a\nb',
  'ä',
  '%2e%2e/a',
  '~/a',
  'a'.repeat(513),
];

/** Runs the suite against stores that `make` gives out empty; `again` opens another instance on the same content. */
export function describeObjectStore(
  name: string,
  make: () => { store: ObjectStore; again: () => ObjectStore },
): void {
  describe(`${name} writes`, () => {
    it('a new object once, and leaves the present one as it is', async () => {
      const { store } = make();
      expect(await store.putIfAbsent('a/b', utf8('first'))).toBe(true);
      expect(await store.putIfAbsent('a/b', utf8('second'))).toBe(false);
      expect(await textAt(store, 'a/b')).toBe('first');
    });

    it('what one of sixteen racing writers brought, whole', async () => {
      const { store, again } = make();
      const contents = Array.from({ length: 16 }, (_, i) => `${i} `.repeat(5000));
      const stores = [store, again()];
      const won = await Promise.all(
        contents.map((content, i) =>
          (stores[i % 2] as ObjectStore).putIfAbsent('race', utf8(content)),
        ),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await textAt(store, 'race')).toBe(contents[won.indexOf(true)]);
    });

    it('bytes that the caller may change afterwards', async () => {
      const { store } = make();
      const bytes = utf8('before');
      await store.putIfAbsent('a', bytes);
      bytes.fill(0);
      expect(await textAt(store, 'a')).toBe('before');
      ((await store.get('a'))?.bytes ?? bytes).fill(0);
      expect(await textAt(store, 'a')).toBe('before');
    });

    it('empty objects and objects of several megabytes', async () => {
      const { store } = make();
      const large = new SeededRandom('large').bytes(64 * 1024);
      const many = new Uint8Array(large.length * 48).map((_, i) => large[i % large.length] ?? 0);
      await store.putIfAbsent('empty', new Uint8Array(0));
      await store.putIfAbsent('large', many);
      expect((await store.get('empty'))?.bytes).toHaveLength(0);
      expect(Buffer.compare((await store.get('large'))?.bytes ?? large, many)).toBe(0);
    });
  });

  describe(`${name} swaps`, () => {
    it('the expected version and no other', async () => {
      const { store } = make();
      expect(await store.compareAndSwap('a', null, utf8('one'))).toBe(true);
      expect(await store.compareAndSwap('a', null, utf8('two'))).toBe(false);
      const one = (await store.get('a'))?.version ?? '';
      expect(await store.compareAndSwap('a', one, utf8('two'))).toBe(true);
      expect(await store.compareAndSwap('a', one, utf8('three'))).toBe(false);
      expect(await textAt(store, 'a')).toBe('two');
    });

    it('nothing when the object is gone', async () => {
      const { store } = make();
      await store.putIfAbsent('a', utf8('one'));
      const { version = '' } = (await store.get('a')) ?? {};
      await store.delete('a');
      expect(await store.compareAndSwap('a', version, utf8('two'))).toBe(false);
      expect(await store.get('a')).toBeNull();
    });

    it('for one of sixteen racing callers', async () => {
      const { store } = make();
      await store.putIfAbsent('a', utf8('start'));
      const { version = '' } = (await store.get('a')) ?? {};
      const swaps = Array.from({ length: 16 }, (_, i) =>
        store.compareAndSwap('a', version, utf8(`swap ${i}`)),
      );
      const won = await Promise.all(swaps);
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await textAt(store, 'a')).toBe(`swap ${won.indexOf(true)}`);
    });

    it('to a version that a reader of the same bytes sees from another instance', async () => {
      const { store, again } = make();
      await store.putIfAbsent('a', utf8('one'));
      const other = again();
      const { version = '' } = (await other.get('a')) ?? {};
      expect(await store.compareAndSwap('a', version, utf8('two'))).toBe(true);
      expect(await textAt(other, 'a')).toBe('two');
    });
  });

  describe(`${name} reads`, () => {
    it('ranges: within, over the end, behind the end, of no length', async () => {
      const { store } = make();
      await store.putIfAbsent('a', utf8('0123456789'));
      const range = async (offset: number, length: number): Promise<string> =>
        Buffer.from((await store.getRange('a', offset, length)) ?? 'absent').toString();
      expect(await range(0, 10)).toBe('0123456789');
      expect(await range(3, 4)).toBe('3456');
      expect(await range(8, 100)).toBe('89');
      expect(await range(10, 5)).toBe('');
      expect(await range(2 ** 40, 5)).toBe('');
      expect(await range(4, 0)).toBe('');
    });

    it('null, and not an error, where nothing is', async () => {
      const { store } = make();
      await store.putIfAbsent('a', utf8('file'));
      for (const absent of ['b', 'a/b', 'c/d/e']) {
        expect(await store.get(absent)).toBeNull();
        expect(await store.getRange(absent, 0, 1)).toBeNull();
        expect(await store.stat(absent)).toBeNull();
      }
    });

    it('the size of an object', async () => {
      const { store } = make();
      await store.putIfAbsent('a/b', utf8('four'));
      expect(await store.stat('a/b')).toMatchObject({ path: 'a/b', bytes: 4 });
      expect((await store.stat('a/b'))?.createdAt).toBeGreaterThan(0);
    });
  });

  describe(`${name} lists`, () => {
    const paths = ['a', 'b/1', 'b/10', 'b/2/x', 'b-other/y', 'bb'];
    const listing = async (store: ObjectStore, prefix: string): Promise<string[]> =>
      (await collect(store.list(prefix))).map(({ path }) => path).sort(compareUtf8);

    it.each([
      ['', ['a', 'b-other/y', 'b/1', 'b/10', 'b/2/x', 'bb']],
      ['b', ['b-other/y', 'b/1', 'b/10', 'b/2/x', 'bb']],
      ['b/', ['b/1', 'b/10', 'b/2/x']],
      ['b/1', ['b/1', 'b/10']],
      ['b/2/', ['b/2/x']],
      ['absent/', []],
    ])('what begins with %j', async (prefix, expected) => {
      const { store } = make();
      for (const path of paths) await store.putIfAbsent(path, utf8(path));
      expect(await listing(store, prefix)).toEqual(expected);
    });

    it('sizes, and objects that are deleted meanwhile without failing', async () => {
      const { store } = make();
      for (const path of paths) await store.putIfAbsent(path, utf8(path));
      const sizes: number[] = [];
      for await (const { bytes } of store.list('')) {
        sizes.push(bytes);
        for (const path of paths) await store.delete(path);
      }
      expect(sizes.length).toBeGreaterThan(0);
      expect(await listing(store, '')).toEqual([]);
    });
  });

  describe(`${name} deletes`, () => {
    it('an object, also when it is absent, and lets a new one take the name', async () => {
      const { store } = make();
      await store.delete('a/b');
      await store.putIfAbsent('a/b', utf8('old'));
      await store.delete('a/b');
      await store.delete('a/b');
      expect(await store.get('a/b')).toBeNull();
      expect(await store.putIfAbsent('a/b', utf8('new'))).toBe(true);
    });
  });

  describe(`${name} tells at once`, () => {
    it('that an object was written, and of one left alone nothing that differs', async () => {
      const { store } = make();
      if (store.changeToken === undefined) return;
      // Some tell nothing of what was written just now.
      vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 60_000);
      onTestFinished(() => void vi.restoreAllMocks());
      expect(store.changeToken('a')).toBeNull();
      await store.putIfAbsent('a', utf8('one'));
      const tokens = [store.changeToken('a')];
      expect(tokens[0]).not.toBeNull();
      expect(store.changeToken('a')).toBe(tokens[0]);
      for (const text of ['two', 'one']) {
        const { version = '' } = (await store.get('a')) ?? {};
        await store.compareAndSwap('a', version, utf8(text));
        tokens.push(store.changeToken('a'));
      }
      expect(new Set(tokens).size).toBe(3);
      await store.delete('a');
      expect(store.changeToken('a')).toBeNull();
    });
  });

  describe(`${name} refuses`, () => {
    it.each(HOSTILE_PATHS)('INV-STORE-PATH: the name %j, in every call', async (path) => {
      const { store } = make();
      await expectRejection(store.putIfAbsent(path, utf8('x')), 'PATH_INVALID');
      await expectRejection(store.compareAndSwap(path, null, utf8('x')), 'PATH_INVALID');
      await expectRejection(store.compareAndSwap(path, 'v', utf8('x')), 'PATH_INVALID');
      await expectRejection(store.get(path), 'PATH_INVALID');
      await expectRejection(store.getRange(path, 0, 1), 'PATH_INVALID');
      await expectRejection(store.stat(path), 'PATH_INVALID');
      await expectRejection(store.delete(path), 'PATH_INVALID');
      if (path !== '' && path !== 'a/') {
        await expectRejection(collect(store.list(path)), 'PATH_INVALID');
      }
    });
  });
}

async function textAt(store: ObjectStore, path: string): Promise<string | null> {
  const stored = await store.get(path);
  return stored === null ? null : Buffer.from(stored.bytes).toString('utf8');
}
