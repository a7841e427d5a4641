// SPDX-License-Identifier: Apache-2.0
// Keys and openings that are derived and never stored (docs/formats.md, "Keys").
import { concat, hkdfExpand, hmac, lp, u32be, u64be } from '../core/index.ts';
import type { KeyRef } from './seal.ts';

/** What a lookup key is for. */
export type LookupUse = 'id' | 'class' | 'token' | 'source' | 'fence' | 'audit' | 'ring';

/** `K_x`: the tenant's lookup key for one use. */
export function lookupKeyFor(lookup: Uint8Array, use: LookupUse): Uint8Array {
  return hkdfExpand('sha256', lookup, concat(lp('sr/lookup/v1'), lp(use)), 32);
}

/** Salt of a document version, from its data key: destroying the key destroys the ability to test guesses. */
export function documentSalt(dek: Uint8Array, ref: KeyRef): Uint8Array {
  const info = concat(lp('sr/salt/v1'), lp(ref.tenantId), lp(ref.id), u64be(ref.no));
  return hkdfExpand('sha512', dek, info, 32);
}

/** Opening of the text commitment of chunk `i`; safe to reveal for that chunk alone. */
export function textOpening(salt: Uint8Array, i: number): Uint8Array {
  return hmac(salt, concat(lp('sr/open/text/v1'), u32be(i)));
}

/** Opening of the vector commitment of chunk `i`. */
export function vectorOpening(salt: Uint8Array, i: number): Uint8Array {
  return hmac(salt, concat(lp('sr/open/vec/v1'), u32be(i)));
}

/** Opening of the commitment to a document's facts; never revealed. */
export function factsOpening(salt: Uint8Array): Uint8Array {
  return hmac(salt, lp('sr/open/facts/v1'));
}

/** Salt of record `i` of a sealed list (directory, policy). */
export function listSalt(dek: Uint8Array, ref: KeyRef, i: number): Uint8Array {
  const info = concat(
    lp('sr/list-salt/v1'),
    lp(ref.tenantId),
    lp(ref.kind),
    u64be(ref.no),
    u64be(i),
  );
  return hkdfExpand('sha512', dek, info, 32);
}
