// SPDX-License-Identifier: Apache-2.0
import { createDecipheriv, createHash, createHmac } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { compareBytes, hex, hkdfExpand, hmac } from '../../src/core/index.ts';
import { open } from '../../src/keys/index.ts';
import {
  fromVectorHex,
  hasShared,
  reasonIfAbsent,
  sharedJson,
  WYCHEPROOF,
  type WycheproofFile,
  type WycheproofTest,
} from '../support/shared-vectors.ts';
import { codeThrownBy } from '../support/tampering.ts';

/** The tests of a Wycheproof file, each with its group; what else they hold depends on the file. */
function testsOf(file: string): readonly unknown[] {
  const { testGroups } = sharedJson(`${WYCHEPROOF}/${file}`) as WycheproofFile<object, object>;
  return testGroups.flatMap((group) => group.tests.map((test) => ({ ...test, group })));
}

interface MacVector {
  readonly key: string;
  readonly msg: string;
  readonly tag: string;
}

interface SealVector {
  readonly key: string;
  readonly ctx: string;
  readonly ct: string;
  readonly msgSha512?: string;
}

describe.runIf(hasShared(WYCHEPROOF))(`Wycheproof symmetric${reasonIfAbsent(WYCHEPROOF)}`, () => {
  it('C2SP chunked encryption: opens the 10 valid messages and none of the 25 invalid ones', () => {
    const tests = testsOf(
      'c2sp_chunked_encryption_aes_256_gcm_test.json',
    ) as readonly (WycheproofTest & SealVector)[];
    const opened = tests.flatMap((test) => {
      // The file stores messages compressed.
      const sealed = new Uint8Array(inflateSync(fromVectorHex(test.ct)));
      const [key, context] = [fromVectorHex(test.key), fromVectorHex(test.ctx)];
      const code = codeThrownBy(() => open(key, context, sealed));
      const wrong = ['WrongKey', 'WrongContext', 'InvalidKeySize'];
      if (test.flags.some((flag) => wrong.includes(flag))) expect(code).toBe('KEY_COMMITMENT');
      if (code !== null) return [];
      const plain = open(key, context, sealed);
      expect(createHash('sha512').update(plain).digest('hex')).toBe(test.msgSha512);
      return [test.tcId];
    });
    expect(tests).toHaveLength(35);
    expect(opened).toEqual(tests.filter((t) => t.result === 'valid').map((t) => t.tcId));
    expect(opened).toHaveLength(10);
  });

  it.each([
    ['hkdf_sha256_test.json', 'sha256', 86],
    ['hkdf_sha512_test.json', 'sha512', 83],
  ] as const)('%s: expands every extracted key to the listed bytes', (file, name, count) => {
    type Vector = { ikm: string; salt: string; info: string; size: number; okm: string };
    const tests = testsOf(file) as readonly (WycheproofTest & Vector)[];
    for (const test of tests) {
      const extracted = createHmac(name, fromVectorHex(test.salt))
        .update(fromVectorHex(test.ikm))
        .digest();
      const expand = (): Uint8Array =>
        hkdfExpand(name, extracted, fromVectorHex(test.info), test.size);
      if (test.result === 'valid') expect(hex(expand())).toBe(test.okm);
      else expect(expand).toThrow(RangeError);
    }
    expect(tests).toHaveLength(count);
  });

  it('HMAC-SHA-256: all 174 tags agree, cut tags included', () => {
    const tests = testsOf('hmac_sha256_test.json') as readonly (WycheproofTest & MacVector)[];
    const differing = tests.filter((test) => {
      const expected = fromVectorHex(test.tag);
      const tag = hmac(fromVectorHex(test.key), fromVectorHex(test.msg));
      const equal = compareBytes(tag.subarray(0, expected.length), expected) === 0;
      return equal !== (test.result === 'valid');
    });
    expect({ tried: tests.length, differing }).toEqual({ tried: 174, differing: [] });
    // Keys longer than a block of 64 bytes are hashed first, which is a branch of ours.
    const lengths = tests.map((test) => fromVectorHex(test.key).length);
    expect(lengths.filter((length) => length === 65)).toHaveLength(6);
  });

  it('AES-256-GCM with our decipher options: opens every valid message with our sizes, no other', () => {
    type Vector = Record<'key' | 'iv' | 'aad' | 'msg' | 'ct' | 'tag', string> & { group: object };
    type Sizes = { ivSize: number; keySize: number; tagSize: number };
    const all = testsOf('aes_gcm_test.json') as readonly (WycheproofTest & Vector)[];
    const ours = all.filter(({ group }) => {
      const { ivSize, keySize, tagSize } = group as Sizes;
      return ivSize === 96 && keySize === 256 && tagSize === 128;
    });
    for (const test of ours) {
      const decrypt = (tag: Uint8Array): Buffer => {
        const [key, iv] = [fromVectorHex(test.key), fromVectorHex(test.iv)];
        const cipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 });
        cipher.setAAD(fromVectorHex(test.aad));
        cipher.setAuthTag(tag);
        return Buffer.concat([cipher.update(fromVectorHex(test.ct)), cipher.final()]);
      };
      const tag = fromVectorHex(test.tag);
      if (test.result === 'valid') expect(hex(decrypt(tag))).toBe(test.msg);
      else expect(() => decrypt(tag)).toThrow(/authenticate/);
      for (const short of [4, 8, 12, 13, 14, 15]) {
        expect(() => decrypt(tag.subarray(0, short))).toThrow(/Invalid authentication tag length/);
      }
    }
    expect(ours.length).toBe(66);
  });
});
