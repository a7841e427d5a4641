// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { rewrapKeys, rotateBranchKey } from '../../src/vault/index.ts';
import { expectStopped, onEachVault } from '../support/attack-world.ts';
import { collect } from '../support/collect.ts';
import { move, refused } from '../support/move.ts';
import { documentKeys, replaceDocumentKey, restoreKeyTable } from '../support/stored-keys.ts';
import { codeRejectedBy } from '../support/tampering.ts';

move(
  {
    id: 'A38',
    title: 'swap, copy or roll back rows of the wrapped-key table',
    by: 'tenant, kind, id, number and branch key version in the authenticated data of every row',
    codes: ['KEY_ROW_INVALID', 'KEY_UNAVAILABLE'],
  },
  () => {
    onEachVault((target) => {
      it('unwraps no row in the place of another: all pairs', async () => {
        const world = await target.copy();
        await world.use(async ({ session }) => {
          const { keys, ring } = session.context;
          const rows = await collect(keys.list('default'));
          expect(rows.length).toBeGreaterThan(8);
          for (const at of rows) {
            for (const shown of rows) {
              const work = ring.unwrap(at.ref, shown.row);
              const code = await codeRejectedBy(work.then((key) => void key.fill(0)));
              expect(code).toBe(at === shown ? null : 'KEY_ROW_INVALID');
              if (at !== shown) refused(code);
            }
          }
        });
      });

      it('costs both documents when their rows change places on disk, or one is copied', async () => {
        for (const how of ['swap', 'copy'] as const) {
          const damaged = await target.copy();
          const [a, b] = await documentKeys(damaged);
          await replaceDocumentKey(damaged, a!.id, b!.row);
          if (how === 'swap') await replaceDocumentKey(damaged, b!.id, a!.row);
          await expectStopped(target, damaged, { codes: ['KEY_ROW_INVALID'] });
        }
      });

      it('costs every document when the table of before a rotation comes back', async () => {
        const old = await target.copy();
        const damaged = await old.copy();
        await damaged.use(async ({ session }) => {
          await rotateBranchKey(session);
          await rewrapKeys(session, true);
        });
        await restoreKeyTable(damaged, old);
        // Without its keys not even the policy opens.
        const code = await codeRejectedBy(damaged.use(() => Promise.resolve()));
        expect(code).toBe('KEY_UNAVAILABLE');
        refused(code);
      });
    });
  },
);
