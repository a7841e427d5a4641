// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync, sign } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { base64, concat, jcsBytes, parseJcs } from '../../src/core/index.ts';
import { open, seal, sealContext, unwrapKey, wrapKey } from '../../src/keys/index.ts';
import {
  pae,
  parsePublicKey,
  parseVkey,
  PAYLOAD_TYPE,
  verifySignature,
} from '../../src/provenance/index.ts';
import { expectStopped, onEachVault } from '../support/attack-world.ts';
import { move, refused, tried } from '../support/move.ts';
import { Replica } from '../support/replica.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { codeThrownBy } from '../support/tampering.ts';

const SRC = path.resolve(import.meta.dirname, '../../src');
const ref = { tenantId: 'acme', kind: 'doc', id: 'd-a', no: 1 } as const;

/** Every call of `createDecipheriv` in the source, and whether it demands tags of 16 bytes. */
function decipherCalls(): { file: string; demandsFullTag: boolean }[] {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' });
  const calls: { file: string; demandsFullTag: boolean }[] = [];
  for (const file of files.filter((name) => name.endsWith('.ts'))) {
    const text = readFileSync(path.join(SRC, file), 'utf8');
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && node.expression.getText() === 'createDecipheriv') {
        const options = node.arguments[3]?.getText() ?? '';
        calls.push({ file, demandsFullTag: /authTagLength: (?:TAG_BYTES|16)\b/.test(options) });
      }
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  }
  return calls;
}

move(
  {
    id: 'A10',
    title: 'downgrade the algorithm: other signature scheme, short tag, other suite',
    by: 'the algorithm belongs to the key; one suite; tags of exactly 16 bytes',
    codes: ['INTEGRITY', 'KEY_ROW_INVALID'],
  },
  () => {
    it('is void with a signature of another scheme, or with a field that names one', async () => {
      const replica = await Replica.founded();
      const { author } = replica;
      const own = parseJcs(await author.ingest('a')) as unknown as {
        payload: string;
        signatures: [{ keyid: string; sig: string }];
      };
      const { keyid } = own.signatures[0];
      const message = pae(PAYLOAD_TYPE, Buffer.from(own.payload, 'base64'));
      const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const others = [
        sign('sha256', message, p256.privateKey),
        sign('sha256', message, rsa.privateKey),
        new Uint8Array(64),
        new Uint8Array(0),
        Buffer.from(own.signatures[0].sig, 'base64').subarray(0, 63),
      ];
      for (const sig of others) {
        const envelope = { ...own, signatures: [{ keyid, sig: base64(sig) }] };
        replica.refuse(jcsBytes(envelope), 'SIGNATURE');
        tried();
      }
      for (const alg of ['none', 'HS256', 'ES256', 'EdDSA']) {
        replica.refuse(jcsBytes({ ...own, alg }), 'FORMAT');
        const signatures = [{ ...own.signatures[0], alg }];
        replica.refuse(jcsBytes({ ...own, signatures }), 'FORMAT');
        tried(2);
      }
    });

    it('is no key with a type byte or point that this version does not use', () => {
      const { publicKey } = generateKeyPairSync('ed25519');
      const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
      for (const type of [0x00, 0x02, 0x04, 0x05, 0xff]) {
        const material = base64(concat(Uint8Array.of(type), raw));
        expect(parseVkey(`example.org+00000000+${material}`)).toBeNull();
        tried();
      }
      // The identity point: every signature with R = identity and S = 0 would hold.
      const small = concat(
        Buffer.from('302a300506032b6570032100', 'hex'),
        Uint8Array.of(1),
        new Uint8Array(31),
      );
      const key = parsePublicKey(small);
      const forged = concat(Uint8Array.of(1), new Uint8Array(63));
      expect(key !== null && verifySignature(key, new Uint8Array(3), forged)).toBe(false);
      tried();
    });

    it('does not open with a tag that was cut', () => {
      const random = new SeededRandom('A10');
      const dek = random.bytes(32);
      const place = sealContext(ref, 'text');
      const sealed = seal(dek, place, random.bytes(100), random);
      for (const kept of [0, 4, 8, 12, 13, 14, 15]) {
        const short = sealed.subarray(0, sealed.length - 16 + kept);
        refused(codeThrownBy(() => open(dek, place, short)));
      }
      const branch = { version: '0'.repeat(32), key: random.bytes(32) };
      const row = wrapKey(branch, ref, dek, random);
      for (const kept of [0, 4, 8, 12, 15]) {
        refused(codeThrownBy(() => unwrapKey(branch, ref, row.subarray(0, 76 + kept))));
      }
    });

    it('finds no decipher in the source that would take a short tag', () => {
      const calls = decipherCalls();
      expect(calls.length).toBeGreaterThanOrEqual(2);
      expect(calls.filter(({ demandsFullTag }) => !demandsFullTag)).toEqual([]);
      tried(calls.length);
    });

    onEachVault((target) => {
      it('costs the document whose object claims a shorter tag', async () => {
        const damaged = await target.copy();
        const object = await damaged.objectOf(target.documents[0]!);
        await damaged.alter(object, (bytes) => bytes.subarray(0, bytes.length - 12));
        await expectStopped(target, damaged, { codes: ['INTEGRITY'] });
      });
    });
  },
);
