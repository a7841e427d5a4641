// SPDX-License-Identifier: Apache-2.0
// The life of a ring in the key service: rotation and destruction, grants, Regions.
import * as K from '@aws-sdk/client-kms';
import { describe, expect, it } from 'vitest';
import {
  FileRingMemory,
  grantRole,
  KmsKeyRing,
  KmsService,
  revokeGrants,
} from '../../src/aws/index.ts';
import { hex, type ObjectStore, systemRandom, utf8 } from '../../src/core/index.ts';
import type { Role } from '../../src/provenance/index.ts';
import { REF } from '../keys/ring-suite.ts';
import { KMS_VAULT, kmsWorld, ringWorld } from '../support/aws/kms-world.ts';
import { collect } from '../support/collect.ts';
import { codeRejectedBy, expectRejection } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const HOUR = 3600;
const dek = (): Uint8Array => systemRandom.bytes(32);

describe('rotation in the key service', () => {
  it('encrypts everything again, and leaves nothing of the older wrapped keys', async () => {
    const { ring, objects, kms, options } = await ringWorld();
    await ring.addSigner('ingest');
    const row = await ring.wrap(REF, dek());
    const wrapped = async (): Promise<string[]> =>
      (await collect(objects.list('keyring/acme/'))).map(({ path }) => path).sort();
    const before = await wrapped();
    const decrypted = kms.count('Decrypt');
    await ring.rotateBranch();
    const after = await wrapped();
    expect(kms.count('ReEncrypt')).toBe(4);
    expect(kms.count('Decrypt')).toBe(decrypted);
    expect(after.filter((path) => before.includes(path))).toEqual(['keyring/acme/ring']);
    expect(after).toHaveLength(before.length + 1);
    await (await KmsKeyRing.open(options())).unwrap(REF, row);
  });

  it('is followed by rings that were open before, whichever key they need', async () => {
    const { ring, options } = await ringWorld();
    await ring.addSigner('ingest');
    const other = await KmsKeyRing.open(options());
    await ring.rotateBranch();
    const row = await ring.wrap(REF, dek());
    await other.unwrap(REF, row);
    await other.signers('ingest')[0]!.sign(utf8('a statement'));
    await other.signNote(utf8('a note\n'), other.logPublicKey);
  });

  it('reaches other writers within the time they are told', async () => {
    const { ring, options, clock } = await ringWorld();
    const other = await KmsKeyRing.open(options({ followEvery: 60_000 }));
    const version = await ring.rotateBranch();
    expect(other.branchVersion).not.toBe(version);
    clock.seconds += 60;
    await other.wrap(REF, dek());
    expect(other.branchVersion).toBe(version);
  });

  it('lets a superseded branch key go only when no writer can still use it', async () => {
    const { ring, options, clock } = await ringWorld();
    const writer = await KmsKeyRing.open(options({ forgetAfter: HOUR * 1000 }));
    const first = ring.branchVersion;
    await writer.rotateBranch();
    await expectRejection(writer.dropBranches([first]), 'KEY_BRANCH_RECENT');
    clock.seconds += HOUR;
    await writer.dropBranches([first]);
    expect(writer.branchVersions).toHaveLength(1);
  });

  it('destroys a dropped branch key in the store, also when it was interrupted', async () => {
    const { ring, options, objects } = await ringWorld();
    const first = ring.branchVersion;
    const [stored] = await collect(objects.list(`keyring/acme/branch/${first}`));
    expect(stored).toBeDefined();
    await ring.rotateBranch();
    const failing: ObjectStore = {
      putIfAbsent: (path, bytes) => objects.putIfAbsent(path, bytes),
      compareAndSwap: (path, version, bytes) => objects.compareAndSwap(path, version, bytes),
      get: (path) => objects.get(path),
      getRange: (path, offset, length) => objects.getRange(path, offset, length),
      stat: (path) => objects.stat(path),
      list: (prefix) => objects.list(prefix),
      delete: () => Promise.reject(new Error('the machine stops')),
    };
    const stopped = await KmsKeyRing.open(options({ objects: failing }));
    await expect(stopped.dropBranches([first])).rejects.toThrow('the machine stops');
    expect(await collect(objects.list(`keyring/acme/branch/${first}`))).toHaveLength(1);
    await KmsKeyRing.open(options());
    expect(await collect(objects.list(`keyring/acme/branch/${first}`))).toEqual([]);
  });

  it('of racing writers loses no key', async () => {
    const { options } = await ringWorld();
    const rings = await Promise.all([1, 2, 3].map(() => KmsKeyRing.open(options())));
    const made = await Promise.all(rings.map((ring) => ring.addSigner('ingest')));
    const opened = await KmsKeyRing.open(options());
    const ids = opened.signers('ingest').map(({ keyid }) => keyid);
    expect(ids.sort()).toEqual(made.map(({ keyid }) => keyid).sort());
  });

  it('moves a ring to another key of the service', async () => {
    const { ring, options, newKey, client, keyId } = await ringWorld();
    const row = await ring.wrap(REF, dek());
    const next = await newKey();
    await ring.moveTo(next);
    await client.send(new K.DisableKeyCommand({ KeyId: keyId }));
    await (await KmsKeyRing.open(options({ keyId: next }))).unwrap(REF, row);
  });
});

