// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { it } from 'vitest';
import { open, seal, sealContext, unwrapKey, wrapKey } from '../../src/keys/index.ts';
import { expectStopped, onEachVault } from '../support/attack-world.ts';
import { move, refused } from '../support/move.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { documentKeys, replaceDocumentKey } from '../support/stored-keys.ts';
import { expectRefusal } from '../support/tampering.ts';
import { VaultWorld } from '../support/vault-world.ts';

move(
  {
    id: 'A03',
    title: "replay another tenant's object or wrapped key",
    by: 'tenant in the context of every sealed message and in the authenticated data of every wrapped key',
    codes: ['INTEGRITY', 'KEY_COMMITMENT', 'KEY_ROW_INVALID', 'KEY_UNAVAILABLE'],
  },
  () => {
    it('does not open even under the same keys', () => {
      const random = new SeededRandom('A03');
      const branch = { version: '0'.repeat(32), key: random.bytes(32) };
      const dek = random.bytes(32);
      const kinds = ['doc', 'segment', 'dir', 'acl', 'policy', 'state', 'snap'] as const;
      for (const kind of kinds) {
        for (const [mine, theirs] of [
          ['acme', 'beta'],
          ['acme', 'acme-'],
          ['a', 'ab'],
        ] as const) {
          const ref = { tenantId: mine, kind, id: 'x', no: 1 };
          const foreign = { ...ref, tenantId: theirs };
          const row = wrapKey(branch, foreign, dek, random);
          expectRefusal(() => unwrapKey(branch, ref, row), 'KEY_ROW_INVALID');
          const sealed = seal(dek, sealContext(foreign, 'text'), random.bytes(9), random);
          expectRefusal(() => open(dek, sealContext(ref, 'text'), sealed), 'KEY_COMMITMENT');
          refused('KEY_ROW_INVALID', 'KEY_COMMITMENT');
        }
      }
    });

    onEachVault((target) => {
      it("costs the document whose object or key row is another vault's", async () => {
        const theirs = await VaultWorld.ingested({ tenantId: 'beta' });
        const object = await readFile(
          path.join(theirs.folder, await theirs.objectOf('news/canteen.md')),
        );
        const [foreign] = await documentKeys(theirs);

        const withObject = await target.copy();
        const name = await withObject.objectOf(target.documents[0]!);
        await withObject.alter(name, () => object);
        await expectStopped(target, withObject, { codes: ['INTEGRITY'] });

        const withRow = await target.copy();
        const { docId } = await withRow.use((vault) => vault.describe(target.documents[0]!));
        await replaceDocumentKey(withRow, docId, foreign!.row);
        await expectStopped(target, withRow, { codes: ['KEY_UNAVAILABLE'] });
      });
    });
  },
);
