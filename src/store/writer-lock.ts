// SPDX-License-Identifier: Apache-2.0
// One writer per vault.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fail, isStrongroomError } from '../core/index.ts';
import { typedFileError } from '../keys/index.ts';
import { FileLock } from './file-lock.ts';

/** Holds the writer lock of a vault until it is released or the process ends. */
export class WriterLock {
  readonly #lock: FileLock;

  private constructor(lock: FileLock) {
    this.#lock = lock;
  }

  /**
   * Takes the lock at once or not at all.
   * @throws {VAULT_LOCKED} naming the process that holds it
   * @throws {STORE_FAILED} {@link STORE_FULL} when the vault's directory cannot be used
   */
  static async acquire(vault: string): Promise<WriterLock> {
    let lock: FileLock | null = null;
    try {
      await mkdir(vault, { recursive: true, mode: 0o700 });
      lock = FileLock.acquire(path.join(vault, 'writer.lock'), 0);
      noteHolder(vault);
      return new WriterLock(lock);
    } catch (error) {
      lock?.release();
      if (!isStrongroomError(error, 'VAULT_LOCKED')) throw typedFileError(error);
      const holder = holderOf(vault);
      const name = holder === null ? 'another process' : `process ${holder}`;
      throw fail('VAULT_LOCKED', `${name} is writing to this vault`, { pid: holder }, error);
    }
  }

  /** Lets the next writer in. */
  release(): void {
    this.#lock.release();
  }
}

function holderPath(vault: string): string {
  return path.join(vault, 'writer.pid');
}

/** Made anew each time: a link that somebody put there would lead the writing to another file. */
function noteHolder(vault: string): void {
  rmSync(holderPath(vault), { force: true });
  writeFileSync(holderPath(vault), String(process.pid), { mode: 0o600, flag: 'wx' });
}

function holderOf(vault: string): number | null {
  try {
    const text = readFileSync(holderPath(vault), 'utf8');
    return /^[0-9]{1,10}$/.test(text) ? Number(text) : null;
  } catch {
    return null;
  }
}
