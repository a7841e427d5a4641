// SPDX-License-Identifier: Apache-2.0
// What lies in buckets, against servers that Strongroom has not written: the suites of the ports, races, locks, a vault.
import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { S3KeyTable, S3LockStore, type S3Place, S3Store } from '../../src/aws/index.ts';
import { systemClock, utf8 } from '../../src/core/index.ts';
import { INITIAL_LOCK } from '../../src/provenance/index.ts';
import { describeObjectStore } from '../store/conformance.ts';
import { A, describeKeyTable, row } from '../store/key-table-conformance.ts';
import { describeLockStore } from '../store/lock-conformance.ts';
import { RealBuckets, s3Servers } from '../support/aws/real-buckets.ts';
import { collect } from '../support/collect.ts';
import { expectRejection } from '../support/tampering.ts';
import { contextWithReceipt, finds, VaultWorld } from '../support/vault-world.ts';

const servers = s3Servers();
if (servers.length === 0) {
  describe('S3', () => {
    it.skip('does not run: STRONGROOM_TEST_MINISTACK names no address', () => undefined);
  });
}

describe.each(servers)('S3 as $name', (server) => {
  const buckets = new RealBuckets(server);
  const places = new Map<string, S3Place>();
  beforeAll(async () => {
    for (const kind of ['plain', 'versions', 'object lock'] as const) {
      places.set(kind, await buckets.make(kind));
    }
  });
  /** An own prefix of a bucket, which nobody has written to. */
  const fresh = (kind: 'plain' | 'versions' | 'object lock'): S3Place => {
    const place = places.get(kind) as S3Place;
    return { ...place, prefix: `${randomBytes(6).toString('hex')}/` };
  };
  const clock = systemClock;

  for (const kind of ['plain', 'versions'] as const) {
    describeObjectStore(`a store in a bucket (${kind})`, () => {
      const place = fresh(kind);
      return {
        store: new S3Store({ ...place, clock }),
        again: () => new S3Store({ ...place, clock }),
      };
    });
  }

  describeKeyTable('a key table in a bucket', () => {
    const place = fresh('plain');
    return {
      table: new S3KeyTable(place),
      again: () => new S3KeyTable(place),
      tamper: ({ ref, objectDigest }, bytes) => {
        const name = `dek/${ref.tenantId}/${ref.kind}/${ref.id}/${ref.no}-${objectDigest}`;
        return buckets.put(place.bucket, `${place.prefix ?? ''}${name}`, bytes);
      },
    };
  });

  describeLockStore('in a bucket', () => {
    const place = fresh('plain');
    return {
      locks: new S3LockStore(place, 'acme'),
      again: () => new S3LockStore(place, 'acme'),
    };
  });

  it('has one winner among sixteen writers, thirty times', async () => {
    const place = fresh('plain');
    const stores = Array.from({ length: 16 }, () => new S3Store({ ...place, clock }));
    for (let round = 0; round < 30; round++) {
      const won = await Promise.all(
        stores.map((store, i) => store.putIfAbsent(`race/${round}`, utf8(`${i}`.repeat(2000)))),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
    }
    const locks = Array.from({ length: 16 }, () => new S3LockStore(place, 'acme'));
    let state = INITIAL_LOCK;
    for (let round = 1; round <= 30; round++) {
      const won = await Promise.all(
        locks.map((each, i) => each.swap(state, { ...INITIAL_LOCK, fence: round * 100 + i })),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
      state = { ...INITIAL_LOCK, fence: round * 100 + won.indexOf(true) };
    }
  });

  it('puts a large object together from parts, for one of two writers', async () => {
    const place = { ...fresh('versions'), partBytes: 5 * 2 ** 20 };
    const contents = [1, 2].map((n) => new Uint8Array(11 * 2 ** 20).fill(n));
    const store = new S3Store({ ...place, clock });
    const won = await Promise.all(contents.map((each) => store.putIfAbsent('a', each)));
    expect(won.filter(Boolean)).toHaveLength(1);
    const stored = await store.get('a');
    expect(Buffer.compare(stored?.bytes ?? utf8(''), contents[won.indexOf(true)] ?? utf8(''))).toBe(
      0,
    );
    expect(await store.compareAndSwap('a', stored?.version ?? '', utf8('small'))).toBe(true);
  });

  it('keeps a full tile from everybody for as long as it is locked', async () => {
    const objectLock = { mode: 'COMPLIANCE', days: 1 } as const;
    const place = fresh('object lock');
    const store = new S3Store({ ...place, objectLock, clock });
    await store.putIfAbsent('log/acme/tile/0/000', utf8('full'));
    await store.putIfAbsent('log/acme/tile/0/000.p/1', utf8('partial'));
    await expectRejection(store.delete('log/acme/tile/0/000'), 'SERVICE_DENIED');
    await store.delete('log/acme/tile/0/000.p/1');
    expect((await collect(store.list(''))).map(({ path }) => path)).toEqual([
      'log/acme/tile/0/000',
    ]);
  });

  it.each(['versions', 'object lock'] as const)(
    'gives no key table where there are %s',
    async (kind) => {
      await expectRejection(new S3KeyTable(fresh(kind)).putAll([row(A, 1)]), 'CONFIG_INVALID');
    },
  );

  it('names a bucket that is not there', async () => {
    const store = new S3Store({ ...fresh('plain'), bucket: 'strongroom-no-such-bucket', clock });
    await expectRejection(store.get('a'), 'SERVICE_MISSING');
    await expectRejection(store.putIfAbsent('a', utf8('a')), 'SERVICE_MISSING');
  });

  it('holds a vault: two people see their own, a receipt, an erasure that leaves no version', async () => {
    const services = await buckets.home();
    const world = await VaultWorld.ingested({ services, aws: server.access });
    const { bucket, prefix = '' } = services.objects.s3;
    await world.use(async (vault) => {
      expect(await finds(vault, 'ben', 'thirty days of leave')).toContain('staff/leave.md');
      expect(await finds(vault, 'dan', 'thirty days of leave')).not.toContain('staff/leave.md');
      const { receipt } = await contextWithReceipt(vault, 'ben', 'days of leave');
      expect(receipt).toBeDefined();
      const { docId } = await vault.describe('staff/leave.md');
      expect(await buckets.versions(bucket, `${prefix}obj/doc/${docId}/`)).toHaveLength(1);
      await vault.erase('staff/leave.md', 'request');
      expect(await buckets.versions(bucket, `${prefix}obj/doc/${docId}/`)).toEqual([]);
      const keys = services.keyTable.s3;
      const left = await buckets.versions(
        keys.bucket,
        `${keys.prefix ?? ''}dek/default/doc/${docId}`,
      );
      expect(left).toEqual([]);
      expect(await finds(vault, 'ben', 'thirty days of leave')).not.toContain('staff/leave.md');
    });
    expect(world.codes).toEqual([]);
  });
});
