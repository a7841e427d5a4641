// SPDX-License-Identifier: Apache-2.0
// What lies sealed in the object store, and the keys around it.
import {
  concat,
  hex,
  jcsBytes,
  lp,
  readU32,
  sha256,
  u32be,
  utf8,
} from '../../../src/core/index.ts';
import { factsOpening, documentSalt } from '../../../src/keys/derive.ts';
import { parseRing, parseSecrets } from '../../../src/keys/key-ring-file.ts';
import {
  type KeyRef,
  open,
  openFrames,
  openHeader,
  seal,
  sealContext,
} from '../../../src/keys/seal.ts';
import { rowVersion, unwrapKey, wrapKey } from '../../../src/keys/wrap.ts';
import {
  decodeLeaf,
  encodeLeaf,
  encodeMeta,
  openMeta,
} from '../../../src/provenance/chunk-tree.ts';
import { hmac } from '../../../src/core/digest.ts';
import { leafHash, rootOf } from '../../../src/provenance/merkle.ts';
import { decodeList, encodeList, listCommitment } from '../../../src/provenance/sealed-list.ts';
import { chunkedDocument } from '../../../test/support/chunk-fixture.ts';
import { SeededRandom } from '../../../test/support/seeded-random.ts';
import type { Target } from '../engine.ts';
import { packed, promise, promiseSame, target, unpacked } from './shared.ts';

const random = new SeededRandom('fuzz sealed');
const dek = random.bytes(32);
const ref: KeyRef = { tenantId: 'acme', kind: 'doc', id: `d-${'a'.repeat(26)}`, no: 1 };
const context = sealContext(ref, 'text');
const plain = utf8('a sealed text');
const document = chunkedDocument(dek, ref);
const opening = factsOpening(documentSalt(dek, ref));
const branch = { version: hex(random.bytes(16)), key: random.bytes(32) };
const row = wrapKey(branch, ref, dek, random);
const sealedShort = seal(dek, context, plain, random);
const sealedLong = seal(dek, context, new Uint8Array(16_384), random);

/** Signs whatever leaves and facts an input holds, as a writer with a stolen key could. */
function signedMeta(input: Uint8Array): void {
  const parts = unpacked(input);
  const [head = new Uint8Array(0), doc = new Uint8Array(0), ...leaves] = parts;
  const claimed = head.length >= 4 ? readU32(head, 0) : leaves.length;
  const hashes = leaves.map(leafHash);
  const tree = concat(u32be(claimed), ...hashes, ...leaves.map((leaf) => lp(leaf)), lp(doc));
  const bytes = concat(tree, head.subarray(4));
  const facts = hex(hmac(opening, concat(lp('sr/facts/v1'), lp(doc))));
  // With as many hashes as are claimed and there, of which the last may be bytes of the leaves.
  const whole = Math.min(claimed, 64, Math.floor((bytes.length - 4) / 32));
  const present = Array.from({ length: whole }, (_, i) => bytes.subarray(4 + 32 * i, 36 + 32 * i));
  const signed = { chunks: claimed, chunkRoot: hex(rootOf(present)), facts };
  const opened = openMeta(bytes, signed, opening);
  promise(opened.leaves.length === leaves.length, 'a meta part has all its leaves');
  promiseSame(encodeMeta(opened.leaves, opened.doc), bytes);
}

const RING = {
  v: 1,
  vaultId: 'ab'.repeat(16),
  root: null,
  log: 'AAAA',
  tenants: {
    acme: { lookup: 'cd'.repeat(32), branch: [{ version: 'ef'.repeat(16), key: '01'.repeat(32) }] },
  },
  delegated: [{ keyid: '23'.repeat(32), role: 'ingest', pkcs8: 'AAAA' }],
};
const SCRYPT = { name: 'scrypt', N: 131072, r: 8, p: 1, salt: '45'.repeat(16) };

export const sealedTargets: readonly Target[] = [
  target('sealed', {
    form: 'bytes',
    maxBytes: 40_000,
    seeds: [sealedShort, sealedLong, seal(dek, context, new Uint8Array(0), random), utf8('frames')],
    run: (input) => {
      if (input[0] !== sealedShort[0] && input[0] !== sealedLong[0]) {
        openFrames(openHeader(dek, context, sealedShort), input, 0, 1);
      }
      const opened = open(dek, context, input);
      const known = [sealedShort, sealedLong].some((sealed) => Buffer.compare(sealed, input) === 0);
      promise(known || opened.length === 0, 'only sealed messages open');
    },
  }),
  target('wrapped-key', {
    form: 'bytes',
    seeds: [row, row.subarray(1)],
    run: (input) => {
      rowVersion(input);
      promiseSame(unwrapKey(branch, ref, input), dek);
    },
  }),
  target('chunk-leaf', {
    form: 'bytes',
    seeds: document.leaves.map(encodeLeaf),
    run: (input) => promiseSame(encodeLeaf(decodeLeaf(input)), input),
  }),
  target('meta', {
    form: 'bytes',
    seeds: [
      packed(u32be(3), jcsBytes(document.meta), ...document.leaves.map(encodeLeaf)),
      packed(
        concat(u32be(3), utf8('x')),
        jcsBytes(document.meta),
        ...document.leaves.map(encodeLeaf),
      ),
      packed(
        u32be(3),
        jcsBytes(document.meta),
        ...document.leaves.map((leaf) => encodeLeaf({ ...leaf, start: 40 - leaf.i, end: 50 })),
      ),
      packed(
        u32be(1),
        jcsBytes({ ...document.meta, title: null }),
        ...document.leaves.slice(0, 1).map((leaf) => encodeLeaf({ ...leaf, n: 1 })),
      ),
    ],
    run: signedMeta,
  }),
  target('key-ring', {
    form: 'json',
    seeds: [
      RING,
      { ...RING, root: 'AAAA' },
      { v: 1, kdf: null, sealed: 'AAAA' },
      { v: 1, kdf: SCRYPT, sealed: 'AAAA' },
    ].map(jcsBytes),
    run: (input) => {
      const isRing = input[2] !== 0x64;
      promiseSame(jcsBytes(isRing ? parseRing(input) : parseSecrets(input)), input);
    },
  }),
  target('list', {
    form: 'bytes',
    seeds: [encodeList([{ p: 'ada' }, { p: 'dan' }]), encodeList([])],
    run: (input) => {
      const { count } = listCommitment('dir', input, (i) => sha256(u32be(i)));
      const records = decodeList(input);
      promise(records.length === count, 'a list has one count');
      promiseSame(encodeList(records as object[]), input);
    },
  }),
];
