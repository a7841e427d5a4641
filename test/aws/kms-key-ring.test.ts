// SPDX-License-Identifier: Apache-2.0
// Keys in the key service: how often it is asked, what ends when it refuses, and what others may open.
import * as K from '@aws-sdk/client-kms';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { KmsKeyRing } from '../../src/aws/index.ts';
import { systemRandom, utf8 } from '../../src/core/index.ts';
import { parsePublicKey, verifySignature } from '../../src/provenance/index.ts';
import { ROOT_CREDENTIALS } from '../support/aws/fake-kms.ts';
import { ASYMMETRIC, KMS_VAULT, kmsWorld, ringWorld } from '../support/aws/kms-world.ts';
import { codeRejectedBy, expectRejection } from '../support/tampering.ts';
import { describeKeyRing, REF } from '../keys/ring-suite.ts';

const HOUR = 3600;
const dek = (): Uint8Array => systemRandom.bytes(32);

describeKeyRing('a ring of the key service', async () => {
  const { ring, options } = await ringWorld();
  return { made: ring, open: () => KmsKeyRing.open(options()) };
});

describe('the calls that a ring makes', () => {
  it('are one for the lookup key when it opens, one for the branch key when first needed, and none by query', async () => {
    const { ring, options, kms, symmetricCalls } = await ringWorld();
    const rows = await Promise.all(Array.from({ length: 1000 }, () => ring.wrap(REF, dek())));
    const [before, all] = [symmetricCalls(), kms.calls.length];
    const reader = await KmsKeyRing.open(options());
    expect(symmetricCalls() - before).toBe(1);
    // The first thousand, all at the same moment.
    await Promise.all(rows.map((row) => reader.unwrap(REF, row)));
    expect(symmetricCalls() - before).toBe(2);
    const steady = kms.calls.length;
    for (const row of rows) await reader.unwrap(REF, row);
    expect(kms.calls.length - steady).toBe(0);
    expect(kms.calls.length - all).toBeLessThanOrEqual(3);
    expect(kms.count('Sign')).toBe(0);
  });

  it('are at most one of the symmetric key for a thousand documents', async () => {
    const { ring, kms, symmetricCalls } = await ringWorld();
    const [symmetric, asymmetric] = [symmetricCalls(), kms.count(...ASYMMETRIC)];
    for (let document = 0; document < 3000; document++) await ring.wrap(REF, dek());
    expect(symmetricCalls() - symmetric).toBeLessThanOrEqual(1);
    expect(kms.count(...ASYMMETRIC)).toBe(asymmetric);
  });

  it('name opaque ids alone', async () => {
    const { ring, kms, keyId } = await ringWorld();
    await ring.addSigner('ingest');
    await ring.rotateBranch();
    const contexts = kms.calls.flatMap(({ input }) =>
      ['EncryptionContext', 'SourceEncryptionContext'].flatMap((name) => input[name] ?? []),
    ) as Record<string, string>[];
    expect(contexts.length).toBeGreaterThan(6);
    for (const { 'sr:version': version, ...context } of contexts) {
      expect(context).toEqual({
        'sr:vault': KMS_VAULT,
        'sr:tenant': 'acme',
        'sr:kind': expect.stringMatching(/^(lookup|branch|log|ingest)$/) as string,
      });
      expect(version).toMatch(/^[0-9a-f]{32,64}$/);
    }
    const used = kms.calls.map(({ input }) => input['KeyId'] ?? input['SourceKeyId']);
    expect(used.filter((key) => key !== undefined)).toContain(keyId);
  });
});

