// SPDX-License-Identifier: Apache-2.0
import { cp, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { fromBase64, readU32 } from '../../src/core/index.ts';
import { open, sealContext, type KeyRef } from '../../src/keys/index.ts';
import {
  pae,
  parseEnvelope,
  parsePublicKeyBase64,
  PAYLOAD_TYPE,
  verifySignature,
} from '../../src/provenance/index.ts';
import { documentRef } from '../../src/retrieve/index.ts';
import { digestOf, objectPath } from '../../src/store/index.ts';
import { openNewestTable, segmentRef } from '../../src/vault/inside.ts';
import { onEachVault } from '../support/attack-world.ts';
import { move, refused, tried } from '../support/move.ts';
import { restoreKeyTable } from '../support/stored-keys.ts';
import { codeThrownBy } from '../support/tampering.ts';
import { finds, type VaultWorld } from '../support/vault-world.ts';

/** A sealed message that held something of the document. */
interface Message {
  readonly ref: KeyRef;
  readonly part: string;
  readonly sealed: Uint8Array;
}

/** Everything that an older copy of the store holds of a document: its object, and the segment of its class. */
async function heldOf(old: VaultWorld, name: string): Promise<Message[]> {
  return old.use(async (vault) => {
    const { session } = vault;
    const { objects } = session.context;
    const doc = session.ledger.lookup('doc', (await vault.describe(name)).docId)!;
    const { statement } = await session.documents.prove(doc);
    const ref = documentRef('default', doc);
    const { bytes } = (await objects.get(objectPath(ref, digestOf(statement))))!;
    const { parts } = statement.predicate;
    const found: Message[] = (['text', 'meta', 'vec'] as const).map((part) => ({
      ref,
      part,
      sealed: bytes.subarray(parts[part].off, parts[part].off + parts[part].bytes),
    }));
    const { classNo } = session.ledger.lookup('acl', doc.aclDigest)!;
    for (const entry of (await openNewestTable(session)).filter(
      (each) => each.classNo === classNo,
    )) {
      const segment = (await objects.getRange(entry.path, entry.offset, entry.bytes))!;
      const at = segmentRef('default', classNo, entry.segment, entry.generation);
      let offset = 0;
      for (const part of ['rows', 'postings', 'dict', 'names']) {
        const length = readU32(segment, offset);
        found.push({ ref: at, part, sealed: segment.subarray(offset + 4, offset + 4 + length) });
        offset += 4 + length;
      }
    }
    return found;
  });
}

/** Every data key that a vault's key table and key ring still give. */
async function dataKeys(world: VaultWorld): Promise<Uint8Array[]> {
  return world.use(async ({ session }) => {
    const { keys, ring } = session.context;
    const found: Uint8Array[] = [];
    for await (const { ref, row } of keys.list('default')) found.push(await ring.unwrap(ref, row));
    return found;
  });
}

/** How many of the messages some key opens. */
function opened(messages: readonly Message[], keys: readonly Uint8Array[]): number {
  return messages.filter(({ ref, part, sealed }) =>
    keys.some((key) => codeThrownBy(() => open(key, sealContext(ref, part), sealed)) === null),
  ).length;
}

move(
  {
    id: 'A33',
    title: 'read an erased document from snapshots, journals, caches and old copies of the store',
    by: 'every version’s key is destroyed; segments that held its rows are sealed anew, their keys destroyed',
    codes: ['KEY_COMMITMENT'],
  },
  () => {
    onEachVault((target) => {
      it('leaves no key that opens a byte of it, in any copy of the store', async () => {
        const world = await target.copy();
        const name = target.documents[3]!;
        await world.write(name, '# Second version\n\nThe salary of the lift is confidential.\n');
        await world.ingest();
        const old = await world.copy();
        const held = await heldOf(old, name);
        expect(opened(held, await dataKeys(old))).toBe(held.length);
        await world.use((vault) => vault.erase(name, 'request'));
        const keys = await dataKeys(world);
        expect(opened(held, keys)).toBe(0);
        for (let i = 0; i < held.length * keys.length; i++) refused('KEY_COMMITMENT');
      });

      it('shows nothing of it even when old objects and the old key table come back', async () => {
        const world = await target.copy();
        const old = await world.copy();
        const name = target.documents[3]!;
        await world.use((vault) => vault.erase(name, 'request'));
        await cp(path.join(old.vault, 'store', 'obj'), path.join(world.vault, 'store', 'obj'), {
          recursive: true,
        });
        await restoreKeyTable(world, old);
        await world.use(async (vault) => {
          expect(await finds(vault, 'ada', 'anything at all', 1000)).not.toContain(name);
        });
        // The next writer finishes what the log has decided: the keys go again.
        await world.remove(name);
        await world.write('news/other.md', 'Another page.\n');
        await world.ingest();
        const { docId } = await world.use((vault) => vault.describe(name));
        await world.use(async ({ session }) => {
          for await (const { ref } of session.context.keys.list('default')) {
            expect(ref.id).not.toBe(docId);
          }
        });
        tried();
      });

      it('leaves nothing in the journal, and a signed list of what was done', async () => {
        const world = await target.copy();
        const name = target.documents[3]!;
        const report = await world.use((vault) => vault.erase(name, 'request'));
        const journal = await readFile(path.join(world.vault, 'journal.sqlite'), 'latin1');
        expect(journal).not.toContain(report.docId);
        expect(report.result.effectiveNow).toContain('data keys destroyed');
        const envelope = parseEnvelope(fromBase64(report.statement)!)!;
        await world.use(({ session }) => {
          const key = session.ledger.view.state.keys.get(envelope.keyid)!;
          expect(key.role).toBe('eraser');
          const message = pae(PAYLOAD_TYPE, envelope.payload);
          const isSigned = verifySignature(
            parsePublicKeyBase64(key.spki)!,
            message,
            envelope.signature,
          );
          expect(isSigned).toBe(true);
          return Promise.resolve();
        });
        tried();
      });
    });
  },
);
