// SPDX-License-Identifier: Apache-2.0
// Access files as a test states them.
import { expect } from 'vitest';
import { type AccessFile, parseAccessFile } from '../../src/access/index.ts';
import { isStrongroomError } from '../../src/core/index.ts';

/** An access file from its parts, by way of JSON, which is YAML too. */
export function accessFile(parts: object = {}): AccessFile {
  const people = { ada: {}, ben: {}, chloe: {}, dan: {} };
  return parseAccessFile(
    JSON.stringify({ v: 1, default: 'refuse', owner: 'ada', people, ...parts }),
  );
}

/** An access file of ada alone with further lines from line 6 on. */
export function textWith(...lines: readonly string[]): string {
  return ['v: 1', 'default: refuse', 'owner: ada', 'people:', '  ada: {}', ...lines, ''].join('\n');
}

/** The line and the message with which a text is refused; the message begins with the line. */
export function refusalOf(work: () => unknown): { line: unknown; message: string } {
  try {
    work();
  } catch (error) {
    if (!isStrongroomError(error, 'ACCESS_INVALID')) throw error;
    const { line = null } = error.details;
    if (line !== null) expect(error.message).toMatch(new RegExp(`^line ${line}: `));
    return { line, message: error.message };
  }
  throw new Error('the text was not refused');
}
