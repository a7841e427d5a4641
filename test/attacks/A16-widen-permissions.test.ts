// SPDX-License-Identifier: Apache-2.0
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { encodeClassRecord } from '../../src/access/index.ts';
import type { Candidate } from '../../src/index/index.ts';
import { objectPath, putRecord } from '../../src/store/index.ts';
import { memoryStateOf, aclRef } from '../../src/vault/inside.ts';
import { expectStopped, onEachVault } from '../support/attack-world.ts';
import { withDataKeys } from '../support/insider.ts';
import { retrieverOverLies } from '../support/lying-index.ts';
import { move, refused } from '../support/move.ts';
import { caller, type VaultWorld } from '../support/vault-world.ts';

const stored = (world: VaultWorld, name: string): string => path.join(world.vault, 'store', name);

move(
  {
    id: 'A16',
    title: 'widen permissions in what the stores say of a document or class',
    by: 'classes and their keyed digests are signed; the ledger decides, the index only proposes',
    codes: ['LEDGER_TAMPERED', 'INTEGRITY', 'INDEX_TAMPERED'],
  },
  () => {
    onEachVault((target) => {
      it('leaks nothing when the ledger database puts every document into a public class', async () => {
        const damaged = await target.copy();
        const db = new DatabaseSync(path.join(damaged.vault, 'ledger.sqlite'));
        const rows = db.prepare("SELECT name, value FROM leaf WHERE kind = 'doc'").all();
        const values = rows.map(({ name, value }) => ({
          name: String(name),
          value: JSON.parse(String(value)) as { aclDigest: string },
        }));
        for (const { name, value } of values) {
          for (const { value: other } of values) {
            const moved = JSON.stringify({ ...value, aclDigest: other.aclDigest });
            db.prepare("UPDATE leaf SET value = ? WHERE kind = 'doc' AND name = ?").run(
              moved,
              name,
            );
          }
        }
        db.close();
        const expected = { codes: ['LEDGER_TAMPERED'], passages: 'all', person: 'dan' } as const;
        await expectStopped(target, damaged, expected);
      });

      it('leaks nothing when class records change places, or an insider seals a wider one', async () => {
        const swapped = await target.copy();
        const widened = await target.copy();
        await withDataKeys(widened, async ({ stores, session }) => {
          for (const acl of session.ledger.classes()) {
            const record = session.access.classes.record(acl.classNo)!;
            const wider = {
              ...record,
              allowGroups: ['everyone'],
              denyUsers: [],
              classification: 0,
            };
            const ref = aclRef('default', acl.aclDigest);
            const digest = await putRecord(stores, ref, 'record', encodeClassRecord(wider));
            await copyFile(
              stored(widened, objectPath(ref, digest)),
              stored(widened, objectPath(ref, acl.objectDigest)),
            );
          }
          const [first, second] = [...session.ledger.classes()];
          for (const [to, from] of [
            [first!, second!],
            [second!, first!],
          ] as const) {
            await copyFile(
              stored(widened, objectPath(aclRef('default', from.aclDigest), from.objectDigest)),
              stored(swapped, objectPath(aclRef('default', to.aclDigest), to.objectDigest)),
            );
          }
        });
        await expectStopped(target, widened, { codes: ['INTEGRITY'], person: 'dan' });
        await expectStopped(target, swapped, { codes: ['INTEGRITY'], person: 'dan' });
      });

      it('leaks nothing when a search engine offers forbidden passages', async () => {
        const world = await target.copy();
        const vault = await world.open();
        const { index } = await memoryStateOf(vault.session);
        const all = [...vault.session.ledger.classes()].map(({ classNo }) => classNo);
        let offered: Candidate[] = [];
        const retriever = await retrieverOverLies(vault, (candidates, request) => {
          const wide = index.search({ ...request, classes: all.sort((a, b) => a - b) });
          offered = candidates.length === 0 ? [] : wide.next(1000);
          return offered;
        });
        const ask = { caller: caller('dan'), query: 'salaries', k: 1000 } as const;
        const { passages } = await retriever.search(ask);
        const allowed = new Set(target.readable('dan').map(({ source }) => source.uri));
        expect(passages.every(({ source }) => allowed.has(source.uri))).toBe(true);
        expect(new Set(world.codes)).toEqual(new Set(['INDEX_TAMPERED']));
        for (const code of world.codes) refused(code);
      });
    });
  },
);
