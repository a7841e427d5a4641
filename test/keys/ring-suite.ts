// SPDX-License-Identifier: Apache-2.0
// What every key ring does whose keys can be made and forgotten, wherever it keeps them.
import { describe, expect, it } from 'vitest';
import { hex, systemRandom, utf8 } from '../../src/core/index.ts';
import type { KeyRef, ManagedKeyRing } from '../../src/keys/index.ts';
import { ed25519Spki } from '../../src/provenance/note.ts';
import { parsePublicKey, verifySignature } from '../../src/provenance/public-key.ts';
import { expectRejection } from '../support/tampering.ts';

/** A data key of some document. */
export const REF: KeyRef = { tenantId: 'acme', kind: 'doc', id: 'd-1', no: 1 };

/** A new ring of the tenant `acme`, and a way to open it again. */
export interface RingPlace {
  readonly made: ManagedKeyRing;
  readonly open: () => Promise<ManagedKeyRing>;
}

/** Runs the suite over rings that `make` makes. */
export function describeKeyRing(name: string, make: () => Promise<RingPlace>): void {
  describe(`${name}, as every key ring,`, () => {
    it('opens again with the same keys', async () => {
      const { made, open } = await make();
      const opened = await open();
      expect([opened.vaultId, opened.tenantId]).toEqual([made.vaultId, 'acme']);
      expect(hex(opened.lookupKey('id'))).toBe(hex(made.lookupKey('id')));
      expect(hex(opened.lookupKey('id'))).not.toBe(hex(made.lookupKey('class')));
      expect(hex(opened.logPublicKey)).toBe(hex(made.logPublicKey));
      expect(opened.branchVersion).toBe(made.branchVersion);
      const roots = opened.signers('root').map(({ keyid }) => keyid);
      expect(roots).toEqual(made.signers('root').map(({ keyid }) => keyid));
      expect(roots).toHaveLength(1);
      const dek = systemRandom.bytes(32);
      expect(hex(await opened.unwrap(REF, await made.wrap(REF, dek)))).toBe(hex(dek));
    });

    it('signs notes with the log key and statements with the root key', async () => {
      const ring = await (await make()).open();
      const text = utf8('checkpoint\n');
      const logKey = parsePublicKey(ed25519Spki(ring.logPublicKey));
      const note = await ring.signNote(text, ring.logPublicKey);
      expect(logKey !== null && verifySignature(logKey, text, note)).toBe(true);
      const [root] = ring.signers('root');
      const rootKey = parsePublicKey(root!.spki);
      expect(rootKey !== null && verifySignature(rootKey, text, await root!.sign(text))).toBe(true);
      expect(rootKey?.keyid).toBe(root!.keyid);
      expect(rootKey?.keyid).not.toBe(logKey?.keyid);
    });

    it('wraps under a new version after a rotation and still unwraps old rows', async () => {
      const { made, open } = await make();
      const [first, dek] = [made.branchVersion, systemRandom.bytes(32)];
      const old = await made.wrap(REF, dek);
      const second = await made.rotateBranch();
      expect(made.branchVersion).toBe(second);
      expect(made.branchVersions).toEqual([first, second]);
      const opened = await open();
      expect(opened.branchVersion).toBe(second);
      expect(hex(await opened.unwrap(REF, old))).toBe(hex(dek));
      expect(hex(await opened.unwrap(REF, await made.wrap(REF, dek)))).toBe(hex(dek));
    });

    it('loses the rows of a version that was dropped, and never drops the current one', async () => {
      const { made, open } = await make();
      const old = await made.wrap(REF, systemRandom.bytes(32));
      const [first, second] = [made.branchVersion, await made.rotateBranch()];
      const third = await made.rotateBranch();
      await made.dropBranches([first, third]);
      await expectRejection(made.unwrap(REF, old), 'KEY_UNAVAILABLE');
      const opened = await open();
      expect(opened.branchVersions).toEqual([second, third]);
      await expectRejection(opened.unwrap(REF, old), 'KEY_UNAVAILABLE');
    });

    it('refuses rows that are swapped or altered', async () => {
      const { made } = await make();
      const row = await made.wrap(REF, systemRandom.bytes(32));
      await expectRejection(made.unwrap({ ...REF, no: 2 }, row), 'KEY_ROW_INVALID');
      const short = Promise.resolve().then(() => made.unwrap(REF, row.subarray(1)));
      await expectRejection(short, 'KEY_ROW_INVALID');
    });

    it('keeps signers per role, newest first, and they sign', async () => {
      const { made, open } = await make();
      const [one, two] = [await made.addSigner('ingest'), await made.addSigner('ingest')];
      const acl = await made.addSigner('acl');
      const opened = await open();
      const ids = (role: string): string[] => opened.signers(role).map(({ keyid }) => keyid);
      expect(ids('ingest')).toEqual([two.keyid, one.keyid]);
      expect(ids('acl')).toEqual([acl.keyid]);
      expect(ids('retriever')).toEqual([]);
      const message = utf8('a statement');
      for (const signer of [...opened.signers('ingest'), acl]) {
        const key = parsePublicKey(signer.spki);
        expect(key?.keyid).toBe(signer.keyid);
        expect(key !== null && verifySignature(key, message, await signer.sign(message))).toBe(
          true,
        );
      }
    });

    it('holds both log keys until one is kept, over restarts, and signs with the wanted one', async () => {
      const { made, open } = await make();
      const first = made.logPublicKey;
      const second = await made.nextLogKey(first);
      expect(hex(await made.nextLogKey(first))).toBe(hex(second));
      const ring = await open();
      expect(hex(await ring.nextLogKey(first))).toBe(hex(second));
      expect(hex(ring.logPublicKey)).toBe(hex(first));
      const text = utf8('checkpoint\n');
      for (const raw of [first, second]) {
        const key = parsePublicKey(ed25519Spki(raw))!;
        expect(verifySignature(key, text, await ring.signNote(text, raw))).toBe(true);
      }
      await ring.keepLogKey(second);
      const kept = await open();
      expect(hex(kept.logPublicKey)).toBe(hex(second));
      await kept.signNote(text, second);
      await expectRejection(kept.signNote(text, first), 'KEY_UNAVAILABLE');
      await expectRejection(kept.nextLogKey(first), 'KEY_UNAVAILABLE');
      await expectRejection(kept.keepLogKey(first), 'KEY_UNAVAILABLE');
    });

    it('never takes a former log key for the next one, though the ring still holds it', async () => {
      const { made: ring } = await make();
      const first = ring.logPublicKey;
      const second = await ring.nextLogKey(first);
      // As after a stop between the head under the new key and the forgetting of the old one.
      const third = await ring.nextLogKey(second);
      expect(new Set([first, second, third].map(hex)).size).toBe(3);
      expect(hex(ring.logPublicKey)).toBe(hex(second));
      await expectRejection(ring.signNote(utf8('x'), first), 'KEY_UNAVAILABLE');
    });
  });
}
