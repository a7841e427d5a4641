// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { headFields } from '../../src/ingest/index.ts';
import { signStatement } from '../../src/provenance/index.ts';
import { expectStopped, onEachVault, PEOPLE } from '../support/attack-world.ts';
import { publishAsLogHolder } from '../support/insider.ts';
import { LogAuthor } from '../support/log-author.ts';
import { LogWorld } from '../support/log-world.ts';
import { move, refused } from '../support/move.ts';
import { Replica } from '../support/replica.ts';

move(
  {
    id: 'A08',
    title: 'forge a manifest: unknown, expired, revoked, foreign or wrongly scoped signer',
    by: 'delegations by log position, roles, namespaces, the origin in every statement',
    codes: ['ENTRY_REFUSED'],
  },
  () => {
    it('is void in each variant, whoever published it', async () => {
      const replica = await Replica.founded();
      const { author } = replica;
      replica.refuse(await author.ingest('a', null, {}, 'nobody'), 'SIGNATURE');
      replica.accept(await author.delegate('short', 'ingest', { notAfter: author.time + 60 }));
      author.time += 61;
      await replica.seal();
      replica.refuse(await author.ingest('a', null, {}, 'short'), 'SIGNATURE');
      replica.accept(await author.delegate('bad', 'ingest'));
      replica.accept(await author.revoke('bad', replica.next));
      replica.refuse(await author.ingest('a', null, {}, 'bad'), 'SIGNATURE');
      replica.refuse(await author.ingest('a', null, {}, 'acl'), 'SCOPE');
      replica.accept(await author.delegate('hr', 'ingest', { namespaces: ['hr'] }));
      replica.refuse(await author.ingest('a', null, {}, 'hr'), 'SCOPE');
      const foreign = new LogAuthor('vault', 'other-tenant');
      replica.refuse(await author.ingest('a', null, { log: foreign.log }, 'ingest'), 'FOREIGN_LOG');
      replica.refuse(await new LogAuthor('elsewhere').ingest('a'), 'SIGNATURE');
      await replica.ingest('a');
      for (let i = 0; i < 7; i++) refused();
    });

    it('is not appended by the sequencer', async () => {
      const [world, writer] = await LogWorld.founded();
      const { size } = writer.ledger.head;
      const [outcome] = await writer.sequencer.commit([
        await world.author.ingest('a', null, {}, 'nobody'),
      ]);
      expect(outcome).toEqual({ outcome: 'refused', reason: 'SIGNATURE' });
      expect(writer.ledger.head.size).toBe(size);
      refused();
    });

    onEachVault((target) => {
      it('changes nothing for anybody when the holder of the log key publishes it', async () => {
        const damaged = await target.copy();
        const stranger = new LogAuthor('stranger').signer('root');
        await publishAsLogHolder(damaged, async (session) => {
          const every = { log: session.ledger.trust.log, time: damaged.clock.seconds };
          const idKey = session.context.ring.lookupKey('id');
          const docs = [...session.ledger.documents()];
          return Promise.all(
            docs.map((doc) =>
              signStatement('tombstone', { ...every, ...headFields(idKey, doc) }, stranger),
            ),
          );
        });
        for (const person of PEOPLE) {
          const copy = await damaged.copy();
          const expected = { codes: ['ENTRY_REFUSED'], person, passages: 'all' } as const;
          await expectStopped(target, copy, expected);
        }
      });
    });
  },
);
