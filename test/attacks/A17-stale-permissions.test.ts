// SPDX-License-Identifier: Apache-2.0
import { expect, it, onTestFinished, vi } from 'vitest';
import { onEachVault } from '../support/attack-world.ts';
import { move, refused, tried } from '../support/move.ts';
import { Replica } from '../support/replica.ts';
import { codeRejectedBy } from '../support/tampering.ts';
import { finds, OFFICE_ACCESS } from '../support/vault-world.ts';

/** The rules of the office, with or without ben among the staff. */
function rules(withBen: boolean): object {
  const staff = withBen ? ['ben', 'people-ops'] : ['people-ops'];
  return { ...OFFICE_ACCESS, groups: { ...OFFICE_ACCESS.groups, staff } };
}

move(
  {
    id: 'A17',
    title: 'use a permission after it was revoked: query at once, replay old grants',
    by: 'every request follows the log; epochs; cached lists are keyed by everything they depend on',
    codes: ['ENTRY_REFUSED', 'STATE_MISMATCH'],
  },
  () => {
    onEachVault((target) => {
      it('fails with the first query after the revocation, in another process too', async () => {
        const world = await target.copy();
        const admin = await world.open();
        const reader = await world.open();
        const staff = target.documents.filter((name) => name.startsWith('staff/'));
        for (let round = 0; round < 6; round++) {
          const isMember = round % 2 === 1;
          await admin.setAccess(world.setAccess(rules(isMember)));
          for (const vault of [reader, admin]) {
            const found = await finds(vault, 'ben', 'leave and travel', 1000);
            expect(found.filter((name) => staff.includes(name))).toHaveLength(
              isMember ? staff.length : 0,
            );
            tried();
          }
        }
      });

      it('fails when the files tell that nothing was published, and nothing is read for it', async () => {
        const world = await target.copy();
        const [admin, reader] = [await world.open(), await world.open()];
        const staff = target.documents.filter((name) => name.startsWith('staff/'));
        const own = Date.now.bind(Date);
        // To the files everything was written long ago, so that their times are believed.
        vi.spyOn(Date, 'now').mockImplementation(() => own() + 3_600_000);
        onTestFinished(() => void vi.restoreAllMocks());
        for (const isMember of [false, true, false]) {
          await finds(reader, 'ben', 'leave and travel', 1000);
          expect(reader.session.ledger.isPublished).toBe(true);
          await admin.setAccess(world.setAccess(rules(isMember)));
          const found = await finds(reader, 'ben', 'leave and travel', 1000);
          expect(found.filter((name) => staff.includes(name))).toHaveLength(
            isMember ? staff.length : 0,
          );
          tried();
        }
      });

      it('ends after the time that a reader was told to go by what it read, in its own process at once', async () => {
        const world = await target.copy();
        const admin = await world.open({ followInterval: 60_000 });
        const reader = await world.open({ followInterval: 60_000 });
        const counts = async (): Promise<number[]> => {
          const found = [admin, reader].map((vault) =>
            finds(vault, 'ben', 'leave and travel', 1000),
          );
          return (await Promise.all(found)).map(
            (names) => names.filter((name) => name.startsWith('staff/')).length,
          );
        };
        const [all = 0] = await counts();
        await admin.setAccess(world.setAccess(rules(false)));
        expect(await counts()).toEqual([0, all]);
        world.clock.seconds += 60;
        expect(await counts()).toEqual([0, 0]);
        tried(2);
      });

      it('fails when whole documents move to a class that does not name the person', async () => {
        const world = await target.copy();
        const admin = await world.open();
        const reader = await world.open();
        const before = await finds(reader, 'dan', 'anything', 1000);
        expect(before.length).toBeGreaterThan(0);
        const [first, ...others] = OFFICE_ACCESS.rules;
        const closed = { ...OFFICE_ACCESS, rules: [{ ...first, allow: ['board'] }, ...others] };
        await admin.setAccess(world.setAccess(closed));
        expect(await finds(reader, 'dan', 'anything', 1000)).toEqual([]);
        tried(before.length);
      });

      it('does not come back by submitting the old grants again', async () => {
        const world = await target.copy();
        await world.use((vault) => vault.setAccess(world.setAccess(rules(false))));
        const vault = await world.open();
        const { session } = vault;
        const { reader, head } = session.ledger;
        let replayed = 0;
        for (let index = 0; index < head.size; index++) {
          const entry = await reader.provenEntry(index, head);
          if (!Buffer.from(entry).includes('"payload"')) continue;
          const code = await codeRejectedBy(session.commitAll([entry]));
          // A key cannot come back, a list has its epoch, a document its version; what may be said twice says nothing new.
          if (code !== null) refused(code);
          replayed += 1;
        }
        expect(replayed).toBe(head.size);
        const staff = target.documents.filter((name) => name.startsWith('staff/'));
        const found = await finds(vault, 'ben', 'leave and travel', 1000);
        expect(found.filter((name) => staff.includes(name))).toEqual([]);
      });
    });

    it('is void in the log: every old epoch of every list and binding', async () => {
      const replica = await Replica.founded();
      const { author } = replica;
      await replica.ingest('a');
      const bind = (epoch: number, name: string): Promise<Uint8Array> =>
        author.aclBind([{ stateKey: author.docKey('a'), epoch, validUntil: null }], name);
      replica.accept(await author.acl('narrow'));
      const open = await bind(1, 'class');
      const first = replica.append(open);
      if (first.outcome === 'applied') replica.accept(await bind(2, 'narrow'));
      for (let epoch = 0; epoch <= replica.doc('a').aclEpoch; epoch++) {
        replica.refuse(await bind(epoch, 'class'), 'EPOCH');
        tried();
      }
      for (const kind of ['directory', 'config'] as const) {
        const entries = [await author.list(kind, 1), await author.list(kind, 2)];
        for (const entry of entries) replica.accept(entry);
        for (const entry of entries) {
          replica.refuse(entry, 'EPOCH');
          tried();
        }
      }
    });
  },
);
