// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { base64, concat, fromUtf8, jcsBytes, utf8 } from '../../src/core/index.ts';
import { LocalSigner, newEd25519 } from '../../src/keys/local-signer.ts';
import {
  MAX_ENTRY_BYTES,
  pae,
  parseEnvelope,
  PAYLOAD_TYPE,
  signEnvelope,
} from '../../src/provenance/dsse.ts';
import { parsePublicKey, verifySignature } from '../../src/provenance/public-key.ts';
import { fc } from '../support/property.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { everyTruncation } from '../support/tampering.ts';

const signer = new LocalSigner(newEd25519(new SeededRandom('dsse')));
const PAYLOAD = utf8('{"a":1}');
const sig = base64(new Uint8Array(64));
const { keyid } = signer;
const right = {
  payload: base64(PAYLOAD),
  payloadType: PAYLOAD_TYPE,
  signatures: [{ keyid, sig }],
};

describe('the pre-authentication encoding', () => {
  it('counts bytes, not characters', () => {
    expect(fromUtf8(pae('té', utf8('€')))).toBe('DSSEv1 3 té 3 €');
    expect(fromUtf8(pae('', new Uint8Array(0)))).toBe('DSSEv1 0  0 ');
  });

  it('differs for every different pair of type and body', () => {
    const text = fc.string({ unit: fc.constantFrom(' ', '1', '2', 'a') });
    fc.assert(
      fc.property(text, text, text, text, (type, body, otherType, otherBody) => {
        const same = type === otherType && body === otherBody;
        const encoded = fromUtf8(pae(type, utf8(body)));
        expect(encoded === fromUtf8(pae(otherType, utf8(otherBody)))).toBe(same);
      }),
    );
  });
});

describe('an envelope', () => {
  it('gives back exactly the payload that was signed', async () => {
    const entry = await signEnvelope(PAYLOAD, signer);
    const envelope = parseEnvelope(entry);
    const key = parsePublicKey(signer.spki);
    expect(envelope).toMatchObject({ payload: PAYLOAD, keyid });
    const signed = pae(PAYLOAD_TYPE, PAYLOAD);
    const signature = envelope?.signature ?? new Uint8Array(0);
    expect(key !== null && verifySignature(key, signed, signature)).toBe(true);
    expect(key !== null && verifySignature(key, pae('text/plain', PAYLOAD), signature)).toBe(false);
  });

  it('is read when it is exactly right', () => {
    expect(parseEnvelope(jcsBytes(right))).not.toBeNull();
  });

  it.each([
    ['another payload type', { ...right, payloadType: 'application/json' }],
    ['a field too many', { ...right, extra: 1 }],
    ['no payload', { payloadType: PAYLOAD_TYPE, signatures: right.signatures }],
    ['a payload that is no text', { ...right, payload: 1 }],
    ['a url-safe payload', { ...right, payload: '-_-_' }],
    ['a payload without padding', { ...right, payload: 'YQ' }],
    ['no signatures field', { payload: right.payload, payloadType: PAYLOAD_TYPE }],
    ['no signature', { ...right, signatures: [] }],
    [
      'two signatures',
      {
        ...right,
        signatures: [
          { keyid, sig },
          { keyid, sig },
        ],
      },
    ],
    ['signatures that are no list', { ...right, signatures: { keyid, sig } }],
    ['a signature that is no object', { ...right, signatures: [sig] }],
    ['a null signature', { ...right, signatures: [null] }],
    ['a signature without key id', { ...right, signatures: [{ sig }] }],
    ['a signature with a field too many', { ...right, signatures: [{ keyid, sig, cert: '' }] }],
    ['a signature that is no base64', { ...right, signatures: [{ keyid, sig: '*' }] }],
    ['a url-safe signature', { ...right, signatures: [{ keyid, sig: sig.replaceAll('A', '_') }] }],
    ['a key id that is no hash', { ...right, signatures: [{ keyid: 'ab', sig }] }],
    ['an upper-case key id', { ...right, signatures: [{ keyid: keyid.toUpperCase(), sig }] }],
    ['a key id that is no text', { ...right, signatures: [{ keyid: 1, sig }] }],
    ['a list', [right]],
    ['a text', 'envelope'],
    ['null', null],
  ])('with %s is refused', (_name, envelope) => {
    expect(parseEnvelope(jcsBytes(envelope))).toBeNull();
  });

  it('in any other spelling is refused', () => {
    const text = fromUtf8(jcsBytes(right));
    for (const other of [
      ` ${text}`,
      `${text}\n`,
      text.replace('{"payload"', '{ "payload"'),
      text.replace('application/', 'application\\/'),
      text.replace('{"payload"', `{"payload":"","payload"`),
      JSON.stringify({
        signatures: right.signatures,
        payloadType: PAYLOAD_TYPE,
        payload: right.payload,
      }),
    ]) {
      expect(parseEnvelope(utf8(other))).toBeNull();
    }
  });

  it('INV-ENTRY-SIZE: above 8,192 bytes is refused before it is parsed', () => {
    const envelopeOf = (n: number): Uint8Array =>
      jcsBytes({ ...right, payload: base64(new Uint8Array(n)) });
    const overhead = envelopeOf(0).length;
    const fits = Math.floor((MAX_ENTRY_BYTES - overhead) / 4) * 3;
    expect(parseEnvelope(envelopeOf(fits))?.payload).toHaveLength(fits);
    expect(envelopeOf(fits + 3).length).toBeGreaterThan(MAX_ENTRY_BYTES);
    expect(parseEnvelope(envelopeOf(fits + 3))).toBeNull();
  });

  it('cut short or padded is refused', async () => {
    const entry = await signEnvelope(PAYLOAD, signer);
    for (const cut of everyTruncation(entry)) expect(parseEnvelope(cut)).toBeNull();
    expect(parseEnvelope(concat(entry, Uint8Array.of(0)))).toBeNull();
  });
});
