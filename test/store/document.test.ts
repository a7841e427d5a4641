// SPDX-License-Identifier: Apache-2.0
// A document version of one frame per part: read whole, hashed, opened.
import { describe, expect, it } from 'vitest';
import { concat, hex } from '../../src/core/index.ts';
import { SEAL_HEADER_BYTES } from '../../src/keys/index.ts';
import { MAX_CHUNKS, sealDocument, WHOLE_OBJECT_BYTES } from '../../src/store/index.ts';
import {
  DOC_REF,
  documentInput,
  statementOf,
  StoredDocument,
} from '../support/document-fixture.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import {
  codeRejectedBy,
  everyBitFlip,
  everyTruncation,
  expectRefusal,
  expectRejection,
  flipBit,
} from '../support/tampering.ts';

const SMALL = new StoredDocument(3);
const { parts } = SMALL.sealed;

/** Bytes with those of a part exchanged. */
function withPart(
  bytes: Uint8Array,
  part: keyof typeof parts,
  replacement: Uint8Array,
): Uint8Array {
  const { off, bytes: length } = parts[part];
  return concat(bytes.subarray(0, off), replacement, bytes.subarray(off + length));
}

const partOf = (
  bytes: Uint8Array,
  { off, bytes: length }: { off: number; bytes: number },
): Uint8Array => bytes.subarray(off, off + length);

describe('a sealed document version', () => {
  it('gives back its facts, texts, vectors and leaves', async () => {
    expect(SMALL.sealed.bytes.length).toBeLessThan(WHOLE_OBJECT_BYTES);
    const document = await SMALL.open();
    expect(document.meta).toEqual(SMALL.input.meta);
    expect(await document.texts()).toEqual(SMALL.texts);
    for (const [i, text] of SMALL.texts.entries()) expect(await document.text(i)).toBe(text);
    expect((await document.vectors()).map(hex)).toEqual(
      SMALL.input.chunks.map(({ vector }) => hex(vector)),
    );
    expect(document.leaf(1)).toMatchObject({ i: 1, n: 3, meta: SMALL.input.chunks[1]?.meta });
    expect(() => document.leaf(3)).toThrow('does not exist');
  });

  it('does not hold its text, names or vectors in the clear', () => {
    const bytes = Buffer.from(SMALL.sealed.bytes);
    for (const plain of ['guest', 'café', 'Rules', 'rules/'])
      expect(bytes.includes(plain)).toBe(false);
    for (const { vector } of SMALL.input.chunks)
      expect(bytes.includes(Buffer.from(vector))).toBe(false);
  });

  it('is sealed in another way each time', () => {
    const random = new SeededRandom('again');
    const again = sealDocument(SMALL.dek, SMALL.input, random);
    expect(again.chunkRoot).toBe(SMALL.sealed.chunkRoot);
    expect(hex(again.bytes)).not.toBe(hex(SMALL.sealed.bytes));
  });

  it('INV-OBJECT-DIGEST: is rejected with any single bit turned over', async () => {
    for (const flipped of everyBitFlip(SMALL.sealed.bytes)) {
      await expectRejection(SMALL.open(flipped), 'INTEGRITY');
    }
  });

  it('INV-OBJECT-SIZE: is rejected when it is cut short or longer', async () => {
    for (const short of everyTruncation(SMALL.sealed.bytes)) {
      await expectRejection(SMALL.open(short), 'INTEGRITY');
    }
    await expectRejection(SMALL.open(concat(SMALL.sealed.bytes, new Uint8Array(1))), 'INTEGRITY');
    await expectRejection(SMALL.open(null), 'INTEGRITY');
  });

  it.each([
    ['tenant', { tenantId: 'other' }],
    ['document', { id: `d-${'z'.repeat(26)}` }],
    ['version', { no: 3 }],
    ['kind', { kind: 'acl' as const }],
  ])('is rejected in the place of another %s, with the right key', async (_, other) => {
    const moved = SMALL.open(SMALL.sealed.bytes, { ref: { ...DOC_REF, ...other } });
    await expectRejection(moved, 'KEY_COMMITMENT');
  });

  it('is rejected under another key, before a cipher is called', async () => {
    for (const dek of [flipBit(SMALL.dek, 0), new Uint8Array(32)]) {
      await expectRejection(SMALL.open(SMALL.sealed.bytes, { dek }), 'KEY_COMMITMENT');
    }
  });

  it('is rejected when a whole other version stands in its place', async () => {
    const other = new StoredDocument(3, { seed: 'other' });
    expect(other.sealed.bytes.length).toBe(SMALL.sealed.bytes.length);
    await expectRejection(SMALL.open(other.sealed.bytes), 'INTEGRITY');
    // With the statement's digest moved along, key and place still speak against it.
    await expectRejection(
      SMALL.open(other.sealed.bytes, { statement: other.statement }),
      'KEY_COMMITMENT',
    );
  });

  it('is rejected when parts of one object have changed places, even if a digest was signed for that', async () => {
    const text = partOf(SMALL.sealed.bytes, parts.text);
    const vec = partOf(SMALL.sealed.bytes, parts.vec);
    const sealed = { ...SMALL.sealed, parts: { ...parts, text: parts.vec, vec: parts.text } };
    expect(text.length).not.toBe(vec.length);
    const swapped = SMALL.open(SMALL.sealed.bytes, { statement: statementOf(sealed) });
    await expectRejection(swapped, 'KEY_COMMITMENT');
  });
});

