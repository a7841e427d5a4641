// SPDX-License-Identifier: Apache-2.0
// Small private files: whose they are, what a failure leaves behind, what is told of it.
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromUtf8, utf8 } from '../../src/core/index.ts';
import {
  isExposed,
  privateDirectory,
  readIfPresent,
  syncDirectory,
  writePrivateFile,
} from '../../src/keys/private-file.ts';
import { expectRejection } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const posix = process.platform !== 'win32';
const modeOf = (file: string): number => statSync(file).mode & 0o777;

describe('a private file', () => {
  it('is replaced as a whole, is nobody else’s, and leaves nothing beside it', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'secret');
    for (const text of ['first and longer', 'second']) {
      await writePrivateFile(file, utf8(text));
      expect(readFileSync(file, 'utf8')).toBe(text);
      expect(readdirSync(folder)).toEqual(['secret']);
      if (posix) expect(modeOf(file)).toBe(0o600);
    }
  });

  it('is written past what a killed process of the same number has left', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'secret');
    writeFileSync(`${file}.${process.pid}.tmp`, 'half', { mode: 0o644 });
    await writePrivateFile(file, utf8('whole'));
    expect(readdirSync(folder)).toEqual(['secret']);
    if (posix) expect(modeOf(file)).toBe(0o600);
  });

  it('cannot take the place of a folder, and not stand where there is none', async () => {
    const folder = temporaryFolder();
    mkdirSync(path.join(folder, 'taken', 'inside'), { recursive: true });
    await expectRejection(writePrivateFile(path.join(folder, 'taken'), utf8('x')), 'STORE_FAILED');
    const nowhere = path.join(folder, 'nowhere', 'file');
    await expectRejection(writePrivateFile(nowhere, utf8('x')), 'STORE_FAILED');
    if (!posix) return;
    await expect(syncDirectory(path.dirname(nowhere))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('is null when it is absent, and an error when something else bears its name', async () => {
    const folder = temporaryFolder();
    expect(await readIfPresent(path.join(folder, 'absent'))).toBeNull();
    await expectRejection(readIfPresent(folder), 'STORE_FAILED');
    writeFileSync(path.join(folder, 'present'), 'text');
    expect(fromUtf8((await readIfPresent(path.join(folder, 'present')))!)).toBe('text');
  });

  it.runIf(posix)('is exposed when group or others have any right to it', async () => {
    const file = path.join(temporaryFolder(), 'secret');
    await expectRejection(isExposed(file), 'STORE_FAILED');
    await writePrivateFile(file, utf8('x'));
    for (const [mode, exposed] of [
      ...([0o600, 0o400, 0o700].map((m) => [m, false]) as [number, boolean][]),
      ...([0o640, 0o620, 0o610, 0o604, 0o602, 0o601].map((m) => [m, true]) as [number, boolean][]),
    ]) {
      chmodSync(file, mode);
      expect([mode, await isExposed(file)]).toEqual([mode, exposed]);
    }
  });

  it.runIf(posix)('lies in a folder that is made private, or made so again', async () => {
    const folder = path.join(temporaryFolder(), 'a', 'b');
    await privateDirectory(folder);
    expect(modeOf(folder)).toBe(0o700);
    chmodSync(folder, 0o755);
    await privateDirectory(folder);
    expect(modeOf(folder)).toBe(0o700);
    writeFileSync(path.join(folder, 'file'), '');
    await expectRejection(privateDirectory(path.join(folder, 'file', 'c')), 'STORE_FAILED');
  });
});
