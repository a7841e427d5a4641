// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { fail, isStrongroomError } from '../../src/core/index.ts';
import { typedFileError, withFileErrors } from '../../src/keys/index.ts';

/** An error as the file system raises it. */
function systemError(code: string): Error {
  const error = new Error(`${code}: something, open '/srv/vault/secret-name.md'`);
  return Object.assign(error, { code, path: '/srv/vault/secret-name.md' });
}

describe('an error of the file system', () => {
  it.each([
    ['ENOSPC', 'STORE_FULL'],
    ['EDQUOT', 'STORE_FULL'],
    ['EACCES', 'STORE_FAILED'],
    ['EPERM', 'STORE_FAILED'],
    ['EROFS', 'STORE_FAILED'],
    ['EIO', 'STORE_FAILED'],
    ['EMFILE', 'STORE_FAILED'],
  ])('%s becomes %s, which names the number and no path', async (errno, code) => {
    const error = systemError(errno);
    const typed = await withFileErrors(() => Promise.reject(error)).catch((e: unknown) => e);
    expect(typed).toMatchObject({ code, details: { errno } });
    expect(isStrongroomError(typed) && typed.message).not.toContain('/srv');
    expect(JSON.stringify(typed)).not.toContain('secret-name');
  });

  it('that is typed already, or none, stays as it is', () => {
    const typed = fail('INTEGRITY', 'altered');
    expect(typedFileError(typed)).toBe(typed);
    const bug = new TypeError('undefined is not a function');
    expect(typedFileError(bug)).toBe(bug);
    expect(typedFileError('text')).toBe('text');
    expect(typedFileError(null)).toBeNull();
    const numbered = { code: 28 };
    expect(typedFileError(numbered)).toBe(numbered);
  });

  it('of work that succeeds is none', async () => {
    expect(await withFileErrors(() => Promise.resolve(7))).toBe(7);
  });
});
