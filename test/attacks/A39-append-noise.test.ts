// SPDX-License-Identifier: Apache-2.0
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { jcsBytes, utf8 } from '../../src/core/index.ts';
import { signEnvelope, signStatement, stateRoot } from '../../src/provenance/index.ts';
import type { Session } from '../../src/vault/index.ts';
import { expectStopped, onEachVault } from '../support/attack-world.ts';
import { publishAsLogHolder } from '../support/insider.ts';
import { LogAuthor } from '../support/log-author.ts';
import { move, tried } from '../support/move.ts';
import { randomHistory } from '../support/random-log.ts';
import { Replica } from '../support/replica.ts';
import type { VaultWorld } from '../support/vault-world.ts';

/** Entries that mean nothing here: noise, another tenant's, replays, kinds that never stand in a log. */
async function noise(session: Session): Promise<Uint8Array[]> {
  const { reader, head, trust } = session.ledger;
  const [ingest] = session.context.ring.signers('ingest');
  const [retriever] = session.context.ring.signers('retriever');
  const foreign = new LogAuthor('elsewhere', 'other');
  const every = { log: foreign.log, time: 1 };
  const audit = {
    log: trust.log,
    time: 1,
    seq: 0,
    prevHash: 'ab'.repeat(32),
    root: 'ab'.repeat(32),
  };
  const acl = { aclDigest: 'ab'.repeat(32), objectDigest: 'cd'.repeat(32) };
  return [
    utf8('noise'),
    new Uint8Array(0),
    new Uint8Array(60_000),
    await foreign.genesis(),
    await foreign.ingest('a'),
    await signStatement('acl', { ...every, ...acl }, ingest!),
    await signStatement('audit', audit, retriever!),
    await reader.provenEntry(0, head),
    await reader.provenEntry(1, head),
    await reader.provenEntry(head.size - 1, head),
  ].slice(0, -1);
}

/** The state that a newcomer without any cache computes. */
async function rootOf(world: VaultWorld): Promise<string> {
  return world.use(({ session }) => Promise.resolve(stateRoot(session.ledger.view.state)));
}

move(
  {
    id: 'A39',
    title: 'append or replay void, foreign or unknown entries',
    by: 'one ledger function: void entries change nothing and are reported, unknown kinds stop every reader',
    codes: ['ENTRY_REFUSED', 'UPGRADE_REQUIRED'],
  },
  () => {
    onEachVault((target) => {
      it('changes nothing, is alarmed once, and is listed by fsck', async () => {
        const damaged = await target.copy();
        const before = await rootOf(damaged);
        let count = 0;
        await publishAsLogHolder(damaged, async (session) => {
          const entries = await noise(session);
          count = entries.length;
          return entries;
        });
        const newcomer = await damaged.copy();
        await rm(path.join(newcomer.vault, 'ledger.sqlite'));
        await expectStopped(target, damaged, { codes: ['ENTRY_REFUSED'], passages: 'all' });
        await expectStopped(target, damaged, { codes: [], passages: 'all' });
        await expectStopped(target, newcomer, { codes: ['ENTRY_REFUSED'], passages: 'all' });
        expect(await rootOf(damaged)).toBe(before);
        expect(await rootOf(newcomer)).toBe(before);
        const report = await damaged.use((vault) => vault.fsck());
        expect(report.voids).toHaveLength(count);
        expect(report.problems).toEqual([]);
        tried(count);
      });

      it('stops every reader at a valid statement of a kind that this version does not know', async () => {
        const damaged = await target.copy();
        await publishAsLogHolder(damaged, async (session) => {
          const [root] = session.context.ring.signers('root');
          const predicate = { log: session.ledger.trust.log, time: 1 };
          const payload = {
            _type: 'https://in-toto.io/Statement/v1',
            predicate,
            predicateType: 'https://strongroom.dev/attestations/allow-everything/v1',
            subject: [{ name: 'urn:strongroom:default:x', digest: { sha256: 'ab'.repeat(32) } }],
          };
          return [await signEnvelope(jcsBytes(payload), root!)];
        });
        const expected = { codes: ['UPGRADE_REQUIRED'], passages: 'none' } as const;
        await expectStopped(target, damaged, expected);
      });
    });

    it('leaves all readers in agreement, byte for byte, over random logs', async () => {
      for (let seed = 0; seed < 6; seed++) {
        const history = await randomHistory(`A39 ${seed}`, 60);
        const second = new Replica(history.author);
        for (const entry of history.entries) second.append(entry);
        expect(second.root).toBe(history.root);
        tried(history.entries.length);
      }
    });
  },
);
