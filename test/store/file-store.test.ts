// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { utf8 } from '../../src/core/index.ts';
import { FileStore } from '../../src/store/index.ts';
import { collect } from '../support/collect.ts';
import { expectRejection } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { describeObjectStore } from './conformance.ts';

describeObjectStore('a store of files', () => {
  const root = path.join(temporaryFolder(), 'store');
  return { store: new FileStore(root), again: () => new FileStore(root) };
});

function fileStore(): { root: string; store: FileStore } {
  const root = path.join(temporaryFolder(), 'store');
  return { root, store: new FileStore(root) };
}

async function everything(root: string): Promise<string[]> {
  return (await readdir(root, { recursive: true })).sort();
}

describe('a store of files', () => {
  it('leaves no temporary files, whether a write wins or loses', async () => {
    const { root, store } = fileStore();
    await store.putIfAbsent('a/b', utf8('one'));
    await store.putIfAbsent('a/b', utf8('two'));
    const { version = '' } = (await store.get('a/b')) ?? {};
    await store.compareAndSwap('a/b', version, utf8('three'));
    expect(await everything(root)).toEqual(['.incoming', 'a', 'a/b']);
  });

  it('is of its owner alone', async () => {
    const { root, store } = fileStore();
    await store.putIfAbsent('a/b', utf8('one'));
    const mode = async (name: string): Promise<number> =>
      (await stat(path.join(root, name))).mode & 0o777;
    expect([await mode(''), await mode('a'), await mode('.incoming')]).toEqual([
      0o700, 0o700, 0o700,
    ]);
    expect(await mode('a/b')).toBe(0o600);
  });

  it('neither shows nor trips over what a crash left in the place of temporary files', async () => {
    const { root, store } = fileStore();
    await mkdir(path.join(root, '.incoming'), { recursive: true });
    await writeFile(path.join(root, '.incoming', '0'.repeat(32)), 'half of an obj');
    await store.putIfAbsent('a', utf8('whole'));
    expect((await collect(store.list(''))).map((info) => info.path)).toEqual(['a']);
  });

  it('does not list files whose names are no object paths', async () => {
    const { root, store } = fileStore();
    await store.putIfAbsent('a', utf8('x'));
    await writeFile(path.join(root, '.DS_Store'), 'x');
    await writeFile(path.join(root, 'with space'), 'x');
    await symlink('/etc/passwd', path.join(root, 'link'));
    expect((await collect(store.list(''))).map((info) => info.path)).toEqual(['a']);
  });

  it('takes neither a directory nor a pipe for an object', async () => {
    const { root, store } = fileStore();
    await store.putIfAbsent('a', utf8('x'));
    await mkdir(path.join(root, 'directory'));
    execFileSync('mkfifo', [path.join(root, 'pipe')]);
    for (const name of ['directory', 'pipe']) {
      expect(await store.get(name)).toBeNull();
      expect(await store.getRange(name, 0, 1)).toBeNull();
      expect(await store.stat(name)).toBeNull();
      // Something else has the name: nothing was stored, and the caller must not believe so.
      await expectRejection(store.putIfAbsent(name, utf8('x')), 'STORE_FAILED');
    }
  });

  it('tells nothing of what was written in the last seconds, and no lie of a file with its old time', async () => {
    const { root, store } = fileStore();
    await store.putIfAbsent('a', utf8('one'));
    expect(store.changeToken('a')).toBeNull();
    const now = Date.now();
    vi.spyOn(Date, 'now').mockReturnValue(now + 60_000);
    onTestFinished(() => void vi.restoreAllMocks());
    const before = store.changeToken('a');
    expect(before).not.toBeNull();
    // Whoever writes in place and sets the time back cannot set back when he did so.
    const file = path.join(root, 'a');
    const { atime, mtime } = await stat(file);
    await writeFile(file, 'two');
    await utimes(file, atime, mtime);
    expect(store.changeToken('a')).not.toBe(before);
    vi.spyOn(Date, 'now').mockReturnValue(now - 60_000);
    expect(store.changeToken('a')).toBeNull();
    await mkdir(path.join(root, 'directory'));
    expect(store.changeToken('directory')).toBeNull();
  });

  it('replaces a link instead of writing through it', async () => {
    const { root, store } = fileStore();
    const outside = path.join(temporaryFolder(), 'outside');
    await writeFile(outside, 'mine');
    await store.putIfAbsent('b', utf8('x'));
    await symlink(outside, path.join(root, 'a'));
    expect(await store.putIfAbsent('a', utf8('stolen'))).toBe(false);
    const { version = '' } = (await store.get('a')) ?? {};
    await store.compareAndSwap('a', version, utf8('stolen'));
    expect(await readFile(outside, 'utf8')).toBe('mine');
    expect(await readFile(path.join(root, 'a'), 'utf8')).toBe('stolen');
  });

  it('says STORE_FAILED without the path of the machine when its directory is a file', async () => {
    const folder = temporaryFolder();
    await writeFile(path.join(folder, 'store'), 'no directory');
    const store = new FileStore(path.join(folder, 'store'));
    const refused = await store.putIfAbsent('a', utf8('x')).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'STORE_FAILED' });
    expect(String(refused)).not.toContain(folder);
    expect(await store.get('a')).toBeNull();
  });
});

describe('a store of files with a directory that was replaced by a link', () => {
  it.each(['obj', 'obj/pack'])(
    'INV-STORE-LINK: neither lists, deletes nor writes behind the link at %s',
    async (linked) => {
      const { root, store } = fileStore();
      const outside = temporaryFolder();
      await mkdir(path.join(outside, 'pack'));
      for (const name of ['photo.jpg', 'pack/photo.jpg']) {
        await writeFile(path.join(outside, name), 'precious');
      }
      await mkdir(path.dirname(path.join(root, linked)), { recursive: true });
      await symlink(outside, path.join(root, linked));
      const files = await everything(outside);
      const photo = 'obj/pack/photo.jpg';
      await expectRejection(collect(store.list('obj/pack/')), 'STORE_FAILED');
      await expectRejection(store.delete(photo), 'STORE_FAILED');
      await expectRejection(store.putIfAbsent('obj/pack/x', utf8('x')), 'STORE_FAILED');
      const { version = '' } = (await store.get(photo)) ?? {};
      await expectRejection(store.compareAndSwap(photo, version, utf8('x')), 'STORE_FAILED');
      expect(await everything(outside)).toEqual(files);
      expect(await readFile(path.join(outside, 'pack/photo.jpg'), 'utf8')).toBe('precious');
    },
  );

  it('works when the whole store lies behind a link of its owner', async () => {
    const folder = temporaryFolder();
    await mkdir(path.join(folder, 'disk'));
    await symlink(path.join(folder, 'disk'), path.join(folder, 'store'));
    const store = new FileStore(path.join(folder, 'store'));
    await store.putIfAbsent('a/b', utf8('x'));
    expect((await collect(store.list(''))).map((info) => info.path)).toEqual(['a/b']);
    await store.delete('a/b');
    expect(await store.get('a/b')).toBeNull();
  });
});
