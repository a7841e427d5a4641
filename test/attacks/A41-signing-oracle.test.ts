// SPDX-License-Identifier: Apache-2.0
import path from 'node:path';
import { expect, it } from 'vitest';
import { hex, sha256, utf8 } from '../../src/core/index.ts';
import { closingState, stateEntry } from '../../src/provenance/batch.ts';
import { leafHash } from '../../src/provenance/merkle.ts';
import { encodeStaging, stagingPath } from '../../src/provenance/staging.ts';
import { FileStore, lockPath, logPrefix, SqliteLockStore } from '../../src/store/index.ts';
import { eventsOf, expectAudited, onEachVault } from '../support/attack-world.ts';
import { overwrite } from '../support/insider.ts';
import { LogAuthor } from '../support/log-author.ts';
import { LogWorld, type Writer } from '../support/log-world.ts';
import { move, refused } from '../support/move.ts';
import { codeRejectedBy } from '../support/tampering.ts';

/** Plants a batch that looks as if a sequencer had died while publishing it. */
async function plant(
  world: LogWorld,
  writer: Writer,
  entries: readonly Uint8Array[],
): Promise<string> {
  const { edge } = writer.ledger.view.edge.append(entries.map(leafHash));
  const staged = encodeStaging(entries);
  const name = stagingPath(edge.size, edge.root());
  await world.plant(name, staged);
  const pending = { size: edge.size, root: hex(edge.root()), stagingDigest: hex(sha256(staged)) };
  world.locks.state = { ...world.locks.state, pending };
  return name;
}

move(
  {
    id: 'A41',
    title:
      'plant a pending head with its staging area and let the sequencer finish it: a signing oracle',
    by: 'the signer computes state, root and tiles again from its own last signed head',
    codes: ['LOG_TAMPERED', 'STATE_MISMATCH'],
  },
  () => {
    it('signs nothing of a planted batch, whatever is in it, and keeps it as evidence', async () => {
      const forger = new LogAuthor('forger');
      const cases: ((world: LogWorld, writer: Writer) => Promise<Uint8Array[]>)[] = [
        () => Promise.resolve([utf8('noise')]),
        async () => [await forger.genesis()],
        async ({ author }) => [await author.ingest('a', null, {}, 'nobody')],
        // Valid, but without the state entry that closes a batch.
        async ({ author }) => [await author.ingest('a')],
        // Closed by a state entry of somebody who is no sequencer.
        async ({ author }, { ledger }) => {
          const index = ledger.head.size;
          const closing = closingState(author.idKey, ledger.view.state, index, author.time);
          return [await stateEntry(closing, index, author.signer('ingest'), null)];
        },
        // Closed by the true state of something else.
        async ({ author }, { ledger }) => {
          const index = ledger.head.size;
          const closing = closingState(author.idKey, ledger.view.state, index, author.time);
          const state = await stateEntry(closing, index + 1, author.signer('sequencer'), null);
          return [await author.acl('new'), state];
        },
      ];
      for (const make of cases) {
        const [world, writer] = await LogWorld.founded();
        const signed = world.signedTexts.length;
        const checkpoint = await world.bytes('checkpoint');
        const name = await plant(world, writer, await make(world, writer));
        refused(await codeRejectedBy(world.write(writer)));
        expect(world.signedTexts).toHaveLength(signed);
        expect(await world.bytes('checkpoint')).toEqual(checkpoint);
        expect(await world.bytes(name)).not.toBeNull();
      }
    });

    it('signs nothing when the staging area was altered, cut or removed after a real crash', async () => {
      for (const damage of ['altered', 'cut', 'removed'] as const) {
        const [world, writer] = await LogWorld.founded();
        const { author } = world;
        const index = writer.ledger.head.size;
        const closing = closingState(author.idKey, writer.ledger.view.state, index, author.time);
        const real = [await stateEntry(closing, index, author.signer('sequencer'), null)];
        const name = await plant(world, writer, real);
        const staged = (await world.bytes(name))!;
        const altered = staged.map((byte, i) => (i === staged.length - 9 ? byte ^ 1 : byte));
        const shown = { altered, cut: staged.subarray(0, -1), removed: null }[damage];
        await world.plant(name, shown);
        const signed = world.signedTexts.length;
        refused(await codeRejectedBy(world.write(writer)));
        expect(world.signedTexts).toHaveLength(signed);
        // With its bytes back, the batch is finished: nothing is lost.
        await world.plant(name, staged);
        const again = await world.write(writer);
        expect(again.ledger.head.size).toBe(index + 1);
      }
    });

    onEachVault((target) => {
      it('stops a writer of the vault, and is noted', async () => {
        const damaged = await target.copy();
        const { vaultId, edge } = await damaged.use(({ session }) =>
          Promise.resolve({
            vaultId: session.context.config.vaultId,
            edge: session.ledger.view.edge,
          }),
        );
        const entries = [await new LogAuthor('forger').ingest('a')];
        const staged = encodeStaging(entries);
        const after = edge.append(entries.map(leafHash)).edge;
        const store = new FileStore(path.join(damaged.vault, 'store'));
        const name = logPrefix('default') + stagingPath(after.size, after.root());
        await overwrite(store, name, staged);
        const locks = new SqliteLockStore(lockPath(damaged.home, vaultId, 'default'));
        const state = await locks.read();
        const head = { size: after.size, root: hex(after.root()) };
        const pending = { ...head, stagingDigest: hex(sha256(staged)) };
        expect(await locks.swap(state, { ...state, pending })).toBe(true);
        locks.close();
        const code = await codeRejectedBy(damaged.ingest());
        expect(code).toBe('LOG_TAMPERED');
        refused(code);
        expectAudited(await eventsOf(damaged), ['LOG_TAMPERED']);
        expect(await store.get(name)).not.toBeNull();
      });
    });
  },
);
