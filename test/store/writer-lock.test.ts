// SPDX-License-Identifier: Apache-2.0
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { WriterLock } from '../../src/store/index.ts';
import { Child, sourceUrl } from '../support/child-process.ts';
import { expectRejection } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Another process that holds the lock of a vault until it ends. */
async function holder(vault: string): Promise<Child> {
  const child = new Child(`
    import { WriterLock } from '${sourceUrl('store/index.ts')}';
    globalThis.lock = await WriterLock.acquire(${JSON.stringify(vault)});
    console.log('held');
    setInterval(() => {}, 1000);
  `);
  await child.line('held');
  return child;
}

const refusal = (vault: string): Promise<unknown> =>
  WriterLock.acquire(vault).catch((error: unknown) => error);

describe('the writer lock', () => {
  it('is held by one, and by the next one after its release', async () => {
    const vault = path.join(temporaryFolder(), 'vault');
    const lock = await WriterLock.acquire(vault);
    await expectRejection(WriterLock.acquire(vault), 'VAULT_LOCKED');
    lock.release();
    (await WriterLock.acquire(vault)).release();
    expect((await readdir(vault)).sort()).toEqual(['writer.lock', 'writer.pid']);
  });

  it('names the process that holds it, and ends with that process however it ends', async () => {
    const vault = temporaryFolder();
    const other = await holder(vault);
    const pid = other.process.pid ?? 0;
    const refused = await refusal(vault);
    expect(refused).toMatchObject({ code: 'VAULT_LOCKED', details: { pid } });
    expect(String(refused)).toContain(`process ${pid} is writing to this vault`);
    await other.crash();
    const lock = await WriterLock.acquire(vault);
    expect(await readFile(path.join(vault, 'writer.pid'), 'utf8')).toBe(String(process.pid));
    lock.release();
  });

  it('goes to one of several processes', async () => {
    const vault = temporaryFolder();
    const code = `
      import { WriterLock } from '${sourceUrl('store/index.ts')}';
      try {
        globalThis.lock = await WriterLock.acquire(${JSON.stringify(vault)});
        console.log('held');
      } catch (error) {
        console.log(error.code);
      }
      setInterval(() => {}, 1000);
    `;
    const children = [new Child(code), new Child(code), new Child(code)];
    await Promise.all(
      children.map((child) => Promise.race([child.line('held'), child.line('VAULT_LOCKED')])),
    );
    const held = children.filter(({ stdout }) => stdout.includes('held'));
    expect(held).toHaveLength(1);
    for (const child of children) await child.crash();
  });

  it('is refused without a name when the note of the holder is missing or nonsense', async () => {
    const vault = temporaryFolder();
    const lock = await WriterLock.acquire(vault);
    await writeFile(path.join(vault, 'writer.pid'), 'rm -rf /');
    expect(await refusal(vault)).toMatchObject({
      code: 'VAULT_LOCKED',
      message: expect.stringContaining('another process is writing') as string,
      details: { pid: null },
    });
    lock.release();
  });

  it('does not write through a link that stands where the holder is noted', async () => {
    const vault = temporaryFolder();
    const outside = path.join(temporaryFolder(), 'outside');
    await writeFile(outside, 'mine');
    await symlink(outside, path.join(vault, 'writer.pid'));
    (await WriterLock.acquire(vault)).release();
    expect(await readFile(outside, 'utf8')).toBe('mine');
  });

  it.each([
    ['is a directory', (file: string) => mkdir(file)],
    ['is no database', (file: string) => writeFile(file, 'lock '.repeat(200))],
  ])('says STORE_FAILED when its file %s', async (_, plant) => {
    const vault = temporaryFolder();
    await plant(path.join(vault, 'writer.lock'));
    await expectRejection(WriterLock.acquire(vault), 'STORE_FAILED');
  });

  it('says STORE_FAILED when the vault is a file', async () => {
    const vault = path.join(temporaryFolder(), 'vault');
    await writeFile(vault, 'x');
    await expectRejection(WriterLock.acquire(vault), 'STORE_FAILED');
  });
});
