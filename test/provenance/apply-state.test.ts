// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { Predicate } from '../../src/provenance/predicates.ts';
import { entryLeafHash } from '../../src/provenance/state.ts';
import { digestOf, LogAuthor } from '../support/log-author.ts';
import { Replica } from '../support/replica.ts';

const author = new LogAuthor();

/** A founded ledger with one state entry, and the right predicate of the next one. */
async function sealed(): Promise<{ replica: Replica; right: Predicate<'state'> }> {
  const replica = await Replica.founded(author);
  await replica.seal();
  await replica.ingest('a');
  const { last, count } = replica.state;
  const right = {
    log: author.log,
    time: author.time,
    root: replica.root,
    count,
    coversSize: replica.next,
    prevState: last === null ? null : { index: last.index, leafHash: last.leafHash },
    snapshot: null,
  };
  return { replica, right };
}

const signed = (fields: Predicate<'state'>): Promise<Uint8Array> =>
  author.statement('state', fields, 'sequencer');

describe('state', () => {
  it('confirms root and count and becomes the last state', async () => {
    const { replica, right } = await sealed();
    const entry = await signed(right);
    const index = replica.next;
    replica.accept(entry);
    expect(replica.state.last).toEqual({
      index,
      leafHash: entryLeafHash(entry),
      time: author.time,
    });
    expect(entry).toEqual(await signed(right));
  });

  it.each([
    ['another root', { root: digestOf('root') }],
    ['another count', { count: 1 }],
  ])('INV-STATE-ROOT: halts at %s, signed or not', async (_name, wrong) => {
    const { replica, right } = await sealed();
    replica.halt(await signed({ ...right, ...wrong }), 'STATE_MISMATCH');
  });

  it.each([
    ['another size', { coversSize: 3 }],
    ['no former state', { prevState: null }],
    ['another former state', { prevState: { index: 0, leafHash: digestOf('x') } }],
    ['a time before the former state', { time: author.time - 1 }],
  ])('INV-STATE-CHAIN: halts at %s', async (_name, wrong) => {
    const { replica, right } = await sealed();
    replica.halt(await signed({ ...right, ...wrong }), 'STATE_MISMATCH');
  });

  it('INV-STATE-CHAIN: halts at the right former index with another hash', async () => {
    const { replica, right } = await sealed();
    const index = replica.state.last?.index ?? -1;
    const prevState = { index, leafHash: digestOf('other') };
    replica.halt(await signed({ ...right, prevState }), 'STATE_MISMATCH');
  });

  it('INV-STATE-CHAIN: halts at the right former hash with another index', async () => {
    const { replica, right } = await sealed();
    const leafHash = replica.state.last?.leafHash ?? '';
    const prevState = { index: 0, leafHash };
    replica.halt(await signed({ ...right, prevState }), 'STATE_MISMATCH');
  });

  it('halts nobody when it is not validly signed', async () => {
    const { replica, right } = await sealed();
    const wrong = { ...right, root: digestOf('root') };
    replica.refuse(await author.statement('state', wrong, 'stranger'), 'SIGNATURE');
    replica.refuse(await author.statement('state', wrong, 'ingest'), 'SCOPE');
  });

  it('may repeat a time, and may name a sealed snapshot', async () => {
    const { replica, right } = await sealed();
    const snapshot = { digest: digestOf('snapshot'), bytes: 10 };
    replica.accept(await signed({ ...right, snapshot }));
    await replica.seal();
  });
});

describe('expiry by the time of state entries', () => {
  it('ends every key past its time at the index of the state entry, which covers that', async () => {
    const replica = await Replica.founded(author);
    const notAfter = author.time + 60;
    replica.accept(await author.delegate('short', 'ingest', { notAfter }));
    replica.accept(await author.delegate('long', 'ingest', { notAfter: notAfter + 60 }));
    await replica.seal(notAfter);
    await replica.ingest('a', 'short');
    const index = replica.next;
    const applied = await replica.seal(notAfter + 1);
    expect(applied.records.map((record) => record.kind)).toEqual(['key']);
    expect(replica.lookup('key', author.signer('short').keyid)?.endIndex).toBe(index);
    expect(replica.lookup('key', author.signer('long').keyid)?.endIndex).toBeNull();
    replica.refuse(await author.ingest('b', null, {}, 'short'), 'SIGNATURE');
    replica.accept(await author.ingest('b', null, {}, 'long'));
    expect(replica.doc('a').status).toBe('live');
  });

  it('judges the state entry by its own key first, even when its time ends that key', async () => {
    const replica = await Replica.founded(author);
    const notAfter = author.time + 60;
    replica.accept(await author.delegate('sequencer-2', 'sequencer', { notAfter }));
    const expire = async (by: string): Promise<Uint8Array> => {
      const state = JSON.parse(Buffer.from(await replica.stateEntry(notAfter + 1)).toString()) as {
        payload: string;
      };
      const text = Buffer.from(state.payload, 'base64').toString();
      return author.raw(JSON.parse(text) as object, by);
    };
    replica.accept(await expire('sequencer-2'));
    expect(replica.lookup('key', author.signer('sequencer-2').keyid)?.endIndex).toBe(
      replica.next - 1,
    );
    replica.refuse(await expire('sequencer-2'), 'SIGNATURE');
    await replica.seal(notAfter + 1);
  });

  it('leaves the end of a key that was revoked before', async () => {
    const replica = await Replica.founded(author);
    const notAfter = author.time + 60;
    replica.accept(await author.delegate('short', 'ingest', { notAfter }));
    const index = replica.next;
    replica.accept(await author.revoke('short', index));
    await replica.seal(notAfter + 1);
    const value = replica.lookup('key', author.signer('short').keyid);
    expect(value).toMatchObject({ endIndex: index, reason: 'compromised' });
  });
});