describe('a key in memory', () => {
  it('is asked for again after its age and after its uses', async () => {
    const { options, clock, symmetricCalls } = await ringWorld();
    const limits = { maxAge: HOUR * 1000, maxUses: 10 };
    const ring = await KmsKeyRing.open(options({ limits }));
    const row = await ring.wrap(REF, dek());
    const before = symmetricCalls();
    for (let use = 1; use < 10; use++) await ring.unwrap(REF, row);
    expect(symmetricCalls() - before).toBe(0);
    await ring.unwrap(REF, row);
    expect(symmetricCalls() - before).toBe(1);
    clock.seconds += HOUR - 1;
    await ring.unwrap(REF, row);
    expect(symmetricCalls() - before).toBe(1);
    clock.seconds += 1;
    await ring.unwrap(REF, row);
    expect(symmetricCalls() - before).toBe(2);
    clock.seconds -= 2 * HOUR;
    await ring.unwrap(REF, row);
    expect(symmetricCalls() - before).toBe(3);
  });

  it.each([
    [
      'KMS_KEY_DISABLED',
      (client: K.KMSClient, KeyId: string): Promise<unknown> =>
        client.send(new K.DisableKeyCommand({ KeyId })),
    ],
    [
      'KMS_KEY_DELETION',
      (client: K.KMSClient, KeyId: string): Promise<unknown> =>
        client.send(new K.ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 })),
    ],
  ] as const)('is used no longer than its age after %s, and nothing else is', async (code, end) => {
    const { ring, options, clock, client, keyId } = await ringWorld();
    const signer = await ring.addSigner('ingest');
    const row = await ring.wrap(REF, dek());
    await signer.sign(utf8('a statement'));
    await end(client, keyId);
    await ring.unwrap(REF, row);
    clock.seconds += HOUR;
    await expectRejection(ring.unwrap(REF, row), code);
    await expectRejection(ring.wrap(REF, dek()), code);
    await expectRejection(signer.sign(utf8('a statement')), code);
    await expectRejection(ring.signNote(utf8('a note\n'), ring.logPublicKey), code);
    await expectRejection(ring.rotateBranch(), code);
    await expectRejection(KmsKeyRing.open(options()), code);
    if (code === 'KMS_KEY_DELETION')
      await client.send(new K.CancelKeyDeletionCommand({ KeyId: keyId }));
    await client.send(new K.EnableKeyCommand({ KeyId: keyId }));
    await ring.unwrap(REF, row);
  });

  it('goes with all others as soon as the service refuses one', async () => {
    const { ring, client, keyId } = await ringWorld();
    const signer = await ring.addSigner('ingest');
    const row = await ring.wrap(REF, dek());
    await client.send(new K.DisableKeyCommand({ KeyId: keyId }));
    await expectRejection(signer.sign(utf8('first use of this key')), 'KMS_KEY_DISABLED');
    await expectRejection(ring.unwrap(REF, row), 'KMS_KEY_DISABLED');
  });

  it('survives that the service is out of order for a moment', async () => {
    const { ring, kms, clock } = await ringWorld();
    const signer = await ring.addSigner('ingest');
    const row = await ring.wrap(REF, dek());
    kms.fault = () => ({ type: 'ThrottlingException', status: 400 });
    await expectRejection(signer.sign(utf8('first use of this key')), 'SERVICE_BUSY');
    await ring.unwrap(REF, row);
    kms.fault = () => 'cut';
    clock.seconds += HOUR;
    await expectRejection(ring.unwrap(REF, row), 'SERVICE_UNREACHABLE');
    kms.fault = () => null;
    await ring.unwrap(REF, row);
  });
});

describe('a root key in the service', () => {
  it.each(['ECC_NIST_EDWARDS25519', 'ECC_NIST_P256', 'ML_DSA_44'] as const)(
    'of %s signs what the log accepts',
    async (spec) => {
      const [root] = (await ringWorld(spec)).ring.signers('root');
      const key = parsePublicKey(root!.spki);
      const message = systemRandom.bytes(4096);
      expect(verifySignature(key!, message, await root!.sign(message))).toBe(true);
      const larger = systemRandom.bytes(4097);
      if (spec === 'ECC_NIST_P256')
        expect(verifySignature(key!, larger, await root!.sign(larger))).toBe(true);
      else await expectRejection(root!.sign(larger), 'ENTRY_TOO_LARGE');
    },
  );

  it('is none that the log cannot verify, and none that encrypts', async () => {
    const { options } = await kmsWorld('ECC_NIST_P384');
    await expectRejection(KmsKeyRing.create(options()), 'USAGE');
    const { options: other, keyId } = await kmsWorld();
    const founding = KmsKeyRing.create(other({ rootKeyId: keyId }));
    expect(['USAGE', 'SERVICE_FAILED']).toContain(await codeRejectedBy(founding));
  });

  it('INV-KMS-SIGNATURE: gives no signature that does not hold', async () => {
    const { ring, kms, rootKeyId } = await ringWorld();
    const Signature = Buffer.alloc(64, 1).toString('base64');
    kms.fault = ({ operation }) =>
      operation === 'Sign' ? { answer: { KeyId: rootKeyId, Signature } } : null;
    await expectRejection(ring.signers('root')[0]!.sign(utf8('a statement')), 'SERVICE_FAILED');
  });

  it('ends with it being disabled', async () => {
    const { ring, client, rootKeyId } = await ringWorld();
    await client.send(new K.DisableKeyCommand({ KeyId: rootKeyId }));
    const [root] = ring.signers('root');
    await expectRejection(root!.sign(utf8('a statement')), 'KMS_KEY_DISABLED');
  });
});

describe('an answer of the key service', () => {
  it('INV-KMS-KEY: counts only if it names the key that was asked for', async () => {
    const { ring, kms, newKey } = await ringWorld();
    const other = await newKey();
    const Plaintext = Buffer.alloc(32, 7).toString('base64');
    kms.fault = ({ operation }) =>
      operation === 'Decrypt' ? { answer: { KeyId: other, Plaintext } } : null;
    await expectRejection(ring.wrap(REF, dek()), 'SERVICE_FAILED');
  });

  it('without what was asked for is an error', async () => {
    const { ring, kms, keyId } = await ringWorld();
    kms.fault = () => ({ answer: { KeyId: keyId } });
    await expectRejection(ring.wrap(REF, dek()), 'SERVICE_FAILED');
  });

  it('shows in no error what was asked or who asked', async () => {
    const { ring, kms } = await ringWorld();
    kms.fault = ({ input }) => ({ type: `Made up: ${JSON.stringify(input)}`, status: 400 });
    const error: unknown = await ring.wrap(REF, dek()).catch((thrown: unknown) => thrown);
    const shown = inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error);
    for (const word of [ROOT_CREDENTIALS.secretAccessKey, 'AWS4-HMAC', 'CiphertextBlob', KMS_VAULT])
      expect(shown).not.toContain(word);
  });
});
