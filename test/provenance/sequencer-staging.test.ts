// SPDX-License-Identifier: Apache-2.0
// The staging area lies in the hostile store: it must never make the log key sign what the sequencer did not compute.
import { describe, expect, it } from 'vitest';
import { hex, sha256, utf8 } from '../../src/core/index.ts';
import { Sequencer } from '../../src/provenance/sequencer.ts';
import { encodeStaging, stagingPath } from '../../src/provenance/staging.ts';
import { LogAuthor } from '../support/log-author.ts';
import { LogWorld } from '../support/log-world.ts';
import { codeRejectedBy, expectRejection, flipBit } from '../support/tampering.ts';

const author = new LogAuthor();
const acls = (n: number): Promise<Uint8Array[]> =>
  Promise.all(Array.from({ length: n }, (_, i) => author.acl(`class ${i}`)));

describe('a staged batch', () => {
  /** A world whose sequencer died with a pending batch, and the path of its staging object. */
  async function pending(): Promise<[LogWorld, string]> {
    const [world, writer] = await LogWorld.founded(author);
    world.faults.arm(2, 'after');
    await codeRejectedBy(writer.sequencer.commit(await acls(2)));
    world.faults.arm(null);
    const [path] = (await world.paths('staging/')) as [string];
    return [world, path];
  }

  /** Plants a batch with its right digest: what somebody could do who also wrote the lock record. */
  async function plant(
    world: LogWorld,
    entries: readonly Uint8Array[],
    root: string,
  ): Promise<void> {
    const staged = encodeStaging(entries);
    const size = (world.locks.state.signed?.size ?? 0) + entries.length;
    await world.plant(stagingPath(size, Buffer.from(root, 'hex')), staged);
    const stagingDigest = hex(sha256(staged));
    world.locks.state = { ...world.locks.state, pending: { size, root, stagingDigest } };
  }

  it('is finished by the next sequencer with the same bytes', async () => {
    const [world] = await pending();
    const root = world.locks.state.pending?.root;
    const next = await world.write();
    expect(hex(next.ledger.head.root)).toBe(root);
    expect(world.locks.state).toMatchObject({ signed: { root }, pending: null });
    expect(await world.paths('staging/')).toEqual([]);
  });

  it('INV-STAGING-DIGEST: is not signed when it was altered or is missing', async () => {
    const [world, path] = await pending();
    const staged = (await world.bytes(path)) ?? utf8('');
    await world.plant(path, flipBit(staged, staged.length * 4));
    await expectRejection(world.write(), 'LOG_TAMPERED');
    await world.plant(path, encodeStaging(await acls(1)));
    await expectRejection(world.write(), 'LOG_TAMPERED');
    await world.plant(path, null);
    await expectRejection(world.write(), 'LOG_TAMPERED');
    await world.plant(path, staged);
    await world.write();
    expect(world.signedTexts).toHaveLength(2);
  });

  it('INV-STAGING-RECOMPUTED: is not signed when it does not give the root that it claims', async () => {
    const [world] = await pending();
    const staged = await acls(2);
    await plant(world, staged, 'ab'.repeat(32));
    await expectRejection(world.write(), 'LOG_TAMPERED');
    expect(world.signedTexts).toHaveLength(1);
  });

  it('INV-STAGING-RECOMPUTED: is not signed when it ends in no state entry or holds a void one', async () => {
    for (const entries of [await acls(2), [utf8('void'), ...(await acls(1))]]) {
      const [world, writer] = await LogWorld.founded(author);
      const fork = new LogWorld(author);
      const { root } = await fork.forge([...(await world.entries(writer.ledger.head)), ...entries]);
      await plant(world, entries, hex(root));
      await expectRejection(world.write(), 'LOG_TAMPERED');
      expect(world.signedTexts).toHaveLength(1);
    }
  });

  it('that nobody made pending is ignored, and swept away once the log has passed it', async () => {
    const [world, writer] = await LogWorld.founded(author);
    const { size } = writer.ledger.head;
    const names = [`${size - 1}-ab`, `${size}-cd`, `${size + 1}-ef`, 'x', '-5', '1e9-ab'];
    for (const name of names) await world.plant(`staging/${name}`, encodeStaging(await acls(2)));
    const next = await world.write();
    expect(next.ledger.head.note).toBe(writer.ledger.head.note);
    expect(await world.paths('staging/')).toEqual([`staging/${size + 1}-ef`]);
    await next.sequencer.commit(await acls(1));
    await world.write();
    expect(await world.paths('staging/')).toEqual([]);
  });

  it('of a sequencer that has taken over meanwhile is not swept away', async () => {
    const [world] = await LogWorld.founded(author);
    const reader = await world.open();
    const options = world.sequencerOptions(reader.ledger);
    const { store } = options;
    let died = false;
    /** Before the sweep lists what is staged, another sequencer takes over and dies with a pending batch. */
    async function* list(prefix: string): ReturnType<typeof store.list> {
      const other = await world.write();
      world.faults.arm(2, 'after');
      await codeRejectedBy(other.sequencer.commit(await acls(2)));
      world.faults.arm(null);
      died = world.locks.state.pending !== null;
      yield* store.list(prefix);
    }
    const slow = new Proxy(store, {
      get: (target, name) => {
        const value: unknown = name === 'list' ? list : Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    await Sequencer.start({ ...options, store: slow });
    expect(died).toBe(true);
    const root = world.locks.state.pending?.root;
    const next = await world.write();
    expect(hex(next.ledger.head.root)).toBe(root);
  });
});
