// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  AccessError,
  ERROR_CODES,
  type ErrorCode,
  fail,
  holds,
  IndexError,
  IngestError,
  IntegrityError,
  isStrongroomError,
  KeyError,
  need,
  StoreError,
  StrongroomError,
  UsageError,
} from '../../src/core/index.ts';

const CODES = Object.keys(ERROR_CODES) as ErrorCode[];
const CLASSES = {
  usage: UsageError,
  integrity: IntegrityError,
  access: AccessError,
  keys: KeyError,
  store: StoreError,
  ingest: IngestError,
  index: IndexError,
};

describe('errors', () => {
  it.each(CODES)('%s gives an error of its area with a meaning and a remedy', (code) => {
    const error = fail(code, 'something is wrong', { count: 2 });
    expect(error).toBeInstanceOf(StrongroomError);
    expect(error).toBeInstanceOf(CLASSES[ERROR_CODES[code].area]);
    expect(error).toMatchObject({ code, area: ERROR_CODES[code].area, details: { count: 2 } });
    expect(error.name).toBe(CLASSES[ERROR_CODES[code].area].name);
    expect(error.remedy).toBe(ERROR_CODES[code].remedy);
    expect(ERROR_CODES[code].meaning).toMatch(/^[A-Z].*\.$/);
    expect(ERROR_CODES[code].remedy).toMatch(/\.$/);
  });

  it('keeps the cause when there is one', () => {
    const cause = new Error('disk');
    expect(fail('STORE_FAILED', 'a file could not be read', {}, cause).cause).toBe(cause);
    expect('cause' in fail('STORE_FAILED', 'a file could not be read')).toBe(false);
  });

  it('is told apart from other errors and from other codes', () => {
    const error = fail('ROLLBACK', 'the log is older');
    expect(isStrongroomError(error)).toBe(true);
    expect(isStrongroomError(error, 'ROLLBACK')).toBe(true);
    expect(isStrongroomError(error, 'INTEGRITY')).toBe(false);
    expect(isStrongroomError(new Error('ROLLBACK'))).toBe(false);
    expect(isStrongroomError({ code: 'ROLLBACK' })).toBe(false);
  });
});

describe('security checks', () => {
  it('throw the named code when the condition does not hold, and nothing else', () => {
    expect(() => need('INV-TEST-ONLY', true, 'INTEGRITY', 'never seen')).not.toThrow();
    expect(() => need('INV-TEST-ONLY', false, 'INTEGRITY', 'altered', { size: 1 })).toThrow(
      expect.objectContaining({
        code: 'INTEGRITY',
        message: 'altered',
        details: { size: 1, check: 'INV-TEST-ONLY' },
      }),
    );
  });

  it('give the condition back when failure is a value', () => {
    expect(holds('INV-TEST-ONLY', true)).toBe(true);
    expect(holds('INV-TEST-ONLY', false)).toBe(false);
  });
});
