// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { jcs } from '../../src/core/index.ts';
import { apply } from '../../src/provenance/apply.ts';
import {
  covers,
  INITIAL_STATE,
  type LedgerState,
  type StateRecord,
  stateRoot,
  withRecords,
} from '../../src/provenance/state.ts';
import { trieLeaves } from '../../src/provenance/trie.ts';
import { randomHistory } from '../support/random-log.ts';
import type { Replica } from '../support/replica.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const SEEDS = ['one', 'two', 'three'];
const LENGTH = 160;

const recordsOf = (state: LedgerState): StateRecord[] =>
  [...trieLeaves(state.trie)].map((leaf) => leaf.value);

/** Everything that a state says, as text. */
const written = (state: LedgerState): string =>
  jcs({
    ...{ root: stateRoot(state), count: state.count, acls: state.acls, last: state.last },
    ...{ vault: state.vault, keys: [...state.keys.values()], records: recordsOf(state) },
  });

function replayed(replica: Replica, entries: readonly Uint8Array[]): LedgerState {
  let state = INITIAL_STATE;
  for (const [index, entry] of entries.entries()) {
    const result = apply(replica.author.idKey, state, index, entry);
    if (result.outcome === 'applied') state = result.state;
  }
  return state;
}

describe.each(SEEDS)('the ledger function over the random history "%s"', (seed) => {
  it('gives the same states to everybody who replays the log', async () => {
    const replica = await randomHistory(seed, LENGTH);
    expect(written(replayed(replica, replica.entries))).toBe(written(replica.state));
    expect(replica.state.count).toBeGreaterThan(20);
  });

  it('never changes the state that it is given', async () => {
    const { author, entries } = await randomHistory(seed, LENGTH);
    let state = INITIAL_STATE;
    for (const [index, entry] of entries.entries()) {
      const before = written(state);
      const [first, second] = [0, 1].map(() => apply(author.idKey, state, index, entry));
      expect(written(state)).toBe(before);
      expect(first?.outcome).toBe(second?.outcome);
      if (first?.outcome !== 'applied' || second?.outcome !== 'applied') continue;
      expect(written(first.state)).toBe(written(second.state));
      state = first.state;
    }
  });

  it('leaves a map that does not remember the order in which it was filled', async () => {
    const { author, state } = await randomHistory(seed, LENGTH);
    const random = new SeededRandom(seed);
    const shuffled = recordsOf(state)
      .map((record) => ({ record, at: random.below(2 ** 31) }))
      .sort((x, y) => x.at - y.at)
      .map(({ record }) => record);
    const rebuilt = withRecords(author.idKey, INITIAL_STATE, shuffled);
    expect(stateRoot(rebuilt)).toBe(stateRoot(state));
    expect(rebuilt.count).toBe(state.count);
    expect(rebuilt.acls).toBe(state.acls);
  });

  it('counts no document as live whose head or class a revoked key signed', async () => {
    const { state } = await randomHistory(seed, LENGTH);
    const live = recordsOf(state).flatMap((record) =>
      record.kind === 'doc' && record.value.status === 'live' ? [record.value] : [],
    );
    expect(live.length).toBeGreaterThan(0);
    for (const doc of live) {
      const [key, aclKey] = [state.keys.get(doc.keyid), state.keys.get(doc.aclKeyid)];
      const isEndorsed = key?.role === 'root';
      expect(key !== undefined && (isEndorsed || covers(key, doc.entry))).toBe(true);
      expect(aclKey !== undefined && covers(aclKey, doc.aclEntry)).toBe(true);
    }
  });

  it('numbers classes without gaps and gives every document a known class', async () => {
    const { state } = await randomHistory(seed, LENGTH);
    const classes = recordsOf(state).flatMap((r) => (r.kind === 'acl' ? [r.value] : []));
    expect(classes.map((c) => c.classNo).sort((x, y) => x - y)).toEqual([...classes.keys()]);
    const known = new Set(classes.map((c) => c.aclDigest));
    const docs = recordsOf(state).flatMap((r) => (r.kind === 'doc' ? [r.value] : []));
    expect(docs.every((doc) => known.has(doc.aclDigest))).toBe(true);
  });
});