describe('a document version whose ingest key signed something untrue', () => {
  const resigned = (change: Partial<typeof SMALL.sealed>): Promise<unknown> =>
    SMALL.readAll(SMALL.sealed.bytes, { statement: statementOf({ ...SMALL.sealed, ...change }) });

  it('is rejected with another number of chunks', async () => {
    await expectRejection(resigned({ chunks: 2 }), 'INTEGRITY');
  });

  it('is rejected with another chunk tree', async () => {
    await expectRejection(resigned({ chunkRoot: 'ab'.repeat(32) }), 'INTEGRITY');
  });

  it('is rejected with other facts', async () => {
    await expectRejection(resigned({ facts: 'ab'.repeat(32) }), 'INTEGRITY');
  });

  it('is rejected with parts that overlap, are empty or lie outside', async () => {
    const shifts = [1, -1, SEAL_HEADER_BYTES, parts.text.bytes, 2 ** 40];
    for (const shift of shifts) {
      const vec = { ...parts.vec, off: parts.vec.off + shift };
      const code = await codeRejectedBy(resigned({ parts: { ...parts, vec } }));
      expect(['INTEGRITY', 'KEY_COMMITMENT']).toContain(code);
    }
    const empty = { off: 0, bytes: 0, header: '' };
    const longer = { ...parts.text, bytes: parts.text.bytes + parts.vec.bytes };
    const code = await codeRejectedBy(resigned({ parts: { ...parts, text: longer, vec: empty } }));
    expect(['INTEGRITY', 'KEY_COMMITMENT']).toContain(code);
  });

  it('is told apart when one part is another sealing of the same plaintext', async () => {
    const again = sealDocument(SMALL.dek, SMALL.input, new SeededRandom('again'));
    for (const part of ['text', 'meta', 'vec'] as const) {
      const replaced = withPart(SMALL.sealed.bytes, part, partOf(again.bytes, again.parts[part]));
      await expectRejection(SMALL.open(replaced), 'INTEGRITY');
    }
  });
});

describe('sealing a document', () => {
  it.each([
    ['no chunks', []],
    ['an empty chunk', [{ start: 3, end: 3 }]],
    ['a chunk that ends before it starts', [{ start: 5, end: 3 }]],
    ['a chunk behind the text', [{ start: 0, end: 10_000 }]],
    [
      'chunks out of order',
      [
        { start: 5, end: 9 },
        { start: 0, end: 4 },
      ],
    ],
    ['a range that is no number', [{ start: Number.NaN, end: 4 }]],
  ])('is refused with %s', (_, ranges) => {
    const input = documentInput(3);
    const [chunk] = input.chunks;
    if (chunk === undefined) throw new Error('the fixture has chunks');
    const chunks = ranges.map((range) => ({ ...chunk, ...range }));
    const seal = (): unknown =>
      sealDocument(SMALL.dek, { ...input, chunks }, new SeededRandom('x'));
    expectRefusal(seal, 'INTERNAL');
  });

  it('is refused with more chunks than the formats allow', () => {
    const input = documentInput(1);
    const chunks = Array.from(
      { length: MAX_CHUNKS + 1 },
      () => input.chunks[0],
    ) as typeof input.chunks;
    const seal = (): unknown =>
      sealDocument(SMALL.dek, { ...input, chunks }, new SeededRandom('x'));
    expectRefusal(seal, 'INTERNAL');
  });
});
