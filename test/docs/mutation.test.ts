// SPDX-License-Identifier: Apache-2.0
// The page on mutation testing says what was recorded; reasons are given for survivors that there are, and for no others.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { mutationPage, reasonKey, type Reasons } from '../../tools/mutation/page.ts';
import type { MutationRecord } from '../../tools/mutation/record.ts';

const read = (file: string): string => readFileSync(path.resolve(file), 'utf8');
const record = JSON.parse(read('tools/mutation/record.json')) as MutationRecord;
const reasons = JSON.parse(read('tools/mutation/reasons.json')) as Reasons;

describe('the page on mutation testing', () => {
  it('is the one that its record and its reasons give', () => {
    expect(read('docs/mutation.md')).toBe(mutationPage(record, reasons));
  });

  it('knows only files that there are, and mutants of each that has code', () => {
    expect(Object.keys(record).filter((file) => !existsSync(path.resolve(file)))).toEqual([]);
    expect(Object.values(record).reduce((sum, { killed }) => sum + killed, 0)).toBeGreaterThan(0);
  });

  it('gives no reason for what does not survive', () => {
    const stale = Object.entries(reasons).flatMap(([file, each]) => {
      const surviving = new Set((record[file]?.survivors ?? []).map(reasonKey));
      return Object.keys(each).filter((key) => !surviving.has(key));
    });
    expect(stale).toEqual([]);
  });
});
