// SPDX-License-Identifier: Apache-2.0
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { hex, sha256, utf8 } from '../../src/core/index.ts';
import { type KeyRef, seal, sealContext } from '../../src/keys/index.ts';
import {
  dataKey,
  getList,
  getRecord,
  objectPath,
  putList,
  putRecord,
} from '../../src/store/index.ts';
import { type KeyWorld, keyWorld } from '../support/key-world.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { everyBitFlip, expectRejection, flipBit } from '../support/tampering.ts';

const ACL: KeyRef = { tenantId: 'acme', kind: 'acl', id: 'ab'.repeat(32), no: 0 };
const DIR: KeyRef = { tenantId: 'acme', kind: 'dir', id: 'people', no: 1 };
const PLAIN = utf8('{"allowUsers":["ada"]}');
const PEOPLE = [
  { p: 'ada', groups: [] },
  { p: 'ben', groups: ['staff'] },
];

/** Replaces a stored object by other bytes. */
async function replace(world: KeyWorld, path: string, bytes: Uint8Array): Promise<void> {
  await world.objects.delete(path);
  await world.objects.putIfAbsent(path, bytes);
}

async function bytesAt(world: KeyWorld, path: string): Promise<Uint8Array> {
  return (await world.objects.get(path))?.bytes ?? new Uint8Array(0);
}

describe('a sealed record', () => {
  it('gives back its bytes and shows none of them', async () => {
    const world = await keyWorld('record');
    const digest = await putRecord(world, ACL, 'record', PLAIN);
    const sealed = await bytesAt(world, objectPath(ACL, digest));
    expect(hex(sha256(sealed))).toBe(digest);
    expect(Buffer.from(sealed).includes('ada')).toBe(false);
    expect(Uint8Array.from(await getRecord(world, ACL, 'record', digest))).toEqual(PLAIN);
  });

  it('is sealed under another key each time', async () => {
    const world = await keyWorld('record');
    const first = await putRecord(world, ACL, 'record', PLAIN);
    const second = await putRecord(world, ACL, 'record', PLAIN);
    expect(first).not.toBe(second);
    const keys = [await dataKey(world, ACL, first), await dataKey(world, ACL, second)];
    expect(hex(keys[0] as Uint8Array)).not.toBe(hex(keys[1] as Uint8Array));
    expect(Uint8Array.from(await getRecord(world, ACL, 'record', first))).toEqual(PLAIN);
  });

  it('INV-RECORD-DIGEST: is refused with any single bit turned over, or when it is missing', async () => {
    const world = await keyWorld('record');
    const digest = await putRecord(world, ACL, 'record', PLAIN);
    const path = objectPath(ACL, digest);
    for (const flipped of everyBitFlip(await bytesAt(world, path))) {
      await replace(world, path, flipped);
      await expectRejection(getRecord(world, ACL, 'record', digest), 'INTEGRITY');
    }
    await world.objects.delete(path);
    await expectRejection(getRecord(world, ACL, 'record', digest), 'INTEGRITY');
  });

  it('INV-RECORD-DIGEST: is refused when a holder of its key seals other content in its place', async () => {
    const world = await keyWorld('record');
    const digest = await putRecord(world, ACL, 'record', PLAIN);
    const dek = await dataKey(world, ACL, digest);
    const forged = seal(
      dek,
      sealContext(ACL, 'record'),
      utf8('{"allowUsers":["eve"]}'),
      world.random,
    );
    await replace(world, objectPath(ACL, digest), forged);
    await expectRejection(getRecord(world, ACL, 'record', digest), 'INTEGRITY');
  });

  it('is refused as another part, in another place, or for another tenant', async () => {
    const world = await keyWorld('record');
    const digest = await putRecord(world, ACL, 'record', PLAIN);
    await expectRejection(getRecord(world, ACL, 'table', digest), 'KEY_COMMITMENT');
    const sealed = await bytesAt(world, objectPath(ACL, digest));
    const row = (await world.keys.get(ACL, digest)) ?? new Uint8Array(0);
    for (const other of [
      { ...ACL, id: 'cd'.repeat(32) },
      { ...ACL, tenantId: 'other' },
      { ...ACL, no: 1 },
    ]) {
      await world.objects.putIfAbsent(objectPath(other, digest), sealed);
      await expectRejection(getRecord(world, other, 'record', digest), 'KEY_ROW_MISSING');
      await world.keys.putAll([{ ref: other, objectDigest: digest, row }]);
      await expectRejection(getRecord(world, other, 'record', digest), 'KEY_ROW_INVALID');
    }
  });

  it('is gone when its key is', async () => {
    const world = await keyWorld('record');
    const digest = await putRecord(world, ACL, 'record', PLAIN);
    await world.keys.purgeRows([{ ref: ACL, objectDigest: digest }]);
    await expectRejection(getRecord(world, ACL, 'record', digest), 'KEY_ROW_MISSING');
  });

  it('is refused with any single bit of its wrapped key turned over', async () => {
    const world = await keyWorld('record');
    const digest = await putRecord(world, ACL, 'record', PLAIN);
    const row = (await world.keys.get(ACL, digest)) ?? new Uint8Array(0);
    const db = new DatabaseSync(world.keyFile);
    for (const flipped of everyBitFlip(row)) {
      db.prepare('UPDATE dek SET row = ?').run(flipped);
      await expectRejectionIn(getRecord(world, ACL, 'record', digest));
    }
    db.close();
  });
});

