// SPDX-License-Identifier: Apache-2.0
import { createPublicKey, ECDH, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { base64, concat, fromHex, hex, sha256, utf8 } from '../../src/core/index.ts';
import { LocalSigner, newEd25519 } from '../../src/keys/local-signer.ts';
import { ed25519Spki } from '../../src/provenance/note.ts';
import {
  keyIdOf,
  parsePublicKey,
  parsePublicKeyBase64,
  type PublicKey,
  verifySignature,
} from '../../src/provenance/public-key.ts';
import { fc } from '../support/property.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { everyBitFlip } from '../support/tampering.ts';

const ed = new LocalSigner(newEd25519(new SeededRandom('public key')));
const p256 = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const p256Spki = p256.publicKey.export({ format: 'der', type: 'spki' });
const MESSAGE = utf8('message');

const parsed = (spki: Uint8Array): PublicKey => {
  const key = parsePublicKey(spki);
  if (key === null) throw new Error('the test made a key that cannot be used');
  return key;
};
const spkiOf = (type: 'ec' | 'rsa' | 'x25519' | 'ed448', curve = ''): Uint8Array => {
  const pair =
    type === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: curve })
      : type === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : type === 'x25519'
          ? generateKeyPairSync('x25519')
          : generateKeyPairSync('ed448');
  return pair.publicKey.export({ format: 'der', type: 'spki' });
};
/** The P-256 key with its point in another of the forms of SEC 1. */
const respelled = (form: 'compressed' | 'hybrid'): Uint8Array => {
  const point = ECDH.convertKey(p256Spki.subarray(-65), 'prime256v1', undefined, undefined, form);
  const prefix =
    form === 'hybrid'
      ? p256Spki.subarray(0, -65)
      : Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex');
  return concat(prefix, point as Buffer);
};
const SMALL_ORDER = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];

describe('public keys', () => {
  it('are named by the hash of their one spelling', () => {
    expect(parsed(ed.spki)).toMatchObject({ algorithm: 'ed25519', keyid: ed.keyid });
    expect(parsed(p256Spki)).toMatchObject({ algorithm: 'p256', keyid: hex(sha256(p256Spki)) });
    expect(keyIdOf(ed.spki)).toBe(ed.keyid);
    expect(parsePublicKeyBase64(base64(ed.spki))?.keyid).toBe(ed.keyid);
    expect(parsePublicKeyBase64('*')).toBeNull();
    expect(ed25519Spki(ed.rawPublicKey)).toEqual(new Uint8Array(ed.spki));
  });

  it.each([
    ['nothing', () => new Uint8Array(0)],
    ['text', () => utf8('-----BEGIN PUBLIC KEY-----')],
    ['RSA', () => spkiOf('rsa')],
    ['X25519', () => spkiOf('x25519')],
    ['Ed448', () => spkiOf('ed448')],
    ['P-384', () => spkiOf('ec', 'secp384r1')],
    ['secp256k1', () => spkiOf('ec', 'secp256k1')],
    ['a byte too many', () => concat(ed.spki, Uint8Array.of(0))],
    ['a byte too few', () => ed.spki.subarray(0, -1)],
    ['a P-256 key with a byte too many', () => concat(p256Spki, Uint8Array.of(0))],
    ['a P-256 key with a compressed point', () => respelled('compressed')],
    ['a P-256 key with a hybrid point', () => respelled('hybrid')],
  ])('of another kind or spelling are refused: %s', (_name, make) => {
    expect(parsePublicKey(make())).toBeNull();
  });

  it('in BER with a long length are refused: two spellings would have two key ids', () => {
    const der = ed.spki;
    const long = concat(Uint8Array.of(0x30, 0x81), der.subarray(1));
    expect(createLeniently(long)).toBe(true);
    expect(parsePublicKey(long)).toBeNull();
  });

  it('stay what they are under every single-bit change, or are refused', () => {
    for (const altered of everyBitFlip(ed.spki.subarray(0, 12))) {
      expect(parsePublicKey(concat(altered, ed.rawPublicKey))).toBeNull();
    }
  });

  it.each(SMALL_ORDER)('on the small-order point %s are refused, with either sign', (text) => {
    const raw = fromHex(text) as Uint8Array;
    expect(parsePublicKey(ed25519Spki(raw))).toBeNull();
    const negative = raw.with(31, (raw[31] as number) | 0x80);
    expect(parsePublicKey(ed25519Spki(negative))).toBeNull();
  });
});

/** True when the platform reads the bytes as a key. */
function createLeniently(spki: Uint8Array): boolean {
  try {
    createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    return true;
  } catch {
    return false;
  }
}

