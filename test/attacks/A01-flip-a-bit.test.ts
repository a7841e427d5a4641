// SPDX-License-Identifier: Apache-2.0
import path from 'node:path';
import { expect, it } from 'vitest';
import { FileStore } from '../../src/store/index.ts';
import type { Vault } from '../../src/vault/index.ts';
import { expectStopped, onEachVault } from '../support/attack-world.ts';
import { LyingStore } from '../support/insider.ts';
import { move, refused } from '../support/move.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { codeRejectedBy, everyBitFlip, everyTruncation, flipBit } from '../support/tampering.ts';
import { VaultWorld } from '../support/vault-world.ts';

/** Reads all of a document from what the store shows now. */
async function readAll(vault: Vault, name: string): Promise<void> {
  const { session } = vault;
  const { docId } = await vault.describe(name);
  const document = await session.documents.prove(session.ledger.lookup('doc', docId)!);
  await document.texts();
  await document.vectors();
}

move(
  {
    id: 'A01',
    title: 'flip a bit of a sealed object, or cut it short',
    by: 'digest and size in the signed statement, key commitment, GCM tag, text commitment',
    codes: ['INTEGRITY'],
  },
  () => {
    onEachVault((target) => {
      it('costs the document and nothing else, with an alarm', async () => {
        for (const name of target.documents) {
          const damaged = await target.copy();
          const object = await damaged.objectOf(name);
          await damaged.alter(object, (bytes) => flipBit(bytes, bytes.length * 4));
          const { passages } = await expectStopped(target, damaged, { codes: ['INTEGRITY'] });
          expect(passages.map(({ source }) => source.uri)).not.toContain(name);
        }
      });
    });

    it('fails for every bit and every length of an object that is read whole', async () => {
      const world = await VaultWorld.ingested({ files: { 'news/a.md': 'The brass bell.' } });
      const store = new LyingStore(new FileStore(path.join(world.vault, 'store')));
      const vault = await world.open({ objects: store });
      const object = path.relative('vault/store', await world.objectOf('news/a.md'));
      const { bytes } = (await store.get(object))!;
      await readAll(vault, 'news/a.md');
      for (const lie of [...everyBitFlip(bytes), ...everyTruncation(bytes)]) {
        store.lies.set(object, lie);
        const code = await codeRejectedBy(readAll(vault, 'news/a.md'));
        if (code === null) expect.fail(`accepted ${Buffer.from(lie).toString('hex')}`);
        refused(code);
      }
    });

    it('fails for bits all over an object that is read by frames', async () => {
      const random = new SeededRandom('A01');
      const words = Array.from({ length: 45_000 }, () => `w${random.below(900)}`);
      const world = await VaultWorld.ingested({ files: { 'news/long.txt': words.join(' ') } });
      const store = new LyingStore(new FileStore(path.join(world.vault, 'store')));
      const vault = await world.open({ objects: store });
      const object = path.relative('vault/store', await world.objectOf('news/long.txt'));
      const { bytes } = (await store.get(object))!;
      expect(bytes.length).toBeGreaterThan(256 * 1024);
      await readAll(vault, 'news/long.txt');
      for (let i = 0; i < 60; i++) {
        store.lies.set(object, flipBit(bytes, random.below(bytes.length * 8)));
        const code = await codeRejectedBy(readAll(vault, 'news/long.txt'));
        expect(['INTEGRITY', 'KEY_COMMITMENT']).toContain(code);
        refused(code);
      }
    });
  },
);
