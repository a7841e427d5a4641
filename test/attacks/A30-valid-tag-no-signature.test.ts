// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { concat, hex } from '../../src/core/index.ts';
import { open, seal, sealContext } from '../../src/keys/index.ts';
import { documentRef } from '../../src/retrieve/index.ts';
import { dataKey, digestOf, objectPath, sealDocument } from '../../src/store/index.ts';
import { expectStopped, onEachVault, onSmallVault } from '../support/attack-world.ts';
import { type Insider, withDataKeys } from '../support/insider.ts';
import { move } from '../support/move.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import type { VaultWorld } from '../support/vault-world.ts';

/** Everything that someone with the data keys can get at of a document. */
async function openAll({ stores, session, vault }: Insider, name: string) {
  const doc = session.ledger.lookup('doc', (await vault.describe(name)).docId)!;
  const document = await session.documents.prove(doc);
  const ref = documentRef('default', doc);
  const digest = digestOf(document.statement);
  const dek = await dataKey(stores, ref, digest);
  const object = objectPath(ref, digest);
  const { bytes } = (await stores.objects.get(object))!;
  const { text } = document.statement.predicate.parts;
  const sealedText = bytes.subarray(text.off, text.off + text.bytes);
  const plain = open(dek, sealContext(ref, 'text'), sealedText);
  return { document, ref, dek, object, bytes, sealedText, plain };
}

/** The same text with other letters: as long, as valid, and false. */
function falsified(text: Uint8Array): Uint8Array {
  return text.map((byte) => (byte === 0x61 ? 0x65 : byte === 0x65 ? 0x61 : byte));
}

/** Rewrites a document under its own data key, with commitments and tags that fit the new text. */
function rewrite(world: VaultWorld, name: string): Promise<void> {
  return withDataKeys(world, async (insider) => {
    const { document, ref, dek, object, plain } = await openAll(insider, name);
    const vectors = await document.vectors();
    const chunks = vectors.map((vector, i) => {
      const { start, end, meta } = document.leaf(i);
      return { start, end, meta, vector };
    });
    const { embedder: form } = document.statement.predicate;
    const input = { ref, text: falsified(plain), chunks, meta: document.meta, form };
    const forged = sealDocument(dek, input, new SeededRandom('A30'));
    expect(
      open(dek, sealContext(ref, 'text'), forged.bytes.subarray(0, forged.parts.text.bytes)),
    ).toEqual(falsified(plain));
    const row = await insider.stores.ring.wrap(ref, dek);
    await insider.stores.keys.putAll([{ ref, objectDigest: forged.sha256, row }]);
    await writeFile(path.join(world.vault, 'store', object), forged.bytes);
  });
}

/** Rewrites the text of a document so that even header, length and every tag are those of the signed statement. */
function rewriteUnderOldHeader(world: VaultWorld, name: string): Promise<void> {
  return withDataKeys(world, async (insider) => {
    const { ref, dek, object, bytes, sealedText, plain } = await openAll(insider, name);
    const salt = sealedText.subarray(0, 24);
    const forged = seal(dek, sealContext(ref, 'text'), falsified(plain), { bytes: () => salt });
    expect(hex(forged.subarray(0, 56))).toBe(hex(sealedText.subarray(0, 56)));
    const whole = concat(forged, bytes.subarray(sealedText.length));
    expect(whole).toHaveLength(bytes.length);
    await writeFile(path.join(world.vault, 'store', object), whole);
  });
}

move(
  {
    id: 'A30',
    title: 'rewrite a text with a valid tag: an insider who holds the data keys and no signing key',
    by: 'commitments to every text and vector in a signed statement: encryption is not the integrity story',
    codes: ['INTEGRITY'],
  },
  () => {
    onEachVault((target) => {
      it('costs the document: what was rewritten reaches nobody', async () => {
        for (const name of target.documents.slice(0, 5)) {
          const damaged = await target.copy();
          await rewrite(damaged, name);
          const { passages } = await expectStopped(target, damaged, { codes: ['INTEGRITY'] });
          expect(passages.map(({ source }) => source.uri)).not.toContain(name);
        }
      });

      it('costs the document also when the sealed header is kept', async () => {
        const damaged = await target.copy();
        await rewriteUnderOldHeader(damaged, target.documents[0]!);
        await expectStopped(target, damaged, { codes: ['INTEGRITY'] });
      });
    });

    const random = new SeededRandom('A30 long');
    const words = Array.from({ length: 45_000 }, () => `area${random.below(900)}`);
    const long = onSmallVault({ 'news/long.txt': words.join(' ') });

    it('is seen chunk by chunk in a document that is read by frames, where every tag holds', async () => {
      const damaged = await long.copy();
      await rewriteUnderOldHeader(damaged, 'news/long.txt');
      const { passages } = await expectStopped(long, damaged, { codes: ['INTEGRITY'] });
      expect(passages).toEqual([]);
    });
  },
);
