// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { concat, hex, hmac, jcsBytes, lp, sha256 } from '../../src/core/index.ts';
import {
  covers,
  docByStateKey,
  type DocValue,
  INITIAL_STATE,
  type KeyValue,
  leafOf,
  lookup,
  stateKey,
  type StateRecord,
  stateRoot,
  stateValueHash,
  withLeaves,
  withRecords,
} from '../../src/provenance/state.ts';
import { trieRoot } from '../../src/provenance/trie.ts';
import { digestOf } from '../support/log-author.ts';

const ID_KEY = new Uint8Array(32).fill(3);
const DOC: DocValue = {
  docId: `d-${'a'.repeat(26)}`,
  status: 'live',
  version: 1,
  entry: 9,
  entryLeafHash: digestOf('entry'),
  keyid: digestOf('key'),
  keyEntry: 9,
  ns: 'files',
  chunks: 2,
  aclEpoch: 1,
  aclDigest: digestOf('class'),
  aclEntry: 9,
  aclKeyid: digestOf('key'),
  validUntil: null,
  seq: null,
};
const KEY: KeyValue = {
  keyid: digestOf('key'),
  spki: 'AA==',
  role: 'ingest',
  kinds: ['ingest'],
  namespaces: null,
  firstIndex: 4,
  endIndex: 8,
  notAfter: null,
  reason: null,
};

describe('leaves of the state map', () => {
  it('have keys derived from kind and name under the tenant key', () => {
    const expected = hmac(ID_KEY, concat(lp('sr/state-key/v1'), lp('doc'), lp(DOC.docId)));
    expect(hex(stateKey(ID_KEY, 'doc', DOC.docId))).toBe(hex(expected));
    expect(hex(leafOf(ID_KEY, { kind: 'doc', value: DOC }).key)).toBe(hex(expected));
  });

  it('hash the kind with the value, so that nobody takes one kind for another', () => {
    const expected = sha256(concat(lp('sr/state-val/v1'), lp('doc'), jcsBytes(DOC)));
    expect(hex(stateValueHash('doc', DOC))).toBe(hex(expected));
    expect(hex(stateValueHash('key', DOC))).not.toBe(hex(expected));
  });

  it('stand under the fixed names of single records', () => {
    const dir = { epoch: 1, entry: 2, keyid: KEY.keyid, objectDigest: KEY.keyid };
    const records: StateRecord[] = [
      { kind: 'doc', value: DOC },
      { kind: 'key', value: KEY },
      { kind: 'dir', value: { ...dir, contentRoot: KEY.keyid, trusted: true } },
    ];
    const state = withRecords(ID_KEY, INITIAL_STATE, records);
    expect(state.count).toBe(3);
    expect(lookup(ID_KEY, state, 'doc', DOC.docId)).toEqual(DOC);
    expect(lookup(ID_KEY, state, 'key', KEY.keyid)).toEqual(KEY);
    expect(lookup(ID_KEY, state, 'dir', 'people')?.epoch).toBe(1);
    expect(lookup(ID_KEY, state, 'dir', 'policy')).toBeNull();
    expect(lookup(ID_KEY, state, 'acl', KEY.keyid)).toBeNull();
    expect(docByStateKey(state, hex(stateKey(ID_KEY, 'doc', DOC.docId)))).toEqual(DOC);
    expect(docByStateKey(state, hex(stateKey(ID_KEY, 'key', KEY.keyid)))).toBeNull();
    expect(docByStateKey(state, digestOf('nothing'))).toBeNull();
  });

  it('replace the leaf of the same name and count it once', () => {
    const one = withRecords(ID_KEY, INITIAL_STATE, [{ kind: 'key', value: KEY }]);
    const ended = { ...KEY, endIndex: 6 };
    const two = withLeaves(one, [leafOf(ID_KEY, { kind: 'key', value: ended })]);
    expect(two.count).toBe(1);
    expect(two.keys.get(KEY.keyid)).toEqual(ended);
    expect(one.keys.get(KEY.keyid)).toEqual(KEY);
    expect(stateRoot(two)).not.toBe(stateRoot(one));
    expect(stateRoot(one)).toBe(hex(trieRoot(one.trie)));
  });

  it('of a record under the key of another kind are not found', () => {
    const foreign = leafOf(ID_KEY, { kind: 'key', value: KEY });
    const key = stateKey(ID_KEY, 'doc', DOC.docId);
    const state = withLeaves(INITIAL_STATE, [{ ...foreign, key }]);
    expect(lookup(ID_KEY, state, 'doc', DOC.docId)).toBeNull();
  });
});

describe('the window of a key', () => {
  it('is half-open: from its first index up to, not including, its end', () => {
    expect([3, 4, 7, 8].map((index) => covers(KEY, index))).toEqual([false, true, true, false]);
    expect(covers({ ...KEY, endIndex: null }, 2 ** 50)).toBe(true);
  });

  it('may be empty', () => {
    const never = { ...KEY, endIndex: 0 };
    expect([0, 4, 8].some((index) => covers(never, index))).toBe(false);
  });
});
