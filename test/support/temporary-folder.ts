// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, onTestFinished } from 'vitest';

/** A new folder that is removed when the running test ends. */
export function temporaryFolder(): string {
  const folder = newFolder();
  onTestFinished(() => {
    remove(folder);
  });
  return folder;
}

/** A new folder for all tests of a file or suite, where it is called while these are collected. */
export function sharedTemporaryFolder(): string {
  const folder = newFolder();
  afterAll(() => {
    remove(folder);
  });
  return folder;
}

function newFolder(): string {
  return mkdtempSync(path.join(tmpdir(), 'strongroom-test-'));
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
