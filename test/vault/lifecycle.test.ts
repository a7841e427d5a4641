// SPDX-License-Identifier: Apache-2.0
// From founding to asking, and what a vault says when it cannot be opened.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectRejection } from '../support/tampering.ts';
import { VaultWorld, worldTemplate } from '../support/vault-world.ts';

describe('a vault', () => {
  const world = worldTemplate();

  it('answers each person from the documents that he may read', async () => {
    const at = await world();
    const query = 'salary, leave, merger, canteen and opening hours';
    const everything = ['board/merger.md', 'news/canteen.md', 'news/opening-hours.md'];
    expect((await at.finds('ada', query)).sort()).toEqual([
      ...everything,
      'people/salaries.md',
      'staff/leave.md',
    ]);
    expect((await at.finds('chloe', query)).sort()).toEqual([
      'news/canteen.md',
      'news/opening-hours.md',
      'people/salaries.md',
      'staff/leave.md',
    ]);
    expect((await at.finds('ben', query)).sort()).toEqual([
      'news/canteen.md',
      'news/opening-hours.md',
      'staff/leave.md',
    ]);
    expect((await at.finds('dan', query)).sort()).toEqual([
      'news/canteen.md',
      'news/opening-hours.md',
    ]);
    expect(at.codes).toEqual([]);
  });
});

describe('founding a vault', () => {
  it('is refused where one is already', async () => {
    const at = await VaultWorld.founded();
    await expectRejection(VaultWorld.founded({}, at.folder), 'VAULT_EXISTS');
  });

  it('is refused in a directory with other files', async () => {
    const at = await VaultWorld.founded();
    await rm(at.vault, { recursive: true });
    await mkdir(at.vault);
    await writeFile(path.join(at.vault, 'notes.txt'), 'mine');
    await expectRejection(VaultWorld.founded({}, at.folder), 'USAGE');
  });
});
