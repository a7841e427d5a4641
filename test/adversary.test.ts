// SPDX-License-Identifier: Apache-2.0
// The adversary suite is whole, and the page that lists it says what the files say.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { movesOfSource, movesTable, ROOT } from '../tools/adversary/moves.ts';

/** Rows of the tables in a page, without the spaces that align them. */
function rowsOf(markdown: string): string[] {
  return markdown
    .split('\n')
    .filter((line) => line.startsWith('| [A'))
    .map((line) => line.replace(/\s*\|\s*/g, '|'));
}

describe('the adversary suite', () => {
  it('has one file for every move from A01 to A41, named after it', () => {
    const ids = Array.from({ length: 41 }, (_, i) => `A${String(i + 1).padStart(2, '0')}`);
    expect(movesOfSource().map(({ id }) => id)).toEqual(ids);
    for (const { id, file } of movesOfSource()) expect(file.slice(0, 3)).toBe(id);
  });

  it('stands in the threat model as the files have it', () => {
    const page = readFileSync(path.join(ROOT, 'docs/threat-model.md'), 'utf8');
    expect(rowsOf(page)).toEqual(rowsOf(movesTable()));
  });
});
