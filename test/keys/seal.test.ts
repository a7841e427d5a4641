// SPDX-License-Identifier: Apache-2.0
import type * as crypto from 'node:crypto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { concat, hex, lp, u64be, utf8 } from '../../src/core/index.ts';
import {
  FRAME_BYTES,
  type KeyRef,
  open,
  openFrames,
  openHeader,
  seal,
  SEAL_HEADER_BYTES,
  sealContext,
  sealedLength,
} from '../../src/keys/index.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import {
  codeThrownBy,
  everyBitFlip,
  everyTruncation,
  expectRefusal,
} from '../support/tampering.ts';

const calls = vi.hoisted(() => ({ decipher: 0 }));
// The real cipher, counted: the order "commitment first" cannot be seen from outside otherwise.
vi.mock('node:crypto', async (importOriginal) => {
  const real = await importOriginal<typeof crypto>();
  const createDecipheriv = ((...args: Parameters<typeof real.createDecipheriv>) => {
    calls.decipher += 1;
    return real.createDecipheriv(...args);
  }) as typeof real.createDecipheriv;
  return { ...real, createDecipheriv };
});
beforeEach(() => {
  calls.decipher = 0;
});

const random = new SeededRandom('seal');
const DEK = random.bytes(32);
const REF: KeyRef = { tenantId: 'acme', kind: 'doc', id: 'd-1', no: 7 };
const CONTEXT = sealContext(REF, 'text');
const sealed = (plain: Uint8Array): Uint8Array => seal(DEK, CONTEXT, plain, random);
const FRAME = FRAME_BYTES + 16;

describe('sealed messages', () => {
  it.each([0, 1, 15, 16, 16_383, 16_384, 16_385, 32_767, 32_768, 32_769, 50_000])(
    'of %d bytes open to the same bytes and have the computed length',
    (length) => {
      const plain = random.bytes(length);
      const message = sealed(plain);
      expect(message.length).toBe(sealedLength(length));
      expect(hex(open(DEK, CONTEXT, message))).toBe(hex(plain));
    },
  );

  it('of the same plaintext never look alike', () => {
    const [a, b] = [sealed(utf8('same')), sealed(utf8('same'))];
    expect(hex(a.subarray(0, 24))).not.toBe(hex(b.subarray(0, 24)));
    expect(hex(a.subarray(56))).not.toBe(hex(b.subarray(56)));
  });

  it('are refused with any bit turned over', () => {
    const message = sealed(utf8('a small message'));
    for (const [bit, altered] of [...everyBitFlip(message)].entries()) {
      const code = bit < SEAL_HEADER_BYTES * 8 ? 'KEY_COMMITMENT' : 'INTEGRITY';
      expectRefusal(() => open(DEK, CONTEXT, altered), code);
    }
  });

  it('are refused cut short anywhere, or with bytes behind them', () => {
    const message = sealed(utf8('a small message'));
    for (const cut of everyTruncation(message)) {
      expectRefusal(() => open(DEK, CONTEXT, cut), 'INTEGRITY');
    }
    for (const extra of [1, 15, 16, 17, FRAME]) {
      const longer = concat(message, new Uint8Array(extra));
      expectRefusal(() => open(DEK, CONTEXT, longer), 'INTEGRITY');
    }
  });

  it('INV-SEAL-END: are refused when the final short frame is missing', () => {
    const message = sealed(random.bytes(2 * FRAME_BYTES + 10));
    for (const frames of [0, 1, 2]) {
      const cut = message.subarray(0, SEAL_HEADER_BYTES + frames * FRAME);
      expectRefusal(() => open(DEK, CONTEXT, cut), 'INTEGRITY');
    }
    const whole = sealed(random.bytes(FRAME_BYTES));
    expectRefusal(() => open(DEK, CONTEXT, whole.subarray(0, -16)), 'INTEGRITY');
  });

  it('INV-SEAL-END: says so before it opens the frames that are there', () => {
    const message = sealed(random.bytes(FRAME_BYTES));
    calls.decipher = 0;
    expectRefusal(() => open(DEK, CONTEXT, message.subarray(0, -16)), 'INTEGRITY');
    expect(calls.decipher).toBe(0);
  });

  it('are refused with frames swapped, repeated or from another message', () => {
    const message = sealed(random.bytes(3 * FRAME_BYTES));
    const other = sealed(random.bytes(3 * FRAME_BYTES));
    const header = message.subarray(0, SEAL_HEADER_BYTES);
    const frame = (from: Uint8Array, i: number): Uint8Array =>
      from.subarray(SEAL_HEADER_BYTES + i * FRAME, SEAL_HEADER_BYTES + (i + 1) * FRAME);
    const orders = [
      [frame(message, 1), frame(message, 0), frame(message, 2), frame(message, 3)],
      [frame(message, 0), frame(message, 0), frame(message, 2), frame(message, 3)],
      [frame(message, 0), frame(message, 2), frame(message, 3)],
      [frame(message, 0), frame(other, 1), frame(message, 2), frame(message, 3)],
      [frame(message, 0), frame(message, 1), frame(message, 2), frame(other, 3)],
    ];
    for (const frames of orders) {
      expectRefusal(() => open(DEK, CONTEXT, concat(header, ...frames)), 'INTEGRITY');
    }
  });
});

