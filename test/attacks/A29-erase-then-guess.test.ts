// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import path from 'node:path';
import { expect, it } from 'vitest';
import { hex } from '../../src/core/index.ts';
import {
  documentSalt,
  type KeyRef,
  open,
  sealContext,
  textOpening,
  vectorOpening,
} from '../../src/keys/index.ts';
import { type ChunkLeaf, chunkRoot, textCommit, vecCommit } from '../../src/provenance/index.ts';
import { documentRef } from '../../src/retrieve/index.ts';
import { dataKey, digestOf, FileStore, objectPath } from '../../src/store/index.ts';
import type { Vault } from '../../src/vault/index.ts';
import { onEachVault } from '../support/attack-world.ts';
import { move, refused, tried } from '../support/move.ts';
import { codeThrownBy } from '../support/tampering.ts';

/** All that the attacker guesses of a document, rightly: text, vectors, places, headings. Only the data key is missing. */
interface Guess {
  readonly ref: KeyRef;
  readonly leaves: readonly ChunkLeaf[];
  readonly texts: readonly string[];
  readonly vectors: readonly Uint8Array[];
  readonly model: { readonly model: string; readonly dims: number; readonly dtype: 'i8' | 'f32le' };
  /** The root that the old log signs. */
  readonly signedRoot: string;
  readonly object: string;
}

async function guessOf(vault: Vault, name: string): Promise<{ guess: Guess; dek: Uint8Array }> {
  const { session } = vault;
  const doc = session.ledger.lookup('doc', (await vault.describe(name)).docId)!;
  const document = await session.documents.prove(doc);
  const ref = documentRef('default', doc);
  const digest = digestOf(document.statement);
  const texts = await document.texts();
  return {
    dek: await dataKey(session.context.stores, ref, digest),
    guess: {
      ref,
      leaves: texts.map((_, i) => document.leaf(i)),
      texts,
      vectors: await document.vectors(),
      model: document.statement.predicate.embedder,
      signedRoot: document.statement.subject.digest['srChunkTreeV1']!,
      object: objectPath(ref, digest),
    },
  };
}

/** Whether a key confirms the guess against what the old log says. */
function confirms(key: Uint8Array, guess: Guess): boolean {
  const salt = documentSalt(key, guess.ref);
  const leaves = guess.leaves.map((leaf, i) => ({
    ...leaf,
    textCommit: textCommit(textOpening(salt, i), Buffer.from(guess.texts[i]!)),
    vecCommit: vecCommit(vectorOpening(salt, i), guess.model, guess.vectors[i]!),
  }));
  return chunkRoot(leaves) === guess.signedRoot;
}

/** Every key that whoever has the vault and even its key ring can still get at. */
async function remainingKeys(vault: Vault): Promise<Uint8Array[]> {
  const { keys, ring, config } = vault.session.context;
  const found: Uint8Array[] = [new Uint8Array(32)];
  for await (const { ref, row } of keys.list(config.tenantId))
    found.push(await ring.unwrap(ref, row));
  for (const use of ['id', 'class', 'token', 'source', 'fence', 'audit'] as const) {
    found.push(ring.lookupKey(use));
  }
  return found;
}

move(
  {
    id: 'A29',
    title:
      'guess the text of an erased document, with the old log, the old store and every remaining key',
    by: 'commitments under keys that are derived from the destroyed data key',
    codes: ['KEY_COMMITMENT'],
  },
  () => {
    onEachVault((target) => {
      it('confirms no guess, not even the right one', async () => {
        const world = await target.copy();
        const old = await world.copy();
        const name = target.documents[3]!;
        const { guess, dek } = await world.use((vault) => guessOf(vault, name));
        // The same attack with the data key succeeds, so it would find a key that was left over.
        expect(confirms(dek, guess)).toBe(true);
        await world.use((vault) => vault.erase(name, 'request'));
        const oldStore = new FileStore(path.join(old.vault, 'store'));
        const sealed = (await oldStore.get(guess.object))!.bytes;
        await world.use(async (vault) => {
          for (const key of await remainingKeys(vault)) {
            expect(hex(key)).not.toBe(hex(dek));
            expect(confirms(key, guess)).toBe(false);
            const place = sealContext(guess.ref, 'text');
            refused(codeThrownBy(() => open(key, place, sealed)));
          }
        });
      });

      it('finds no plain digest of text, path or vector in anything that is stored', async () => {
        const world = await target.copy();
        const name = target.documents[3]!;
        const { guess } = await world.use((vault) => guessOf(vault, name));
        const needles = [name, ...guess.texts, ...guess.vectors].flatMap((part) => [
          Buffer.from(part),
          ...['sha256', 'sha1', 'md5', 'sha512'].flatMap((algorithm) => {
            const digest = hash(algorithm, Buffer.from(part));
            return [
              digest,
              Buffer.from(digest.toString('hex')),
              Buffer.from(digest.toString('base64')),
            ];
          }),
        ]);
        for (const file of await world.storedFiles()) {
          await world.alter(file, (bytes) => {
            const held = needles.filter((needle) => Buffer.from(bytes).includes(needle));
            expect([file, held.length]).toEqual([file, 0]);
            tried();
            return bytes;
          });
        }
      });
    });
  },
);

function hash(algorithm: string, bytes: Uint8Array): Buffer {
  return createHash(algorithm).update(bytes).digest();
}
