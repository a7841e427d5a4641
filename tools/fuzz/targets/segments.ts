// SPDX-License-Identifier: Apache-2.0
// Index segments and their table.
import { hex, sha256, systemRandom } from '../../../src/core/index.ts';
import type { EncodedSegment } from '../../../src/index/index.ts';
import { decodeClass } from '../../../src/index/segment-decode.ts';
import { openSegment, sealSegment } from '../../../src/vault/sealed-segment.ts';
import {
  decodeTable,
  encodeTable,
  type SegmentEntry,
  segmentsRoot,
} from '../../../src/vault/segment-table.ts';
import { encodeSmall, one, PLACE, segmentOf, two } from '../../../test/index/segment-fixture.ts';
import type { Target } from '../engine.ts';
import { packed, promise, promiseSame, target, unpacked } from './shared.ts';

const input = (...segments: readonly EncodedSegment[]): Uint8Array =>
  packed(...segments.flatMap(({ rows, postings, dict, names }) => [rows, postings, dict, names]));
const NOTHING = new Uint8Array(0);
const DEK = sha256(NOTHING);

/** A sealed store that holds one object, whatever it is, under its true digest. */
function storeOf(bytes: Uint8Array): Parameters<typeof openSegment>[0] {
  return {
    objects: { getRange: () => Promise.resolve(bytes) },
    keys: { get: () => Promise.resolve(NOTHING) },
    ring: {
      unwrap: () => Promise.resolve(Uint8Array.from(DEK)),
      wrap: () => Promise.resolve(NOTHING),
    },
    random: systemRandom,
  } as unknown as Parameters<typeof openSegment>[0];
}

const entryOf = (bytes: Uint8Array): SegmentEntry => ({
  ...{ classNo: 1, segment: 0, generation: 5, offset: 0, bytes: bytes.length, rows: 3 },
  ...{ sha256: hex(sha256(bytes)), path: 'obj/pack/x' },
});
const ref = { tenantId: 'acme', kind: 'segment', id: '1-0', no: 5 } as const;
const sealing = {
  ...storeOf(NOTHING),
  random: { bytes: (n: number) => (n === 32 ? Uint8Array.from(DEK) : new Uint8Array(n)) },
};
const sealed = await sealSegment(sealing, ref, segmentOf(one, two));

export const segmentTargets: readonly Target[] = [
  target('segment', {
    form: 'bytes',
    seeds: [input(segmentOf(one, two)), input(...encodeSmall([one, two], 200))],
    run: (bytes) => {
      const parts = unpacked(bytes);
      const segments: EncodedSegment[] = [];
      for (let i = 0; i < parts.length; i += 4) {
        const [rows = NOTHING, postings = NOTHING, dict = NOTHING, names = NOTHING] =
          parts.slice(i);
        segments.push({ rows, postings, dict, names });
      }
      const { documents } = decodeClass(segments, PLACE);
      const hashes = documents.map(({ leafHash }) => leafHash);
      promise(new Set(hashes).size === hashes.length, 'a class names a document once');
      promise(
        documents.every(({ rows }) => rows.length > 0),
        'a document has rows',
      );
    },
  }),
  target('sealed-segment', {
    form: 'bytes',
    seeds: [sealed.bytes, packed(NOTHING, NOTHING, NOTHING, NOTHING)],
    run: async (bytes) => {
      const opened = await openSegment(storeOf(bytes), 'acme', entryOf(bytes));
      promise(opened.rows.length <= bytes.length, 'a segment opens to less than it was');
    },
  }),
  target('segment-table', {
    form: 'bytes',
    seeds: [
      encodeTable([entryOf(sealed.bytes), { ...entryOf(NOTHING), segment: 1 }]),
      encodeTable([]),
    ],
    tokens: ['sr/seg/v1'],
    run: (bytes) => {
      const entries = decodeTable(bytes);
      segmentsRootOf(entries);
    },
  }),
];

/** The root of a table, if its numbers are ones that a table can hold. */
function segmentsRootOf(entries: readonly SegmentEntry[]): void {
  const isHeld = entries.every(({ generation, offset, bytes }) =>
    [generation, offset, bytes].every(Number.isSafeInteger),
  );
  promise(isHeld, 'a table holds numbers');
  promise(segmentsRoot(entries).length === 64, 'a table has a root');
  promiseSame(encodeTable(decodeTable(encodeTable(entries))), encodeTable(entries));
}
