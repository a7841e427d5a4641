// SPDX-License-Identifier: Apache-2.0
import { hex } from '../../../src/core/index.ts';
import { type KeyRef, listSalt } from '../../../src/keys/index.ts';
import {
  type ChunkLeaf,
  chunkRoot,
  encodeLeaf,
  encodeMeta,
} from '../../../src/provenance/chunk-tree.ts';
import { encodeList, listCommitment } from '../../../src/provenance/sealed-list.ts';
import { encodeVector, quantise } from '../../../src/provenance/vector.ts';
import { chunkedDocument, DOCUMENT_TEXT } from '../../support/chunk-fixture.ts';
import type { GoldenFormat, GoldenValue } from '../../support/golden.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

function vectors(): GoldenValue {
  const random = new SeededRandom('golden vectors');
  const samples = Array.from({ length: 8 }, () =>
    Array.from({ length: 16 }, () => (random.below(2 ** 20) - 2 ** 19) / 2 ** 16),
  );
  return samples.map((x) => ({ x, stored: hex(encodeVector(quantise(Float32Array.from(x)))) }));
}

function chunks(): GoldenValue {
  const dek = new SeededRandom('golden chunks').bytes(32);
  const ref: KeyRef = { tenantId: 'acme', kind: 'doc', id: `d-${'b'.repeat(26)}`, no: 1 };
  const { leaves, meta, vectors: stored } = chunkedDocument(dek, ref);
  const bare: ChunkLeaf = {
    ...(leaves[0] as ChunkLeaf),
    i: 2 ** 20 - 1,
    n: 2 ** 20,
    start: 2 ** 40,
    end: Number.MAX_SAFE_INTEGER,
    meta: { headings: [], page: null, pos: null },
  };
  return {
    dek: hex(dek),
    docId: ref.id,
    text: DOCUMENT_TEXT,
    vectors: stored.map(hex),
    leaves: leaves.map((leaf) => hex(encodeLeaf(leaf))),
    leafWithLargeNumbers: hex(encodeLeaf(bare)),
    chunkRoot: chunkRoot(leaves),
    metaPart: hex(encodeMeta(leaves, meta)),
  };
}

function sealedList(): GoldenValue {
  const dek = new SeededRandom('golden list').bytes(32);
  const ref: KeyRef = { tenantId: 'acme', kind: 'dir', id: 'people', no: 4 };
  const people = [
    { p: 'corp.bob', groups: ['everyone', 'staff'], clearance: 2, actions: ['read'] },
    { p: 'corp.alice', groups: [], clearance: 9, actions: [] },
  ];
  const bytes = encodeList(people);
  const commitment = listCommitment('directory', bytes, (i) => listSalt(dek, ref, i));
  return { dek: hex(dek), plaintext: hex(bytes), ...commitment };
}

/** What a document version and the sealed lists consist of. */
export const documentFormats: readonly GoldenFormat[] = [
  { name: 'vector', produce: vectors },
  { name: 'chunk-tree', produce: chunks },
  { name: 'sealed-list', produce: sealedList },
];
