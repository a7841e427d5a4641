// SPDX-License-Identifier: Apache-2.0
// DSSE 1.0.2 with exactly one signature; the envelope's bytes are a log entry.
import {
  base64,
  concat,
  fromBase64,
  type Hex,
  holds,
  isStrongroomError,
  jcsBytes,
  parseJcs,
  type Signer,
  utf8,
} from '../core/index.ts';

/** The only payload type that Strongroom writes or reads. */
export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** The largest log entry, in bytes. */
export const MAX_ENTRY_BYTES = 8192;

/** The largest attestation of an answer, in bytes: it names up to 1,000 passages and never stands in a log. */
export const MAX_ATTESTATION_BYTES = 256 * 1024;

/** A parsed envelope; nothing in it is verified. */
export interface Envelope {
  readonly payload: Uint8Array;
  /** Used to find a key, never to decide anything. */
  readonly keyid: Hex;
  readonly signature: Uint8Array;
}

/** DSSE pre-authentication encoding: what is signed. */
export function pae(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8(payloadType);
  return concat(utf8(`DSSEv1 ${type.length} ${payloadType} ${payload.length} `), payload);
}

/** Signs a payload and gives the canonical bytes of its envelope. */
export async function signEnvelope(payload: Uint8Array, signer: Signer): Promise<Uint8Array> {
  const sig = await signer.sign(pae(PAYLOAD_TYPE, payload));
  return jcsBytes({
    payload: base64(payload),
    payloadType: PAYLOAD_TYPE,
    signatures: [{ keyid: signer.keyid, sig: base64(sig) }],
  });
}

/**
 * Parses canonical envelope bytes; null for anything else (docs/formats.md, "Ledger", rule 1).
 * @param limit longest accepted, in bytes; what may stand in a log is a log entry
 */
export function parseEnvelope(bytes: Uint8Array, limit = MAX_ENTRY_BYTES): Envelope | null {
  if (!holds('INV-ENTRY-SIZE', bytes.length <= limit)) return null;
  let value: unknown;
  try {
    value = parseJcs(bytes);
  } catch (error) {
    if (isStrongroomError(error)) return null;
    throw error;
  }
  if (!hasFields(value, ['payload', 'payloadType', 'signatures'])) return null;
  const { payload, payloadType, signatures } = value;
  if (payloadType !== PAYLOAD_TYPE || typeof payload !== 'string') return null;
  if (!Array.isArray(signatures) || signatures.length !== 1) return null;
  const entry: unknown = signatures[0];
  if (!hasFields(entry, ['keyid', 'sig'])) return null;
  const { keyid, sig } = entry;
  if (typeof keyid !== 'string' || typeof sig !== 'string' || !/^[0-9a-f]{64}$/.test(keyid)) {
    return null;
  }
  const [body, signature] = [fromBase64(payload), fromBase64(sig)];
  return body === null || signature === null ? null : { payload: body, keyid, signature };
}

function hasFields(value: unknown, names: readonly string[]): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const keys = Object.keys(value);
  return keys.length === names.length && names.every((name) => keys.includes(name));
}
