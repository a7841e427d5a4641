// SPDX-License-Identifier: Apache-2.0
import path from 'node:path';
import { expect, it } from 'vitest';
import { concat } from '../../src/core/index.ts';
import { textCommit } from '../../src/provenance/index.ts';
import { FileStore, objectPath, type OpenDocument } from '../../src/store/index.ts';
import { documentRef } from '../../src/retrieve/index.ts';
import { digestOf } from '../../src/store/document-open.ts';
import { open, seal, sealContext } from '../../src/keys/index.ts';
import { expectStopped, onEachVault } from '../support/attack-world.ts';
import { LyingStore } from '../support/insider.ts';
import { move, refused, tried } from '../support/move.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { codeRejectedBy, expectRefusal } from '../support/tampering.ts';
import { VaultWorld } from '../support/vault-world.ts';

const NAMES = ['news/a.md', 'news/b.md', 'news/c.md'];

/** Three sections, each a chunk of its own. */
function text(name: string, version: number): string {
  const section = (n: number): string => {
    const sentences = Array.from(
      { length: 40 },
      (_, i) => `Sentence ${i} of part ${n} of ${name} in version ${version} speaks of bells.`,
    );
    return `# Part ${n}\n\n${sentences.join(' ')}\n\n`;
  };
  return section(1) + section(2) + section(3);
}

/** One document version as it was when it was current. */
interface Version {
  readonly name: string;
  readonly object: string;
  readonly bytes: Uint8Array;
  readonly document: OpenDocument;
  readonly texts: readonly string[];
}

/** A vault with three documents in three versions of at least three chunks, and what each version was. */
async function cube(): Promise<{ world: VaultWorld; versions: Version[] }> {
  const world = await VaultWorld.founded();
  const versions: Version[] = [];
  for (const version of [1, 2, 3]) {
    for (const name of NAMES) await world.write(name, text(name, version));
    await world.ingest();
    const vault = await world.open();
    for (const name of NAMES) {
      const { docId } = await vault.describe(name);
      const doc = vault.session.ledger.lookup('doc', docId)!;
      const document = await vault.session.documents.prove(doc);
      const object = objectPath(documentRef('default', doc), digestOf(document.statement));
      const stored = await vault.session.context.objects.get(object);
      const texts = await document.texts();
      versions.push({ name, object, bytes: stored!.bytes, document, texts });
    }
    vault.close();
  }
  return { world, versions };
}

move(
  {
    id: 'A02',
    title: 'swap chunks within a document, between documents, between versions',
    by: 'context in every key, frame counter in the nonce, i and n in every leaf, digest per version',
    codes: ['INTEGRITY', 'KEY_COMMITMENT'],
  },
  () => {
    it('fails for all pairs of 3 documents x 3 versions x 3 chunks', async () => {
      const { world, versions } = await cube();
      const chunks = versions.flatMap(({ document, texts }) =>
        texts.slice(0, 3).map((body, i) => ({ document, i, body })),
      );
      expect(chunks).toHaveLength(27);
      for (const at of chunks) {
        for (const shown of chunks) {
          const opening = at.document.textOpening(at.i);
          const commit = textCommit(opening, Buffer.from(shown.body));
          const fits = Buffer.compare(commit, at.document.leaf(at.i).textCommit) === 0;
          expect(fits).toBe(at === shown);
          tried();
        }
      }
      const store = new LyingStore(new FileStore(path.join(world.vault, 'store')));
      const vault = await world.open({ objects: store });
      for (const at of versions.slice(6)) {
        const doc = vault.session.ledger.lookup('doc', (await vault.describe(at.name)).docId)!;
        for (const shown of versions.filter((version) => version !== at)) {
          store.lies.set(at.object, shown.bytes);
          refused(await codeRejectedBy(vault.session.documents.prove(doc)));
          store.lies.delete(at.object);
        }
        await vault.session.documents.prove(doc);
      }
    });

    it('fails for sealed parts in the place of others, and for frames within a part', () => {
      const random = new SeededRandom('A02');
      const dek = random.bytes(32);
      const ref = { tenantId: 'acme', kind: 'doc', id: 'd-a', no: 1 } as const;
      const places = (['text', 'meta', 'vec'] as const).flatMap((part) =>
        [1, 2, 3].flatMap((no) =>
          ['d-a', 'd-b', 'd-c'].map((id) => sealContext({ ...ref, id, no }, part)),
        ),
      );
      const sealed = places.map((place) => seal(dek, place, random.bytes(40), random));
      for (const [i, place] of places.entries()) {
        for (const [j, bytes] of sealed.entries()) {
          if (i === j) continue;
          expectRefusal(() => open(dek, place, bytes), 'KEY_COMMITMENT');
          refused('KEY_COMMITMENT');
        }
      }
      const place = places[0]!;
      const long = seal(dek, place, random.bytes(4 * 16384 + 5), random);
      const frame = (n: number): Uint8Array => long.subarray(56 + n * 16400, 56 + (n + 1) * 16400);
      for (let a = 0; a < 4; a++) {
        for (let b = 0; b < 4; b++) {
          if (a === b) continue;
          const order = [0, 1, 2, 3].map((n) => (n === a ? b : n === b ? a : n));
          const swapped = concat(long.subarray(0, 56), ...order.map(frame), frame(4));
          expectRefusal(() => open(dek, place, swapped), 'INTEGRITY');
          refused('INTEGRITY');
        }
      }
    });

    onEachVault((target) => {
      it('fails for two objects that change places on disk', async () => {
        const damaged = await target.copy();
        const [first, second] = target.documents.slice(0, 2).map((name) => damaged.objectOf(name));
        const [a, b] = [await first!, await second!];
        let bytes = new Uint8Array(0);
        await damaged.alter(a, (old) => {
          bytes = Uint8Array.from(old);
          return old;
        });
        let other = new Uint8Array(0);
        await damaged.alter(b, (old) => {
          other = Uint8Array.from(old);
          return bytes;
        });
        await damaged.alter(a, () => other);
        await expectStopped(target, damaged, { codes: ['INTEGRITY'] });
      });
    });
  },
);
