// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { type Expected, expectStopped, onEachVault, type Target } from '../support/attack-world.ts';
import { move } from '../support/move.ts';
import type { VaultWorld } from '../support/vault-world.ts';

/** One leaf of the ledger as its database holds it. */
interface Row {
  readonly kind: string;
  readonly name: string;
  readonly value: string;
}

function edit(world: VaultWorld, file: string, work: (db: DatabaseSync) => void): void {
  const db = new DatabaseSync(path.join(world.vault, file));
  try {
    work(db);
  } finally {
    db.close();
  }
}

function rowsOf(world: VaultWorld): Row[] {
  let rows: Row[] = [];
  edit(world, 'ledger.sqlite', (db) => {
    rows = db.prepare('SELECT kind, name, value FROM leaf').all() as unknown as Row[];
  });
  return rows;
}

/** The same leaf with one fact changed that somebody would like to be otherwise. */
function changed({ kind, value }: Row): string {
  const fields = JSON.parse(value) as Record<string, unknown>;
  const changes: Record<string, object> = {
    doc: { status: 'tombstone', version: 9 },
    key: { role: 'root', endIndex: null, notAfter: null, kinds: ['config'] },
    acl: { classNo: 0, entry: 1 },
    dir: { epoch: 1, trusted: false },
    config: { epoch: 9 },
    vault: { format: 0 },
    snap: { size: 1, trusted: false },
  };
  const next = { ...fields, ...changes[kind] };
  return JSON.stringify(
    Object.fromEntries(Object.entries(next).sort(([a], [b]) => (a < b ? -1 : 1))),
  );
}

/** The database is refused, rebuilt from the log, and good again the next time. */
async function expectRepaired(target: Target, damaged: VaultWorld): Promise<void> {
  const expected: Expected = { codes: ['LEDGER_TAMPERED'], passages: 'all' };
  await expectStopped(target, damaged, expected);
  await expectStopped(target, damaged, { codes: [], passages: 'all' });
}

move(
  {
    id: 'A36',
    title: 'edit rows of the local ledger or journal database',
    by: 'the state root is computed again from the rows and compared with a proven state entry',
    codes: ['LEDGER_TAMPERED'],
  },
  () => {
    onEachVault((target) => {
      it('is refused and rebuilt from the log for one leaf of every kind, changed, deleted or doubled', async () => {
        const pristine = await target.copy();
        const rows = rowsOf(pristine);
        const kinds = [...new Set(rows.map(({ kind }) => kind))];
        expect(kinds.sort()).toEqual(['acl', 'config', 'dir', 'doc', 'key', 'snap', 'vault']);
        for (const kind of kinds) {
          const row = rows.find((each) => each.kind === kind && changed(each) !== each.value)!;
          const damaged = await pristine.copy();
          edit(damaged, 'ledger.sqlite', (db) => {
            const sql = 'UPDATE leaf SET value = ? WHERE kind = ? AND name = ?';
            db.prepare(sql).run(changed(row), row.kind, row.name);
          });
          await expectRepaired(target, damaged);
        }
        const without = await pristine.copy();
        edit(without, 'ledger.sqlite', (db) => db.exec("DELETE FROM leaf WHERE kind = 'doc'"));
        await expectRepaired(target, without);
        const doubled = await pristine.copy();
        edit(doubled, 'ledger.sqlite', (db) => {
          const { kind, value } = rows.find((each) => each.kind === 'doc')!;
          db.prepare('INSERT INTO leaf VALUES (?, ?, ?)').run(kind, 'd-another', value);
        });
        await expectRepaired(target, doubled);
      });

      it('is refused with another size, or as a file that is no database', async () => {
        for (const size of [1, 3, 7]) {
          const damaged = await target.copy();
          edit(damaged, 'ledger.sqlite', (db) => {
            db.prepare('UPDATE size SET size = ?').run(size);
          });
          await expectRepaired(target, damaged);
        }
        const noise = await target.copy();
        await writeFile(path.join(noise.vault, 'ledger.sqlite'), 'this is no database'.repeat(400));
        await expectRepaired(target, noise);
      });

      it('has no effect in the journal but needless work', async () => {
        const damaged = await target.copy();
        edit(damaged, 'journal.sqlite', (db) => {
          // Every document gets the tag of one of them.
          db.exec('UPDATE source SET tag = (SELECT max(tag) FROM source)');
        });
        const report = await damaged.ingest();
        expect(report.failures).toEqual([]);
        expect(report.added).toBe(0);
        expect(report.updated + report.unchanged).toBe(target.documents.length);
        const { failures } = await damaged.use((vault) => vault.verifyAll());
        expect(failures).toEqual([]);
      });
    });
  },
);
