// SPDX-License-Identifier: Apache-2.0
// A document version above 256 KiB: its headers are compared, its frames are read singly.
import { describe, expect, it } from 'vitest';
import { concat, hex, type Random } from '../../src/core/index.ts';
import { FRAME_BYTES, seal, SEAL_HEADER_BYTES, sealContext } from '../../src/keys/index.ts';
import { encodeVector, quantise } from '../../src/provenance/index.ts';
import { WHOLE_OBJECT_BYTES } from '../../src/store/index.ts';
import { DOC_REF, StoredDocument } from '../support/document-fixture.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { codeRejectedBy, expectRejection, flipBit } from '../support/tampering.ts';

const LARGE = new StoredDocument(4000);
const { parts, bytes: sealedBytes } = LARGE.sealed;
type PartName = keyof typeof parts;

const partBytes = (part: PartName): Uint8Array =>
  sealedBytes.subarray(parts[part].off, parts[part].off + parts[part].bytes);

function withPart(part: PartName, replacement: Uint8Array): Uint8Array {
  const { off, bytes } = parts[part];
  return concat(sealedBytes.subarray(0, off), replacement, sealedBytes.subarray(off + bytes));
}

/** What somebody who holds the data key can do: the same header over another plaintext. */
function resealed(part: PartName, plain: Uint8Array): Uint8Array {
  const salt = partBytes(part).subarray(0, 24);
  const sameSalt: Random = { bytes: () => Uint8Array.from(salt) };
  return seal(LARGE.dek, sealContext(DOC_REF, part), plain, sameSalt);
}

describe('a large sealed document', () => {
  it('gives back single chunks, all chunks, and chunks across frames', async () => {
    expect(sealedBytes.length).toBeGreaterThan(WHOLE_OBJECT_BYTES);
    const document = await LARGE.open();
    const texts = await document.texts();
    expect(texts).toEqual(LARGE.texts);
    const crossing = LARGE.input.chunks.findIndex(
      ({ start, end }) => Math.floor(start / FRAME_BYTES) !== Math.floor((end - 1) / FRAME_BYTES),
    );
    expect(crossing).toBeGreaterThan(0);
    for (const i of [0, crossing, 3999]) expect(await document.text(i)).toBe(LARGE.texts[i]);
    expect((await document.vectors()).map(hex)).toEqual(
      LARGE.input.chunks.map(({ vector }) => hex(vector)),
    );
  });

  it('is rejected with a bit turned over anywhere, when the frame is read', async () => {
    const random = new SeededRandom('flips');
    const starts = (['text', 'meta', 'vec'] as const).flatMap((part) => {
      const { off, bytes } = parts[part];
      return [off, off + 23, off + 24, off + 55, off + 56, off + bytes - 1, off + bytes - 16];
    });
    const offsets = [
      ...starts,
      ...Array.from({ length: 25 }, () => random.below(sealedBytes.length)),
    ];
    for (const offset of offsets) {
      const flipped = flipBit(sealedBytes, offset * 8 + random.below(8));
      expect(await codeRejectedBy(LARGE.readAll(flipped))).toMatch(/^(INTEGRITY|KEY_COMMITMENT)$/);
    }
  });

  it('INV-OBJECT-SIZE: is rejected when it is cut short or longer', async () => {
    for (const cut of [1, 16, FRAME_BYTES + 16, parts.vec.bytes]) {
      await expectRejection(LARGE.open(sealedBytes.subarray(0, -cut)), 'INTEGRITY');
    }
    await expectRejection(LARGE.open(concat(sealedBytes, new Uint8Array(1))), 'INTEGRITY');
  });

  it('INV-OBJECT-HEADER: is rejected when a part is another sealing of the same plaintext', async () => {
    const random = new SeededRandom('again');
    for (const [part, plain] of [
      ['text', LARGE.input.text],
      ['vec', concat(...LARGE.input.chunks.map(({ vector }) => vector))],
    ] as const) {
      const again = seal(LARGE.dek, sealContext(DOC_REF, part), plain, random);
      expect(again.length).toBe(parts[part].bytes);
      await expectRejection(LARGE.open(withPart(part, again)), 'INTEGRITY');
    }
  });

  it('is rejected when frames have changed places or were repeated', async () => {
    const frame = FRAME_BYTES + 16;
    const text = partBytes('text');
    const at = (i: number): Uint8Array =>
      text.subarray(SEAL_HEADER_BYTES + i * frame, SEAL_HEADER_BYTES + (i + 1) * frame);
    const head = text.subarray(0, SEAL_HEADER_BYTES);
    const rest = text.subarray(SEAL_HEADER_BYTES + 2 * frame);
    for (const [first, second] of [
      [at(1), at(0)],
      [at(0), at(0)],
    ] as const) {
      const document = await LARGE.open(withPart('text', concat(head, first, second, rest)));
      await expectRejection(document.texts(), 'INTEGRITY');
      await expectRejection(document.text(300), 'INTEGRITY');
    }
  });

  it('leaves the chunks of untouched frames readable', async () => {
    const last = parts.text.off + parts.text.bytes - 1;
    const document = await LARGE.open(flipBit(sealedBytes, last * 8));
    expect(await document.text(0)).toBe(LARGE.texts[0]);
    await expectRejection(document.text(3999), 'INTEGRITY');
  });
});

describe('somebody who holds the data key of a document', () => {
  it('INV-TEXT-COMMIT: cannot put another text under the same header', async () => {
    const forged = Buffer.from(LARGE.input.text);
    forged.write('Burn', 0);
    const document = await LARGE.open(withPart('text', resealed('text', forged)));
    await expectRejection(document.text(0), 'INTEGRITY');
    await expectRejection(document.texts(), 'INTEGRITY');
    expect(await document.text(1)).toBe(LARGE.texts[1]);
  });

  it('INV-VECTOR-COMMIT: cannot put another vector under the same header, or change two', async () => {
    const vectors = LARGE.input.chunks.map(({ vector }) => vector);
    const hub = encodeVector(quantise(new Float32Array(8).fill(1)));
    const forged = resealed('vec', concat(hub, ...vectors.slice(1)));
    await expectRejection((await LARGE.open(withPart('vec', forged))).vectors(), 'INTEGRITY');
    const document = await LARGE.open();
    document.checkVector(1, vectors[1] as Uint8Array);
    const check = (i: number, vector: Uint8Array): (() => void) => {
      return () => {
        document.checkVector(i, vector);
      };
    };
    expect(check(0, vectors[1] as Uint8Array)).toThrow('not the signed one');
    expect(check(0, hub)).toThrow('not the signed one');
  });
});

describe('a closed document', () => {
  it('has forgotten its keys', async () => {
    const document = await LARGE.open();
    document.close();
    await expect(document.text(0)).rejects.toMatchObject({ code: 'INTEGRITY' });
  });
});
