// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { concat, hex, hkdfExpand, hmac, lp, u32be, u64be } from '../../src/core/index.ts';
import {
  documentSalt,
  factsOpening,
  type KeyRef,
  listSalt,
  lookupKeyFor,
  type LookupUse,
  textOpening,
  vectorOpening,
} from '../../src/keys/index.ts';

const KEY = new Uint8Array(32).fill(9);
const REF: KeyRef = { tenantId: 'acme', kind: 'dir', id: 'people', no: 3 };
const USES: readonly LookupUse[] = ['id', 'class', 'token', 'source', 'fence', 'audit'];

describe('derived keys', () => {
  it('are one per use of the lookup key', () => {
    const keys = USES.map((use) => hex(lookupKeyFor(KEY, use)));
    expect(new Set(keys).size).toBe(USES.length);
    const info = concat(lp('sr/lookup/v1'), lp('id'));
    expect(keys[0]).toBe(hex(hkdfExpand('sha256', KEY, info, 32)));
  });

  it('salt a document version by tenant, id and version', () => {
    const info = concat(lp('sr/salt/v1'), lp('acme'), lp('people'), u64be(3));
    expect(hex(documentSalt(KEY, REF))).toBe(hex(hkdfExpand('sha512', KEY, info, 32)));
    const others = [
      { ...REF, tenantId: 'x' },
      { ...REF, id: 'x' },
      { ...REF, no: 4 },
    ];
    const salts = [REF, ...others].map((ref) => hex(documentSalt(KEY, ref)));
    expect(new Set(salts).size).toBe(4);
  });

  it('open chunks, vectors and facts apart, each by its number', () => {
    const chunks = [0, 1, 2].flatMap((i) => [textOpening(KEY, i), vectorOpening(KEY, i)]);
    const openings = [...chunks, factsOpening(KEY)];
    expect(new Set(openings.map(hex)).size).toBe(7);
    expect(openings.every((opening) => opening.length === 32)).toBe(true);
    expect(hex(textOpening(KEY, 1))).toBe(hex(hmac(KEY, concat(lp('sr/open/text/v1'), u32be(1)))));
    expect(hex(vectorOpening(KEY, 1))).toBe(hex(hmac(KEY, concat(lp('sr/open/vec/v1'), u32be(1)))));
    expect(hex(factsOpening(KEY))).toBe(hex(hmac(KEY, lp('sr/open/facts/v1'))));
  });

  it('salt the records of a list by tenant, kind, epoch and place', () => {
    const info = concat(lp('sr/list-salt/v1'), lp('acme'), lp('dir'), u64be(3), u64be(5));
    expect(hex(listSalt(KEY, REF, 5))).toBe(hex(hkdfExpand('sha512', KEY, info, 32)));
    const others = [
      { ...REF, tenantId: 'x' },
      { ...REF, kind: 'policy' as const },
      { ...REF, no: 4 },
    ];
    const salts = [REF, ...others].map((ref) => hex(listSalt(KEY, ref, 5)));
    expect(new Set([...salts, hex(listSalt(KEY, REF, 6))]).size).toBe(5);
  });
});
