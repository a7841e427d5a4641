// SPDX-License-Identifier: Apache-2.0
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { decodeBundle, encodeBundle } from '../../src/provenance/tiles.ts';
import { expectStopped, onEachVault } from '../support/attack-world.ts';
import { LogWorld } from '../support/log-world.ts';
import { move, refused } from '../support/move.ts';
import { removeKeyTable } from '../support/stored-keys.ts';
import { codeRejectedBy } from '../support/tampering.ts';

move(
  {
    id: 'A06',
    title: 'delete the last entries of the log, or hide a document',
    by: 'the signed size and root; every live document of the state map must be in the index',
    codes: ['LOG_TRUNCATED', 'PROOF_INVALID', 'INTEGRITY', 'INDEX_TAMPERED', 'KEY_ROW_MISSING'],
  },
  () => {
    it('is refused for every number of entries that are cut off, and for an entry left out', async () => {
      const [world] = await LogWorld.founded();
      const [bundle] = (await world.paths('tile/entries')).slice(-1);
      const bytes = (await world.bytes(bundle!))!;
      const entries = decodeBundle(bytes, Number(/\d+$/.exec(bundle!)![0]));
      for (let keep = 0; keep < entries.length; keep++) {
        await world.plant(bundle!, encodeBundle(entries.slice(0, keep)));
        const code = await codeRejectedBy(world.open());
        expect(code).toBe('LOG_TRUNCATED');
        refused(code);
        const doubled = [...entries.slice(0, keep), ...entries.slice(keep + 1), entries[0]!];
        await world.plant(bundle!, encodeBundle(doubled));
        refused(await codeRejectedBy(world.open()));
      }
      await world.plant(bundle!, bytes);
      await world.open();
    });

    onEachVault((target) => {
      it('is refused when the newest bundle of entries is gone', async () => {
        const damaged = await target.copy();
        await rm(path.join(damaged.vault, 'store', 'log', 'default', 'tile', 'entries'), {
          recursive: true,
        });
        await rm(path.join(damaged.vault, 'ledger.sqlite'), { force: true });
        await expectStopped(target, damaged, { codes: ['LOG_TRUNCATED'], passages: 'none' });
      });

      it('is noticed when the object of a document is gone', async () => {
        const damaged = await target.copy();
        await rm(path.join(damaged.folder, await damaged.objectOf(target.documents[1]!)));
        await expectStopped(target, damaged, { codes: ['INTEGRITY'] });
      });

      it('hides nothing when index segments are gone: documents are read instead', async () => {
        const damaged = await target.copy();
        const packs = path.join(damaged.vault, 'store', 'obj', 'pack');
        for (const pack of await readdir(packs)) await rm(path.join(packs, pack));
        await expectStopped(target, damaged, { codes: ['INDEX_TAMPERED'], passages: 'all' });
      });

      it('hides nothing when the table of the index is gone', async () => {
        const damaged = await target.copy();
        await rm(path.join(damaged.vault, 'store', 'obj', 'snap'), { recursive: true });
        await expectStopped(target, damaged, { codes: ['INDEX_TAMPERED'], passages: 'all' });
      });

      it('is noticed when the whole key table is gone', async () => {
        const damaged = await target.copy();
        await removeKeyTable(damaged);
        await expectStopped(target, damaged, { codes: ['KEY_ROW_MISSING'], passages: 'none' });
      });
    });
  },
);
