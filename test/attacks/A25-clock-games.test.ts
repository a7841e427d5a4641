// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { parseEnvelope } from '../../src/provenance/index.ts';
import { eventsOf, expectAudited, expectStopped, onEachVault } from '../support/attack-world.ts';
import { publishAsLogHolder } from '../support/insider.ts';
import { LogWorld } from '../support/log-world.ts';
import { move, refused, tried } from '../support/move.ts';
import { Replica } from '../support/replica.ts';
import { codeRejectedBy } from '../support/tampering.ts';
import { finds, OFFICE_ACCESS, search } from '../support/vault-world.ts';

move(
  {
    id: 'A25',
    title: 'play with clocks: future or expired statements, times that go back',
    by: 'the order of the log decides validity; times only bound freshness and must not decrease',
    codes: ['CLOCK_AHEAD', 'STATE_MISMATCH'],
  },
  () => {
    it('cannot make a key live longer or shorter by the time in a statement', async () => {
      const replica = await Replica.founded();
      const { author } = replica;
      const now = author.time;
      replica.accept(await author.delegate('short', 'ingest', { notAfter: now + 60 }));
      await replica.seal(now + 61);
      for (const time of [0, now - 1000, now, now + 59, now + 10 ** 6]) {
        author.time = time;
        replica.refuse(await author.ingest('a', null, {}, 'short'), 'SIGNATURE');
        tried();
      }
      // A live key's statement counts whatever time it names: position decides.
      author.time = 1;
      replica.accept(await author.ingest('a'));
      author.time = now;
      const honest = parseEnvelope(await replica.stateEntry())!;
      const { predicate } = JSON.parse(Buffer.from(honest.payload).toString()) as {
        predicate: object;
      };
      const earlier = { ...predicate, time: now - 5 };
      replica.halt(await author.loose('state', earlier, 'sequencer'), 'STATE_MISMATCH');
      refused('STATE_MISMATCH');
    });

    it('gets nothing appended that is signed for another day', async () => {
      const [world, writer] = await LogWorld.founded();
      const { author } = world;
      const now = author.time;
      for (const time of [now + 601, now + 10 ** 9, now - 86_401, 0]) {
        author.time = time;
        const [outcome] = await writer.sequencer.commit([await author.ingest(`a ${time}`)]);
        expect(outcome).toEqual({ outcome: 'refused', reason: 'TIME' });
        tried();
      }
    });

    it('stops a sequencer whose clock went back, before it signs anything', async () => {
      const [world, writer] = await LogWorld.founded();
      world.clock.seconds -= 3600;
      world.author.time = world.clock.seconds;
      const signed = world.signedTexts.length;
      refused(await codeRejectedBy(writer.sequencer.commit([await world.author.ingest('a')])));
      expect(world.signedTexts).toHaveLength(signed);
    });

    onEachVault((target) => {
      it('is refused when the log is signed for the future', async () => {
        const damaged = await target.copy();
        damaged.clock.seconds += 10_000;
        await publishAsLogHolder(damaged, () => Promise.resolve([]));
        damaged.clock.seconds -= 10_000;
        await expectStopped(target, damaged, { codes: ['CLOCK_AHEAD'], passages: 'none' });
      });

      it('is refused by a running reader, and noted', async () => {
        const world = await target.copy();
        const reader = await world.open();
        await search(reader, 'dan', 'leave');
        world.clock.seconds += 10_000;
        await publishAsLogHolder(world, () => Promise.resolve([]));
        world.clock.seconds -= 10_000;
        refused(await codeRejectedBy(search(reader, 'dan', 'leave')));
        reader.close();
        expectAudited(await eventsOf(world), ['CLOCK_AHEAD']);
      });

      it('shows no document after its expiry, to the second', async () => {
        const world = await target.copy();
        const until = new Date((world.clock.seconds + 7200) * 1000).toISOString();
        const [first, ...others] = OFFICE_ACCESS.rules;
        const access = { ...OFFICE_ACCESS, rules: [{ ...first, expires: until }, ...others] };
        await world.use((vault) => vault.setAccess(world.setAccess(access)));
        const vault = await world.open();
        const before = await finds(vault, 'dan', 'leave', 1000);
        expect(before.length).toBeGreaterThan(0);
        world.clock.seconds += 7199;
        expect(await finds(vault, 'dan', 'leave', 1000)).toEqual(before);
        world.clock.seconds += 1;
        expect(await finds(vault, 'dan', 'leave', 1000)).toEqual([]);
        tried(before.length);
      });
    });
  },
);