describe('a sealed list', () => {
  it('gives back its records, in the order of their canonical bytes', async () => {
    const world = await keyWorld('list');
    const named = await putList(world, DIR, PEOPLE);
    expect(named.count).toBe(2);
    expect(await getList(world, DIR, named)).toEqual([PEOPLE[1], PEOPLE[0]]);
    const empty = await putList(world, { ...DIR, no: 2 }, []);
    expect(await getList(world, { ...DIR, no: 2 }, empty)).toEqual([]);
  });

  it('has a commitment that tells nothing: another key, another root', async () => {
    const world = await keyWorld('list');
    const first = await putList(world, DIR, PEOPLE);
    const second = await putList(world, DIR, PEOPLE);
    expect(first.contentRoot).not.toBe(second.contentRoot);
  });

  it('INV-LIST-ROOT: is refused when the log names another content', async () => {
    const world = await keyWorld('list');
    const named = await putList(world, DIR, PEOPLE);
    const other = await putList(world, DIR, PEOPLE.slice(1));
    for (const contentRoot of [other.contentRoot, '00'.repeat(32)]) {
      await expectRejection(getList(world, DIR, { ...named, contentRoot }), 'POLICY_TAMPERED');
    }
  });

  it('INV-RECORD-DIGEST: is refused with one bit turned over, as POLICY_TAMPERED', async () => {
    const world = await keyWorld('list');
    const named = await putList(world, DIR, PEOPLE);
    const path = objectPath(DIR, named.objectDigest);
    const sealed = await bytesAt(world, path);
    const random = new SeededRandom('bits');
    for (let i = 0; i < 50; i++) {
      await replace(world, path, flipBit(sealed, random.below(sealed.length * 8)));
      await expectRejection(getList(world, DIR, named), 'POLICY_TAMPERED');
    }
  });

  it('of one epoch does not pass as that of another', async () => {
    const world = await keyWorld('list');
    const named = await putList(world, DIR, PEOPLE);
    const next = { ...DIR, no: 2 };
    const sealed = await bytesAt(world, objectPath(DIR, named.objectDigest));
    await world.objects.putIfAbsent(objectPath(next, named.objectDigest), sealed);
    await expectRejection(getList(world, next, named), 'KEY_ROW_MISSING');
  });

  it('cannot hold a record twice', async () => {
    const world = await keyWorld('list');
    await expectRejection(putList(world, DIR, [{ p: 'ada' }, { p: 'ada' }]), 'INTERNAL');
  });
});

/** A flipped row is refused as altered, or names a branch key that nobody has. */
async function expectRejectionIn(work: Promise<unknown>): Promise<void> {
  const refused = await work.catch((error: unknown) => error);
  expect((refused as { code?: string }).code).toMatch(/^KEY_(ROW_INVALID|UNAVAILABLE)$/);
}
