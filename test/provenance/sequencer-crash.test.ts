// SPDX-License-Identifier: Apache-2.0
// Every call to store, lock record, trust and cache fails once, just before and just after it took effect.
import { describe, expect, it } from 'vitest';
import type { CommitOutcome } from '../../src/provenance/batch.ts';
import { entryLeafHash } from '../../src/provenance/state.ts';
import { codeRejectedBy } from '../support/tampering.ts';
import type { FaultMoment } from '../support/faults.ts';
import { LogAuthor } from '../support/log-author.ts';
import {
  LogWorld,
  MemoryCache,
  MemoryTrust,
  type Party,
  type Writer,
} from '../support/log-world.ts';

const MOMENTS: readonly FaultMoment[] = ['before', 'after'];
const author = new LogAuthor();

/** A world at the border of a bundle, so that a batch of three crosses 256 entries and moves every kind of tile. */
const BORDER = await (async (): Promise<[LogWorld, Writer]> => {
  const [world, writer] = await LogWorld.founded(author);
  while (writer.ledger.head.size < 250) {
    const left = Math.min(63, 251 - writer.ledger.head.size);
    const acls = Array.from({ length: left }, (_, i) =>
      author.acl(`c${writer.ledger.head.size + i}`),
    );
    await writer.sequencer.commit(await Promise.all(acls));
  }
  return [world, writer];
})();

/** A copy of that world whose writer has just written a batch, so that there are superseded tiles to remove. */
async function nearBorder(): Promise<[LogWorld, Writer]> {
  const [world, writer] = await BORDER[0].copied(BORDER[1]);
  await writer.sequencer.commit([await author.acl('just before')]);
  return [world, writer];
}

/** A reader that verified the log up to the border before, and follows it from there. */
function follower(world: LogWorld): Promise<Party> {
  const cache = new MemoryCache();
  cache.claim = BORDER[1].cache.claim;
  return world.open({ cache, trust: new MemoryTrust(BORDER[1].trust.file) });
}

const batch = (): Promise<Uint8Array[]> =>
  Promise.all(['a', 'b', 'c'].map((uri) => author.ingest(uri)));

/** What must hold after a crash and a restart, whatever happened before. */
async function expectRecovered(
  world: LogWorld,
  kept: Writer,
  entries: readonly Uint8Array[],
): Promise<void> {
  const { trust, cache } = kept;
  const before = world.locks.state;
  const writer = await world.write({ trust, cache });
  const { ledger, sequencer } = writer;
  const log = (await world.entries(ledger.head)).map(entryLeafHash);
  const there = entries.filter((entry) => log.includes(entryLeafHash(entry)));
  expect([0, entries.length]).toContain(there.length);
  // What was pending is finished, never dropped: its checkpoint may have been seen.
  if (before.pending !== null) expect(ledger.head.size).toBeGreaterThanOrEqual(before.pending.size);
  const again = await sequencer.commit(entries);
  const expected = there.length === 0 ? 'committed' : 'refused';
  expect(again.map((outcome: CommitOutcome) => outcome.outcome)).toEqual(
    entries.map(() => expected),
  );
  await sequencer.commit([await author.acl('after the crash')]);
  expect(await world.forks(ledger.head)).toEqual([]);
  expect(world.alarms).toEqual([]);
  const newcomer = await follower(world);
  expect(newcomer.ledger.head.note).toBe(ledger.head.note);
  expect(newcomer.ledger.lookup('doc', author.docId('a'))?.version).toBe(1);
}

describe('a sequencer that crashes at any call of a commit', () => {
  it.each(MOMENTS)(
    'is recovered by the next one without a fork or a lost batch (%s the call)',
    async (moment) => {
      const entries = await batch();
      let points = 0;
      for (let n = 1; ; n++) {
        const [world, writer] = await nearBorder();
        world.faults.arm(n, moment);
        const code = await codeRejectedBy(writer.sequencer.commit(entries));
        if (!world.faults.struck) break;
        expect(code).toBe('STORE_FAILED');
        world.faults.arm(null);
        await expectRecovered(world, writer, entries);
        points = n;
      }
      expect(points).toBeGreaterThanOrEqual(15);
    },
  );
});

describe('a sequencer whose takeover crashes at any call', () => {
  it.each(MOMENTS)('is recovered by the next takeover (%s the call)', async (moment) => {
    const entries = await batch();
    let points = 0;
    for (let n = 1; ; n++) {
      const [world, writer] = await nearBorder();
      // The former sequencer dies right after the batch is pending.
      world.faults.arm(2, 'after');
      await codeRejectedBy(writer.sequencer.commit(entries));
      expect(world.faults.calls).toEqual(['putIfAbsent', 'swap']);
      expect(world.locks.state.pending).not.toBeNull();
      world.faults.arm(n, moment);
      const { trust, cache } = writer;
      const code = await codeRejectedBy(world.write({ trust, cache }));
      if (!world.faults.struck) break;
      expect(code).toBe('STORE_FAILED');
      world.faults.arm(null);
      await expectRecovered(world, writer, entries);
      points = n;
    }
    expect(points).toBeGreaterThan(20);
  });
});

describe('a sequencer that lives on after a failed call', () => {
  it.each(MOMENTS)(
    'never signs two logs, whatever it commits next (%s the call)',
    async (moment) => {
      const entries = await batch();
      for (let n = 1; ; n++) {
        const [world, writer] = await nearBorder();
        world.faults.arm(n, moment);
        await codeRejectedBy(writer.sequencer.commit(entries));
        if (!world.faults.struck) break;
        world.faults.arm(null);
        world.clock.seconds += 5;
        // It either goes on with a sound log or says that it cannot.
        const codes = [];
        for (const name of ['x', 'y']) {
          codes.push(await codeRejectedBy(writer.sequencer.commit([await author.acl(name)])));
        }
        expect([
          [null, null],
          ['VAULT_LOCKED', 'VAULT_LOCKED'],
        ]).toContainEqual(codes);
        const { trust, cache } = writer;
        const next = await world.write({ trust, cache });
        await next.sequencer.commit([await author.acl('z')]);
        expect(await world.forks(next.ledger.head)).toEqual([]);
        expect((await follower(world)).ledger.head.note).toBe(next.ledger.head.note);
      }
    },
  );
});
