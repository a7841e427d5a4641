// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { expectStopped, onEachVault } from '../support/attack-world.ts';
import { move } from '../support/move.ts';
import type { VaultWorld } from '../support/vault-world.ts';
import { memoryStateOf } from '../../src/vault/inside.ts';

/** As the holder of the indexer key: signs a snapshot in which a document lacks all or some of its rows. */
async function signWithout(
  world: VaultWorld,
  name: string,
  kept: 'nothing' | 'some',
): Promise<void> {
  await world.use(async (vault) => {
    const { docId } = await vault.describe(name);
    const { session } = vault;
    const doc = session.ledger.lookup('doc', docId)!;
    const state = await memoryStateOf(session);
    const present = state.index.get(doc.entryLeafHash)!;
    state.index.remove(doc.entryLeafHash);
    if (kept === 'some') {
      const document = await session.documents.open(doc);
      const [vectors, texts] = [await document.vectors(), await document.texts()];
      const rows = vectors.slice(0, -1).map((vector, i) => ({
        i,
        vector,
        text: { title: null, headings: [], body: texts[i]! },
      }));
      state.index.add({ ...present, rows });
    }
    state.markDirty([present.classNo]);
    await session.seal();
  });
}

move(
  {
    id: 'A15',
    title: 'leave a vector out of the index, even with the key that signs indexes',
    by: 'every live document of the state map must be in the index with all its chunks, before anything is searched',
    codes: ['INDEX_TAMPERED'],
  },
  () => {
    onEachVault((target) => {
      it('is found with certainty: the document is read from its object', async () => {
        for (const name of target.documents.slice(0, 4)) {
          const damaged = await target.copy();
          await signWithout(damaged, name, 'nothing');
          const { passages } = await expectStopped(target, damaged, {
            codes: ['INDEX_TAMPERED'],
            passages: 'all',
          });
          expect(passages.some(({ source }) => source.uri === name)).toBe(true);
        }
      });

      it('is found when only one chunk of a document is left out', async () => {
        const counts = new Map<string, number>();
        for (const { source } of target.readable('ada')) {
          counts.set(source.uri, (counts.get(source.uri) ?? 0) + 1);
        }
        const [name] = [...counts].find(([, chunks]) => chunks > 1)!;
        const damaged = await target.copy();
        await signWithout(damaged, name, 'some');
        await expectStopped(target, damaged, { codes: ['INDEX_TAMPERED'], passages: 'all' });
      });
    });
  },
);
