// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  concat,
  fromHex,
  isStrongroomError,
  jcsBytes,
  lp,
  u32be,
  utf8,
} from '../../src/core/index.ts';
import { decodeClass, type EncodedSegment, SEGMENT_BYTES } from '../../src/index/index.ts';
import { fc } from '../support/property.ts';
import { codeThrownBy, everyTruncation, expectRefusal, flipBit } from '../support/tampering.ts';
import { DIMS } from './corpus.ts';
import {
  decode,
  encodeSmall,
  first,
  indexOf,
  nameRecord,
  one,
  PARTS,
  PLACE,
  second,
  segmentOf,
  two,
} from './segment-fixture.ts';

const good = segmentOf(one, two);

describe('tampered segments', () => {
  const rowBytes = 32 + 4 + 4 + DIMS;
  const tampered = (part: Partial<EncodedSegment>): EncodedSegment => ({ ...good, ...part });
  const refused = (part: Partial<EncodedSegment>): void => {
    expectRefusal(() => decode(tampered(part)), 'INDEX_TAMPERED');
  };

  it('INV-SEGMENT-BOUNDS: refuses every truncation of every part', () => {
    for (const part of PARTS) {
      for (const bytes of everyTruncation(good[part])) {
        const code = codeThrownBy(() => decode(tampered({ [part]: bytes })));
        expect(['INDEX_TAMPERED', 'FORMAT_INVALID']).toContain(code);
      }
    }
    refused({ rows: good.rows.slice(0, -1) });
  });

  it('INV-SEGMENT-SIZE: refuses a segment of more than 16 MiB', () => {
    const alone = { ...first, name: { sourceUri: 'a'.repeat(SEGMENT_BYTES), title: null } };
    const small = segmentOf(first);
    expectRefusal(() => decode({ ...small, names: nameRecord(alone) }), 'INDEX_TAMPERED');
  });

  it('INV-SEGMENT-ROWS: refuses rows out of order, and a row twice', () => {
    const [a, b] = [good.rows.slice(0, rowBytes), good.rows.slice(-rowBytes)];
    const alone = { names: nameRecord(first) };
    refused({ rows: concat(b, good.rows.subarray(rowBytes, -rowBytes), a) });
    const small = segmentOf({ ...first, rows: first.rows.slice(0, 1) });
    const twice = concat(small.postings, small.postings);
    expectRefusal(
      () => decode({ ...small, ...alone, rows: concat(a, a), postings: twice }),
      'INDEX_TAMPERED',
    );
    expectRefusal(() => decodeClass([good, good], PLACE), 'INDEX_TAMPERED');
  });

  it('INV-SEGMENT-NAMES: refuses names of documents without rows', () => {
    const small = segmentOf(first);
    expectRefusal(() => decode({ ...small, names: good.names }), 'INDEX_TAMPERED');
  });

  it('INV-SEGMENT-NAMED: refuses a row without a name, and a cut document with two', () => {
    const small = segmentOf(first);
    expectRefusal(() => decode({ ...small, names: nameRecord(second) }), 'INDEX_TAMPERED');
    const cut = encodeSmall([one], 1);
    const renamed = nameRecord({ ...one, name: { sourceUri: 'other.md', title: null } });
    const halves = [cut[0]!, { ...cut[1]!, names: renamed }];
    expectRefusal(() => decodeClass(halves, PLACE), 'INDEX_TAMPERED');
  });

  it('INV-SEGMENT-ORDER: refuses names out of order', () => {
    refused({ names: concat(nameRecord(second), nameRecord(first)) });
  });

  it('INV-SEGMENT-DICT: refuses terms out of order, twice or empty', () => {
    const terms = ['audit', 'deni', 'grant', 'polici'].map((t) =>
      concat(Uint8Array.of(t.length), utf8(t)),
    );
    expect(concat(...terms)).toEqual(good.dict);
    const [audit, deni, grant, polici] = terms as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    refused({ dict: concat(audit, grant, deni, polici) });
    refused({ dict: concat(audit, deni, grant, grant) });
    refused({ dict: concat(Uint8Array.of(0), audit, deni, grant, polici) });
  });

  it('INV-SEGMENT-POSTINGS: refuses entries that no row could have', () => {
    const small = segmentOf({ ...one, rows: one.rows.slice(0, 1) });
    const bag = (length: number, ...entries: readonly number[]): Uint8Array =>
      concat(u32be(length), Uint8Array.of(0, entries.length), ...entries.map(u32be));
    expect(bag(2, 1, 257)).toEqual(small.postings);
    const bad = [
      bag(2, 257, 1),
      bag(2, 1, 1),
      bag(2, 1, 513),
      bag(2, 0, 257),
      bag(1, 1, 257),
      bag(5000, 1, 257),
    ];
    for (const postings of bad)
      expectRefusal(() => decode({ ...small, postings }), 'INDEX_TAMPERED');
  });

  it('INV-SEGMENT-END: refuses words without a row', () => {
    refused({ postings: concat(good.postings, u32be(0), Uint8Array.of(0, 0)) });
  });

  it('refuses malformed vectors', () => {
    for (const [at, value] of [
      [32 + 4 + 4, 0x80],
      [32 + 4 + 3, 0xff],
    ] as const) {
      const rows = Uint8Array.from(good.rows);
      rows[at] = value;
      refused({ rows });
    }
  });

  it('refuses names of another form', () => {
    const small = segmentOf(first);
    const leafHash = fromHex(first.leafHash) as Uint8Array;
    const name = { docId: first.docId, sourceUri: 'a', title: null };
    const bad = [
      { ...name, docId: 'x' },
      { ...name, title: 1 },
      { ...name, more: 1 },
      { docId: first.docId },
      [],
    ];
    for (const value of bad) {
      const names = concat(leafHash, lp(jcsBytes(value)));
      expectRefusal(() => decode({ ...small, names }), 'INDEX_TAMPERED');
    }
    for (const text of ['{', '{"docId": 1}', '\u00ff']) {
      const names = concat(leafHash, lp(utf8(text)));
      expectRefusal(() => decode({ ...small, names }), 'FORMAT_INVALID');
    }
    const names = concat(leafHash, lp(Uint8Array.of(0xff)));
    expectRefusal(() => decode({ ...small, names }), 'FORMAT_INVALID');
  });

  it('refuses terms that are not UTF-8', () => {
    expectRefusal(() => decode(tampered({ dict: Uint8Array.of(1, 0xff) })), 'FORMAT_INVALID');
  });

  it('never crash the reader, whichever bit is turned or bytes are given', () => {
    const survives = (segment: EncodedSegment): void => {
      try {
        indexOf([]).load(decode(segment));
      } catch (error) {
        if (!isStrongroomError(error)) throw error;
        expect(['INDEX_TAMPERED', 'FORMAT_INVALID']).toContain(error.code);
      }
    };
    for (const part of PARTS) {
      for (let bit = 0; bit < good[part].length * 8; bit++) {
        survives(tampered({ [part]: flipBit(good[part], bit) }));
      }
    }
    const part = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(fc.record({ rows: part, postings: part, dict: part, names: part }), survives),
    );
  });
});
