// SPDX-License-Identifier: Apache-2.0
// A ring whose store is hostile: whoever writes there gets nothing wrapped under a key of his choice.
import { describe, expect, it } from 'vitest';
import { FileRingMemory, KmsKeyRing } from '../../src/aws/index.ts';
import { jcsBytes, parseJcs, systemRandom } from '../../src/core/index.ts';
import { KMS_VAULT, type KmsWorld, ringWorld } from '../support/aws/kms-world.ts';
import { collect } from '../support/collect.ts';
import { expectRejection, flipBit } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { REF } from '../keys/ring-suite.ts';

const RING = 'keyring/acme/ring';

async function bytesAt({ objects }: KmsWorld, path: string): Promise<Uint8Array> {
  return (await objects.get(path))!.bytes;
}

async function replace({ objects }: KmsWorld, path: string, bytes: Uint8Array): Promise<void> {
  const version = (await objects.get(path))?.version ?? null;
  expect(await objects.compareAndSwap(path, version, bytes)).toBe(true);
}

interface Stored {
  mac: string;
  state: {
    epoch: number;
    tenantId: string;
    keyArn: string;
    root: { keyArn: string; spki: string };
    branches: { version: string; since: number; digest: string }[];
    signers: unknown[];
  };
}

describe('a stored ring', () => {
  it('INV-RING-MAC: counts only as it was written', async () => {
    const world = await ringWorld();
    await world.ring.rotateBranch();
    const right = await bytesAt(world, RING);
    const other = (await ringWorld()).ring.signers('root')[0]!;
    const changes: ((stored: Stored) => void)[] = [
      ({ state }) => state.branches.reverse(),
      ({ state }) => state.branches.pop(),
      ({ state }) => (state.branches[0]!.since += 1),
      ({ state }) => (state.epoch += 1),
      ({ state }) => (state.root.spki = Buffer.from(other.spki).toString('base64')),
      ({ state }) => (state.root.keyArn = state.keyArn),
      (stored) => (stored.mac = '00'.repeat(32)),
    ];
    for (const change of changes) {
      const stored = parseJcs(right) as unknown as Stored;
      change(stored);
      await replace(world, RING, jcsBytes(stored));
      await expectRejection(KmsKeyRing.open(world.options()), 'KEYRING_INVALID');
      await expectRejection(world.ring.addSigner('ingest'), 'KEYRING_INVALID');
    }
    await replace(world, RING, right);
    await KmsKeyRing.open(world.options());
  });

  it('that is no list at all is refused, and none is missed', async () => {
    const world = await ringWorld();
    for (const bytes of [new Uint8Array(0), jcsBytes({}), jcsBytes([1])]) {
      await replace(world, RING, bytes);
      await expectRejection(KmsKeyRing.open(world.options()), 'KEYRING_INVALID');
    }
    await world.objects.delete(RING);
    await expectRejection(KmsKeyRing.open(world.options()), 'KEYRING_MISSING');
  });

  it('INV-RING-ROLLBACK: is never older than this machine has seen', async () => {
    const world = await ringWorld();
    const memory = new FileRingMemory(temporaryFolder(), KMS_VAULT, 'acme');
    const copies = new Map<string, Uint8Array>();
    for (const { path } of await collect(world.objects.list('')))
      copies.set(path, await bytesAt(world, path));
    await world.ring.rotateBranch();
    const reader = await KmsKeyRing.open(world.options({ memory }));
    for (const [path, bytes] of copies) await replace(world, path, bytes);
    await expectRejection(KmsKeyRing.open(world.options({ memory })), 'ROLLBACK');
    await expectRejection(reader.addSigner('ingest'), 'ROLLBACK');
    await expectRejection(world.ring.rotateBranch(), 'ROLLBACK');
  });

  it('is wrapped by the configured key, not by one that it names itself', async () => {
    const world = await ringWorld();
    const stranger = await world.newKey();
    const theirs = { vaultId: KMS_VAULT, keyId: stranger };
    await world.objects.delete(RING);
    await KmsKeyRing.create(world.options(theirs));
    await expectRejection(KmsKeyRing.open(world.options()), 'KEYRING_INVALID');
  });

  it('of another tenant under this name is refused', async () => {
    const world = await ringWorld();
    await KmsKeyRing.create(world.options({ tenantId: 'other' }));
    for (const { path } of await collect(world.objects.list('keyring/other/')))
      await replace(world, path.replace('other', 'acme'), await bytesAt(world, path));
    await expectRejection(KmsKeyRing.open(world.options()), 'KEYRING_INVALID');
  });

  it('is made once', async () => {
    const world = await ringWorld();
    await expectRejection(KmsKeyRing.create(world.options()), 'VAULT_EXISTS');
  });
});

describe('a wrapped key', () => {
  it('INV-RING-WRAPPED: is the one that the list names', async () => {
    const world = await ringWorld();
    const [branch] = await collect(world.objects.list('keyring/acme/branch/'));
    const right = await bytesAt(world, branch!.path);
    await replace(world, branch!.path, flipBit(right, 100));
    // The service would refuse it too: nothing is sent there that the list does not name.
    const asked = world.kms.count('Decrypt');
    await expectRejection(world.ring.wrap(REF, systemRandom.bytes(32)), 'KEYRING_INVALID');
    expect(world.kms.count('Decrypt')).toBe(asked);
    await world.objects.delete(branch!.path);
    await expectRejection(world.ring.wrap(REF, systemRandom.bytes(32)), 'KEY_UNAVAILABLE');
    await replace(world, branch!.path, right);
    await world.ring.wrap(REF, systemRandom.bytes(32));
  });

  it('of another vault opens nothing here, since the service is told whose it is', async () => {
    const world = await ringWorld();
    const vaultId = 'cd'.repeat(16);
    const memory = new FileRingMemory(temporaryFolder(), vaultId, 'acme');
    const options = world.options({ vaultId, memory });
    await expectRejection(KmsKeyRing.open(options), 'KEYRING_INVALID');
  });
});
