// SPDX-License-Identifier: Apache-2.0
import { hex, jcs, sha256, u32be } from '../../../src/core/index.ts';
import {
  INITIAL_STATE,
  leafOf,
  type StateRecord,
  stateRoot,
  stateValueHash,
} from '../../../src/provenance/state.ts';
import { trieLeaves, trieProve, type TrieProof, trieRoot } from '../../../src/provenance/trie.ts';
import { digestOf, LogAuthor } from '../../support/log-author.ts';
import type { GoldenFormat, GoldenValue } from '../../support/golden.ts';
import { Replica } from '../../support/replica.ts';

/** A state with a leaf of every kind. */
async function fullState(): Promise<Replica> {
  const author = new LogAuthor('golden');
  const replica = await Replica.founded(author);
  for (const uri of ['a', 'b', 'c']) await replica.ingest(uri);
  replica.accept(await author.tombstone('b', replica.doc('b')));
  replica.accept(await author.shred('c', replica.doc('c')));
  replica.accept(await author.list('directory', 1));
  replica.accept(await author.list('config', 1));
  replica.accept(await author.snapshot(5));
  replica.accept(await author.revoke('retriever', 3));
  await replica.seal();
  return replica;
}

const proofOf = (proof: TrieProof | null): GoldenValue =>
  proof === null ? null : { ...proof, path: proof.path.map(([bit, sibling]) => [bit, sibling]) };

async function states(): Promise<GoldenValue> {
  const { author, state } = await fullState();
  const leaves = [...trieLeaves(state.trie)];
  const wanted = leafOf(author.idKey, leaves[0]?.value as StateRecord);
  return {
    idKey: hex(author.idKey),
    emptyRoot: stateRoot(INITIAL_STATE),
    root: stateRoot(state),
    count: state.count,
    leaves: leaves.map(({ key, value, valueHash }) => ({
      key32: hex(key),
      kind: value.kind,
      value: jcs(value.value),
      valueHash: hex(valueHash),
    })),
    presence: proofOf(trieProve(state.trie, wanted.key)),
    absence: proofOf(trieProve(state.trie, sha256(u32be(1)))),
    recomputed: hex(trieRoot(state.trie)),
    valueHashOfKind: hex(stateValueHash('acl', { aclDigest: digestOf('x') })),
  };
}

/** The state map: keys, values, root and proofs. */
export const stateFormats: readonly GoldenFormat[] = [{ name: 'state', produce: states }];
