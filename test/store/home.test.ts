// SPDX-License-Identifier: Apache-2.0
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { hex, jcs } from '../../src/core/index.ts';
import type { TreeHead, TrustFile, TrustStore } from '../../src/provenance/index.ts';
import { FileTrustStore, homeDirectory } from '../../src/store/index.ts';
import { LogAuthor } from '../support/log-author.ts';
import { LogWorld, MemoryTrust } from '../support/log-world.ts';
import { expectRejection } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FILE: TrustFile = new LogWorld(new LogAuthor()).trustFile();
const headOf = (size: number): TreeHead => ({ size, root: new Uint8Array(32).fill(size) });

interface Made {
  readonly store: TrustStore;
  readonly again: () => TrustStore;
}

function inHome(home = temporaryFolder()): FileTrustStore {
  return new FileTrustStore(home, FILE.vaultId);
}

function trustPath(home: string): string {
  return path.join(home, 'trust', `${FILE.vaultId}.json`);
}

describe.each<[string, () => Promise<Made>]>([
  [
    'in the home directory',
    async () => {
      const home = temporaryFolder();
      await inHome(home).write(FILE);
      return { store: inHome(home), again: () => inHome(home) };
    },
  ],
  [
    'in memory',
    () => {
      const store = new MemoryTrust(FILE);
      return Promise.resolve({ store, again: () => store });
    },
  ],
])('a trust store %s', (_, make) => {
  it('gives back keys and no head at first', async () => {
    const trust = await (await make()).store.read();
    expect(trust.file).toEqual(FILE);
    expect(trust.head).toBeNull();
  });

  it('remembers the newest head for every reader, and never an older one', async () => {
    const { store, again } = await make();
    await store.raise(headOf(64));
    expect((await again().read()).head).toEqual(headOf(64));
    await again().raise(headOf(10));
    await store.raise({ size: 64, root: new Uint8Array(32) });
    expect((await store.read()).head).toEqual(headOf(64));
    await again().raise(headOf(128));
    expect((await store.read()).file.head).toEqual({ size: 128, root: hex(headOf(128).root) });
  });

  it('ends at the newest head when sixteen are raised at once', async () => {
    const { store, again } = await make();
    const others = [again(), again()];
    const sizes = [7, 3, 16, 1, 9, 12, 2, 15, 4, 11, 5, 14, 6, 8, 13, 10];
    await Promise.all(sizes.map((size, i) => (others[i % 3] ?? store).raise(headOf(size))));
    expect((await again().read()).head).toEqual(headOf(16));
  });
});

describe('a trust file', () => {
  it('is unknown until it is written', async () => {
    const store = inHome();
    expect(await store.exists()).toBe(false);
    await expectRejection(store.read(), 'TRUST_UNKNOWN');
    await store.write(FILE);
    expect(await store.exists()).toBe(true);
  });

  it('is of its owner alone, in a directory of its owner, with nothing temporary beside it', async () => {
    const home = path.join(temporaryFolder(), 'home');
    await inHome(home).write(FILE);
    await inHome(home).raise(headOf(1));
    expect((await stat(trustPath(home))).mode & 0o777).toBe(0o600);
    expect((await stat(path.dirname(trustPath(home)))).mode & 0o777).toBe(0o700);
    expect((await stat(home)).mode & 0o777).toBe(0o700);
    const name = `${FILE.vaultId}.json`;
    expect((await readdir(path.join(home, 'trust'))).sort()).toEqual([name, `${name}.lock`]);
  });

  it.each(['640', '604', '620', '602'])('INV-TRUST-MODE: is refused with mode %s', async (mode) => {
    const home = temporaryFolder();
    await inHome(home).write(FILE);
    await chmod(trustPath(home), mode);
    await expectRejection(inHome(home).read(), 'TRUST_INVALID');
    await expectRejection(inHome(home).raise(headOf(1)), 'TRUST_INVALID');
  });

  it('INV-TRUST-VAULT: is refused when it is the one of another vault', async () => {
    const home = temporaryFolder();
    const other = 'cd'.repeat(16);
    await inHome(home).write(FILE);
    const bytes = await readFile(trustPath(home));
    await writeFile(path.join(home, 'trust', `${other}.json`), bytes, { mode: 0o600 });
    await expectRejection(new FileTrustStore(home, other).read(), 'TRUST_INVALID');
  });

  it.each([
    ['cut short', (text: string) => text.slice(0, -1)],
    ['empty', () => ''],
    ['not canonical', (text: string) => `${text}\n`],
    ['of another version', (text: string) => text.replace('sr/trust/v1', 'sr/trust/v2')],
    ['with a field too many', () => jcs({ ...FILE, more: 1 })],
  ])('is refused when it is %s', async (_, change) => {
    const home = temporaryFolder();
    await inHome(home).write(FILE);
    await writeFile(trustPath(home), change(await readFile(trustPath(home), 'utf8')));
    await expectRejection(inHome(home).read(), 'TRUST_INVALID');
  });

  it('that cannot be written says so without its path, and keeps the old one', async () => {
    const home = temporaryFolder();
    const store = inHome(home);
    await store.write(FILE);
    await mkdir(`${trustPath(home)}.lock.x`);
    await mkdir(`${trustPath(home)}.${process.pid}.tmp`);
    const refused = await store.raise(headOf(1)).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'STORE_FAILED' });
    expect(String(refused)).not.toContain(home);
    expect((await store.read()).head).toBeNull();
  });
});

describe('the home directory', () => {
  it('is what STRONGROOM_HOME says, else the configuration directory', () => {
    expect(homeDirectory({ STRONGROOM_HOME: '/srv/keys', XDG_CONFIG_HOME: '/x' })).toBe(
      '/srv/keys',
    );
    expect(homeDirectory({ STRONGROOM_HOME: '', XDG_CONFIG_HOME: '/x' })).toBe('/x/strongroom');
    const usual = path.join(os.homedir(), '.config', 'strongroom');
    expect(homeDirectory({})).toBe(usual);
  });

  it('is not beside the vault when XDG_CONFIG_HOME is relative', () => {
    expect(homeDirectory({ XDG_CONFIG_HOME: 'x' })).toBe(
      path.join(os.homedir(), '.config', 'strongroom'),
    );
  });
});
