// SPDX-License-Identifier: Apache-2.0
import { createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concat, fromUtf8, utf8 } from '../../src/core/index.ts';
import { pae, parseEnvelope } from '../../src/provenance/dsse.ts';
import { parsePublicKey, verifySignature } from '../../src/provenance/public-key.ts';
import { hasShared, reasonIfAbsent, sharedBytes } from '../support/shared-vectors.ts';

const FILE = 'vectors/dsse/protocol.md';
const text = hasShared(FILE) ? fromUtf8(sharedBytes(FILE)) : '';

/** The code block that follows a label of the specification. */
function blockAfter(label: string): string {
  const at = text.indexOf('```', text.indexOf(label));
  const start = text.indexOf('\n', at) + 1;
  return text.slice(start, text.indexOf('\n```', start));
}

const coordinate = (name: string): string => {
  const digits = new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1] ?? '0';
  return Buffer.from(BigInt(digits).toString(16).padStart(64, '0'), 'hex').toString('base64url');
};

/** A DER integer of 32 bytes, big endian. */
function derInteger(raw: Uint8Array): Uint8Array {
  let at = 0;
  while (at < raw.length - 1 && raw[at] === 0) at += 1;
  const value = raw.subarray(at);
  const body = (value[0] as number) >= 0x80 ? concat(Uint8Array.of(0), value) : value;
  return concat(Uint8Array.of(2, body.length), body);
}

describe.runIf(hasShared(FILE))(`the DSSE 1.0.2 vector${reasonIfAbsent(FILE)}`, () => {
  const envelope = JSON.parse(
    blockAfter('Result (using').startsWith('{') ? blockAfter('Result (using') : '{}',
  ) as { payload?: string; payloadType?: string; signatures?: { sig: string }[] };

  it('has the pre-authentication encoding of the specification', () => {
    const body = utf8(blockAfter('SERIALIZED_BODY:\n'));
    const type = blockAfter('PAYLOAD_TYPE:\n');
    expect(fromUtf8(pae(type, body))).toBe(blockAfter('PAE:\n'));
  });

  it('is signed over that encoding', () => {
    const jwk = { kty: 'EC', crv: 'P-256', x: coordinate('X'), y: coordinate('Y') };
    const spki = createPublicKey({ key: jwk, format: 'jwk' }).export({
      format: 'der',
      type: 'spki',
    });
    const key = parsePublicKey(spki);
    const raw = Buffer.from(envelope.signatures?.[0]?.sig ?? '', 'base64');
    const integers = concat(derInteger(raw.subarray(0, 32)), derInteger(raw.subarray(32)));
    const signature = concat(Uint8Array.of(0x30, integers.length), integers);
    const body = Buffer.from(envelope.payload ?? '', 'base64');
    const message = pae(envelope.payloadType ?? '', body);
    expect(key !== null && verifySignature(key, message, signature)).toBe(true);
    expect(key !== null && verifySignature(key, body, signature)).toBe(false);
  });

  it('is no log entry: another payload type, no key id, not canonical', () => {
    expect(parseEnvelope(utf8(JSON.stringify(envelope)))).toBeNull();
  });
});
