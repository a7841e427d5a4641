// SPDX-License-Identifier: Apache-2.0
import { createHmac, hkdfSync } from 'node:crypto';
import { fc } from '../support/property.ts';
import { describe, expect, it } from 'vitest';
import { hex, hkdfExpand, hmac, sha256, utf8 } from '../../src/core/index.ts';

describe('digests', () => {
  it('hashes the message of FIPS 180-2 appendix B.1', () => {
    expect(hex(sha256(utf8('abc')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  it('authenticates the message of RFC 4231 section 4.3', () => {
    expect(hex(hmac(utf8('Jefe'), utf8('what do ya want for nothing?')))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });

  it.each(['sha256', 'sha512'] as const)('expands as the second half of HKDF with %s', (name) => {
    const input = fc.uint8Array({ maxLength: 80 });
    fc.assert(
      fc.property(input, input, input, fc.integer({ min: 1, max: 300 }), (ikm, salt, info, n) => {
        const extracted = createHmac(name, salt).update(ikm).digest();
        const whole = new Uint8Array(hkdfSync(name, ikm, salt, info, n));
        expect(hkdfExpand(name, extracted, info, n)).toEqual(whole);
      }),
    );
  });

  it('authenticates under keys shorter than, as long as and longer than a block, as Node does', () => {
    const lengths = fc.oneof(fc.constantFrom(0, 63, 64, 65, 127, 128, 129), fc.nat(300));
    const key = lengths.chain((n) => fc.uint8Array({ minLength: n, maxLength: n }));
    fc.assert(
      fc.property(key, fc.uint8Array({ maxLength: 200 }), (k, data) => {
        expect(hex(hmac(k, data))).toBe(createHmac('sha256', k).update(data).digest('hex'));
        for (const name of ['sha256', 'sha512'] as const) {
          const first = createHmac(name, k).update(data).update(Uint8Array.of(1)).digest();
          expect(hkdfExpand(name, k, data, first.length)).toEqual(new Uint8Array(first));
        }
      }),
    );
  });

  it('expands to at most 255 blocks', () => {
    const key = new Uint8Array(32);
    expect(hkdfExpand('sha256', key, key, 255 * 32)).toHaveLength(255 * 32);
    expect(() => hkdfExpand('sha256', key, key, 255 * 32 + 1)).toThrow(RangeError);
    expect(() => hkdfExpand('sha512', key, key, 255 * 64 + 1)).toThrow(RangeError);
  });
});