describe('key and place', () => {
  const message = sealed(utf8('a small message'));

  it.each<[string, KeyRef, string]>([
    ['tenant', { ...REF, tenantId: 'other' }, 'text'],
    ['kind', { ...REF, kind: 'segment' }, 'text'],
    ['id', { ...REF, id: 'd-2' }, 'text'],
    ['number', { ...REF, no: 8 }, 'text'],
    ['part', REF, 'meta'],
  ])('INV-SEAL-COMMITMENT: refuses another %s before any cipher is called', (_name, ref, part) => {
    expectRefusal(() => open(DEK, sealContext(ref, part), message), 'KEY_COMMITMENT');
    expect(calls.decipher).toBe(0);
  });

  it('INV-SEAL-COMMITMENT: refuses every other key before any cipher is called', () => {
    for (const key of everyBitFlip(DEK)) {
      expectRefusal(() => open(key, CONTEXT, message), 'KEY_COMMITMENT');
    }
    expect(calls.decipher).toBe(0);
  });

  it('INV-SEAL-COMMITMENT: refuses a header alone, which random access opens first', () => {
    const header = message.subarray(0, SEAL_HEADER_BYTES);
    expect(codeThrownBy(() => openHeader(DEK, CONTEXT, header))).toBeNull();
    expectRefusal(() => openHeader(DEK, CONTEXT, header.subarray(1)), 'INTEGRITY');
    expectRefusal(() => openHeader(DEK, sealContext(REF, 'vec'), header), 'KEY_COMMITMENT');
  });

  it('INV-SEAL-KEY: neither seals nor opens under a key of another length than 32 bytes', () => {
    for (const length of [0, 16, 31, 33, 64]) {
      const key = new Uint8Array(length);
      expectRefusal(() => seal(key, CONTEXT, utf8('x'), random), 'KEY_COMMITMENT');
      expectRefusal(() => open(key, CONTEXT, message), 'KEY_COMMITMENT');
    }
  });

  it('contexts keep their fields apart', () => {
    expect(hex(CONTEXT)).toBe(
      hex(concat(lp('sr/seal/v1'), lp('acme'), lp('doc'), lp('d-1'), u64be(7), lp('text'))),
    );
    const shifted = sealContext({ ...REF, tenantId: 'acmed', id: '-1' }, 'text');
    expect(hex(shifted)).not.toBe(hex(CONTEXT));
  });
});

describe('random access', () => {
  const plain = random.bytes(4 * FRAME_BYTES + 99);
  const message = sealed(plain);
  const opener = openHeader(DEK, CONTEXT, message);
  const from = (frame: number): Uint8Array => message.subarray(SEAL_HEADER_BYTES + frame * FRAME);

  it('opens any run of frames to the same bytes', () => {
    for (let first = 0; first < 5; first++) {
      for (let last = first; last < 5; last++) {
        const part = openFrames(opener, from(first), first, last);
        const expected = plain.subarray(first * FRAME_BYTES, (last + 1) * FRAME_BYTES);
        expect(hex(part) === hex(expected)).toBe(true);
      }
    }
  });

  it('refuses a frame under another number, altered or cut', () => {
    expectRefusal(() => openFrames(opener, from(1), 0, 0), 'INTEGRITY');
    expectRefusal(() => openFrames(opener, from(4), 5, 5), 'INTEGRITY');
    expectRefusal(() => openFrames(opener, from(4).subarray(0, 15), 4, 4), 'INTEGRITY');
    expectRefusal(() => openFrames(opener, from(4).subarray(0, -1), 4, 4), 'INTEGRITY');
    expectRefusal(() => openFrames(opener, from(4), 4, 5), 'INTEGRITY');
  });
});