describe('grants', () => {
  it.each<[Role, boolean]>([
    ['retriever', false],
    ['ingest', false],
    ['sequencer', true],
  ])('let a %s open what it needs; sign for the log: %s', async (role, signsNotes) => {
    const { ring, options, kms, keyId, rootKeyId, connection } = await ringWorld();
    for (const each of ['retriever', 'ingest', 'sequencer']) await ring.addSigner(each);
    const row = await ring.wrap(REF, dek());
    const { arn, credentials } = kms.principal(role);
    const service = new KmsService(connection({ credentials }));
    await expectRejection(KmsKeyRing.open(options({ service })), 'SERVICE_DENIED');
    const place = { vaultId: KMS_VAULT, tenantId: 'acme', keyArn: keyId, rootArn: rootKeyId };
    const grants = await grantRole(options().service, place, role, arn);
    const opened = await KmsKeyRing.open(options({ service }));
    await opened.unwrap(REF, row);
    await opened.signers(role)[0]!.sign(utf8('a statement'));
    const other = opened.signers(role === 'ingest' ? 'retriever' : 'ingest')[0]!;
    await expectRejection(other.sign(utf8('a statement')), 'SERVICE_DENIED');
    const note = await codeRejectedBy(opened.signNote(utf8('a note\n'), opened.logPublicKey));
    expect(note).toBe(signsNotes ? null : 'SERVICE_DENIED');
    await expectRejection(opened.signers('root')[0]!.sign(utf8('x')), 'SERVICE_DENIED');
    await expectRejection(opened.rotateBranch(), 'SERVICE_DENIED');
    await revokeGrants(options().service, grants);
    await expectRejection(KmsKeyRing.open(options({ service })), 'SERVICE_DENIED');
  });

  it('let an administrator have the root key sign', async () => {
    const { options, kms, keyId, rootKeyId, connection } = await ringWorld();
    const { arn, credentials } = kms.principal('administrator');
    const place = { vaultId: KMS_VAULT, tenantId: 'acme', keyArn: keyId, rootArn: rootKeyId };
    await grantRole(options().service, place, 'root', arn);
    const service = new KmsService(connection({ credentials }));
    const ring = await KmsKeyRing.open(options({ service }));
    await ring.signers('root')[0]!.sign(utf8('a delegation'));
    await expectRejection(ring.signNote(utf8('a note\n'), ring.logPublicKey), 'SERVICE_DENIED');
  });
});

describe('a key in several Regions', () => {
  it('opens the ring in the other Region', async () => {
    const world = await kmsWorld();
    const keyId = await world.newKey({ MultiRegion: true });
    const sign = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY', MultiRegion: true } as const;
    const rootKeyId = await world.newKey(sign);
    const ring = await KmsKeyRing.create(world.options({ keyId, rootKeyId }));
    const row = await ring.wrap(REF, dek());
    const ReplicaRegion = 'eu-central-1';
    for (const KeyId of [keyId, rootKeyId])
      await world.client.send(new K.ReplicateKeyCommand({ KeyId, ReplicaRegion }));
    const service = new KmsService(world.connection({ region: ReplicaRegion }));
    const there = keyId.replace('us-east-1', ReplicaRegion);
    await world.client.send(new K.DisableKeyCommand({ KeyId: keyId }));
    const opened = await KmsKeyRing.open(world.options({ service, keyId: there }));
    expect(hex(await opened.unwrap(REF, row))).toBe(hex(await ring.unwrap(REF, row)));
    await opened.signers('root')[0]!.sign(utf8('a delegation'));
    await opened.addSigner('ingest');
    const regions = world.kms.calls.slice(-4).map(({ region }) => region);
    expect(new Set(regions)).toEqual(new Set([ReplicaRegion]));
  });
});

describe('what this machine has seen of a ring', () => {
  it('is kept, and a damaged note of it opens nothing', async () => {
    const { ring, options } = await ringWorld();
    const home = temporaryFolder();
    const memory = new FileRingMemory(home, KMS_VAULT, 'acme');
    await KmsKeyRing.open(options({ memory }));
    expect(await memory.read()).toBe(1);
    await ring.rotateBranch();
    await KmsKeyRing.open(options({ memory }));
    expect(await memory.read()).toBeGreaterThan(1);
    await memory.raise(1);
    expect(await memory.read()).toBeGreaterThan(1);
  });
});