describe('Ed25519 signatures', () => {
  it('hold for exactly the message and the 64 bytes', async () => {
    const key = parsed(ed.spki);
    const signature = await ed.sign(MESSAGE);
    expect(verifySignature(key, MESSAGE, signature)).toBe(true);
    expect(verifySignature(key, utf8('massage'), signature)).toBe(false);
    for (const altered of everyBitFlip(signature)) {
      expect(verifySignature(key, MESSAGE, altered)).toBe(false);
    }
    for (const wrong of [signature.subarray(1), concat(signature, signature), new Uint8Array(0)]) {
      expect(verifySignature(key, MESSAGE, wrong)).toBe(false);
    }
  });

  it('with S above the group order are refused', async () => {
    const signature = await ed.sign(MESSAGE);
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    let s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + order;
    const out = Uint8Array.from(signature);
    for (let i = 32; i < 64; i++, s >>= 8n) out[i] = Number(s & 0xffn);
    expect(verifySignature(parsed(ed.spki), MESSAGE, out)).toBe(false);
  });
});

describe('P-256 signatures', () => {
  const key = parsed(p256Spki);
  const signature = sign('sha256', MESSAGE, p256.privateKey);

  it('hold for exactly the message', () => {
    expect(verifySignature(key, MESSAGE, signature)).toBe(true);
    expect(verifySignature(key, utf8('massage'), signature)).toBe(false);
    for (const altered of everyBitFlip(signature)) {
      expect(verifySignature(key, MESSAGE, altered)).toBe(false);
    }
  });

  it('in another spelling than strict DER are refused', () => {
    const [r, s] = integersOf(signature);
    const zero = Uint8Array.of(0);
    const strict = derOf(r, s);
    expect(strict).toEqual(new Uint8Array(signature));
    const spellings = [
      derOf(concat(zero, r), s),
      derOf(r, concat(zero, s)),
      concat(strict, zero),
      concat(Uint8Array.of(0x30, 0x81, strict.length - 2), strict.subarray(2)),
      concat(Uint8Array.of(0x30, 0x80), strict.subarray(2), zero, zero),
      strict.with(0, 0x31),
      strict.with(2, 0x03),
      concat(r, s),
      new Uint8Array(0),
      Uint8Array.of(0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00),
      Uint8Array.of(0x30, 0x06, 0x02, 0x00, 0x02, 0x02, 0x00, 0x00),
      Uint8Array.of(0x30, 0x06, 0x02, 0x01, 0xff, 0x02, 0x01, 0x01),
    ];
    for (const spelling of spellings) expect(verifySignature(key, MESSAGE, spelling)).toBe(false);
  });

  it('are never taken for those of another algorithm', async () => {
    expect(verifySignature(parsed(ed.spki), MESSAGE, signature)).toBe(false);
    expect(verifySignature(key, MESSAGE, await ed.sign(MESSAGE))).toBe(false);
  });

  it('of any bytes give false and never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const der = concat(Uint8Array.of(0x30, bytes.length, 0x02, bytes.length), bytes);
        expect(verifySignature(key, MESSAGE, bytes)).toBe(false);
        expect(verifySignature(key, MESSAGE, der)).toBe(false);
      }),
    );
  });
});

const hasMlDsa = ((): boolean => {
  try {
    generateKeyPairSync('ml-dsa-44');
    return true;
  } catch {
    return false;
  }
})();

describe.runIf(hasMlDsa)('ML-DSA-44 signatures (skipped when this Node has no ML-DSA)', () => {
  it('hold for exactly the message and 2,420 bytes; other parameter sets are refused', () => {
    const pair = generateKeyPairSync('ml-dsa-44');
    const key = parsed(pair.publicKey.export({ format: 'der', type: 'spki' }));
    const signature = sign(null, MESSAGE, pair.privateKey);
    expect(key.algorithm).toBe('ml-dsa-44');
    expect(verifySignature(key, MESSAGE, signature)).toBe(true);
    expect(verifySignature(key, utf8('massage'), signature)).toBe(false);
    expect(verifySignature(key, MESSAGE, signature.subarray(1))).toBe(false);
    const larger = generateKeyPairSync('ml-dsa-65').publicKey;
    expect(parsePublicKey(larger.export({ format: 'der', type: 'spki' }))).toBeNull();
  });
});

function integersOf(der: Uint8Array): [Uint8Array, Uint8Array] {
  const first = der[3] as number;
  return [der.slice(4, 4 + first), der.slice(6 + first)];
}

function derOf(r: Uint8Array, s: Uint8Array): Uint8Array {
  const integer = (x: Uint8Array): Uint8Array => concat(Uint8Array.of(2, x.length), x);
  const body = concat(integer(r), integer(s));
  return concat(Uint8Array.of(0x30, body.length), body);
}
